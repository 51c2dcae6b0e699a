/*
code: D12
name: {zh: 公示材料未存档, en: Publication not archived}
clause: [一(二)2]
grain: school_term
severity: medium
reads: [publications, submissions, payments, sessions, duties, terms]
claims: >
  A publication whose display has been over for some time has nothing archived, or nothing whose digest is that of what
  was posted, or is kept shorter than the district asks.
spares: >
  A publication that does not say until when it is displayed; one whose time to be archived is not over by the facts (the
  school's last service day of the term, or the day it published, submitted or paid the term); digests that only one side gives.
misses: An archive that is recorded and empty.
parameters:
  within_days: {default: 30, why: The notice asks for the archive and gives no day; a month is time enough to file a sheet.}
  keep_years: {default: 3, why: "The notice gives no period; three years is a careful least, accounts are kept far longer."}
says:
  zh: "{when} 公示 {subject} 的存档：{found}。"
  en: "{when}, archive of publication {subject}: {found}."
version: 1
*/
with terms as materialized (
    select
        school.school_id,
        term.term_id,
        to_char(term.starts_on, 'YYYY-MM') as first_month,
        to_char(term.ends_on, 'YYYY-MM') as last_month,
        audit.known_until(school.school_id, term.term_id, term.starts_on, term.ends_on) as known_until
    from unnest(:school_ids::text[]) as school (school_id)
    cross join ledger.term
    where term.starts_on <= :last_day and term.ends_on >= :first_day
),

judged as (
    select
        publication.school_id,
        publication.publication_id,
        publication.period,
        publication.record_key,
        case
            when publication.archive = '[]' then 'nothing archived'
            when kept.others then 'another content than was posted'
            when kept.keep_until < publication.displayed_to + make_interval(years => :keep_years::integer)
                then 'kept until ' || kept.keep_until
        end as wrong
    from terms
    inner join ledger.publication
        on
            publication.school_id = terms.school_id
            and (
                publication.period = terms.term_id
                or (
                    publication.kind = 'monthly_workload'
                    and publication.period between terms.first_month and terms.last_month
                )
            )
            and publication.displayed_to + :within_days::integer < terms.known_until
    cross join lateral (
        select
            bool_and(item ->> 'content_hash' <> publication.content_hash) as others,
            max((item ->> 'keep_until')::date) as keep_until
        from jsonb_array_elements(publication.archive) as item
    ) as kept
    where publication.school_id = any(:school_ids)
)

select
    school_id,
    'publication' as subject_kind,
    publication_id as subject,
    null::date as service_date,
    period,
    'what was posted, kept' as expected,
    wrong as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from judged
where wrong is not null
