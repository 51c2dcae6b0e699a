/*
code: D03
name: {zh: 公示前未经集体审议, en: Published without deliberation}
clause: [一(二)2]
grain: school_term
severity: high
reads: [publications, deliberations, terms]
claims: >
  A publication has no deliberation of the school's Party organisation behind it, or one that came after the display
  began, returned the matter, was no meeting, had too few of those entitled, did not have the matter on its table, or
  had another content before it than what was posted.
spares: >
  A deliberation on the day the display begins; one that does not say how many were entitled; contents without a digest
  on either side; a list of items that is empty. Who approves one of several deliberations, approves.
misses: A meeting that was written down and not held; figures that were changed and posted under the digest that was approved.
parameters:
  kinds:
    default: [monthly_workload, term_remuneration]
    why: The sentence that asks for the deliberation follows both the monthly and the term's publication.
  quorum_percent: {default: 50, why: "The notice gives no quorum; schools' own rules have a half or two thirds, half is the milder."}
says:
  zh: "{when} 公示 {subject} 未按规定事先集体审议：{found}。"
  en: "{when}, publication {subject}: {found}; expected {expected}."
version: 1
*/
with posted as (
    select school_id, publication_id, kind, period, displayed_from, deliberation_id, content_hash, record_key
    from ledger.publication
    where
        school_id = any(:school_ids)
        and kind = any(:kinds)
        and (
            period between to_char(:first_day::date, 'YYYY-MM') and to_char(:last_day::date, 'YYYY-MM')
            or period in (select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day)
        )
),

-- A deliberation is about a publication if the publication names it, or it the publication or its month or term.
deliberated as (
    select
        posted.publication_id,
        deliberation.*,
        item.about_it,
        item.other_content
    from posted
    inner join ledger.deliberation on deliberation.school_id = posted.school_id
    cross join lateral (
        select
            count(*) > 0 as about_it,
            -- Where both say what it was, and no item of it is that.
            bool_and(each ->> 'content_hash' <> posted.content_hash) as other_content
        from jsonb_array_elements(deliberation.items) as each
        where
            each ->> 'document_id' = posted.publication_id
            or (each ->> 'document_id' is null and each ->> 'kind' = posted.kind and each ->> 'period' = posted.period)
    ) as item
    where deliberation.school_id = any(:school_ids) and (deliberation.deliberation_id = posted.deliberation_id or item.about_it)
),

judged as (
    select
        posted.school_id,
        posted.publication_id,
        posted.period,
        posted.record_key,
        deliberated.record_key as deliberation_key,
        case
            when deliberated.deliberation_id is null then 'no deliberation'
            when deliberated.decision <> 'approved' then 'returned on ' || deliberated.held_on
            when deliberated.form <> 'meeting' then deliberated.form || ' instead of a meeting'
            when deliberated.held_on > posted.displayed_from
                then format('displayed from %s, deliberated on %s', posted.displayed_from, deliberated.held_on)
            when deliberated.participants * 100 < deliberated.eligible * :quorum_percent::integer
                then format('%s of %s took part', deliberated.participants, deliberated.eligible)
            when not deliberated.about_it and deliberated.items <> '[]' then 'not among the items deliberated'
            when deliberated.other_content then 'another content than was deliberated'
        end as wrong,
        deliberated.held_on
    from posted
    left join deliberated using (school_id, publication_id)
),

-- One deliberation without a fault is enough; else the latest says what is wrong.
best as (
    select distinct on (school_id, publication_id) *
    from judged
    order by school_id, publication_id, wrong is null desc, held_on desc, deliberation_key desc
)

select
    school_id,
    'publication' as subject_kind,
    publication_id as subject,
    null::date as service_date,
    period,
    'a meeting that approved it before' as expected,
    wrong as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', to_jsonb(array_remove(array[record_key, deliberation_key], null))) as evidence
from best
where wrong is not null
