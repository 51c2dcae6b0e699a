/*
code: B02
name: {zh: 学期未开展意愿征询, en: A term without a survey of wishes}
clause: [一(一)1]
grain: school_term
severity: low
reads: [surveys, sessions, submissions, terms]
claims: >
  A school served in a term, the term is over for it (it has submitted the term, or served in the term's last days), and
  it has no survey of wishes of that term.
spares: >
  A term for which no school of the district has posted a survey: surveys are kept elsewhere then. A survey of content is
  none of wishes.
misses: A school that neither submits the term nor serves in its last days; a survey that asked nobody.
parameters:
  last_days:
    default: 14
    why: Service ends with the lessons, a week or two before the last day of the term; until then a survey may still come.
says:
  zh: "{subject} 在学期 {when} 未开展课后服务意愿征询（{found}）。"
  en: "{subject} has no survey of wishes for the term {when} ({found})."
version: 2
*/
with over as (
    select
        school.school_id,
        term.term_id,
        -- The school's own last day; read from the end of its index.
        (
            select service_date from ledger.session_revision as session
            where
                session.school_id = school.school_id
                and session.service_date between term.starts_on and term.ends_on
            order by session.service_date desc
            limit 1
        ) as last_served_on,
        term.ends_on,
        (
            select submission.record_key from ledger.submission
            where submission.school_id = school.school_id and submission.term_id = term.term_id
            order by submission.recorded_at desc
            limit 1
        ) as submission
    -- A school's chain lies where its sessions do: a cluster can ask there for the last of them.
    from ledger.chain_head as school
    cross join ledger.term
    where
        school.school_id = any(:school_ids)
        and term.ends_on between :first_day and :last_day
        -- Kept here at all, by whom ever.
        and exists (
            select from ledger.survey as any_school
            where any_school.term_id = term.term_id and any_school.school_id not like '99999%'
        )
)

select
    over.school_id,
    'school' as subject_kind,
    over.school_id as subject,
    null::date as service_date,
    over.term_id as period,
    '1' as expected,
    '0' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', case when over.submission is null then '[]'::jsonb else jsonb_build_array(over.submission) end,
        'values', jsonb_build_object('last_served_on', over.last_served_on)
    ) as evidence
from over
where
    over.last_served_on is not null
    and (over.submission is not null or over.last_served_on >= over.ends_on - :last_days::integer)
    and not exists (
        select from ledger.survey
        where survey.school_id = over.school_id and survey.term_id = over.term_id and survey.kind = 'willingness'
    )
