/*
code: D10
name: {zh: 公示、签章、上报、审核、发放次序颠倒, en: Events out of order}
clause: [一(二)2, 一(二)3]
grain: school_term
severity: high
reads: [publications, submissions, reviews, payments, terms]
claims: >
  The term's figures were signed, sealed or submitted before their publication had ended, submitted before signature
  and seal, accepted before they were submitted, or paid before they were submitted and accepted; or they were submitted
  without any publication of the term, or paid without any submission.
spares: >
  Two events of one day; an event whose day is not said; signature and seal, one before the other or after. Of several
  publications the earliest counts: what is published again after a review follows one that was before it. A review that
  returned them is of what was submitted before, and comes before it is submitted again.
misses: Days that were written down and are not true. The deliberation before the publication is D03's.
says:
  zh: "{when} 次序有误：{found}。"
  en: "{when}: {found}; expected {expected}."
version: 2
*/
with terms as (
    select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day
),

posted as (
    select
        school_id,
        period as term_id,
        case when bool_and(displayed_from is not null) then min(displayed_from) end as displayed_from,
        case when bool_and(displayed_to is not null) then min(displayed_to) end as displayed_to,
        jsonb_agg(record_key order by record_key) as record_keys
    from ledger.publication
    where school_id = any(:school_ids) and kind = 'term_remuneration' and period in (select term_id from terms)
    group by school_id, period
),

submitted as (
    select school_id, term_id, submission_id, submitted_on, principal_signed_on, party_seal_on, record_key
    from ledger.latest_submission
    where school_id = any(:school_ids) and term_id in (select term_id from terms)
),

reviewed as (
    select
        submitted.school_id,
        submitted.term_id,
        min(review.reviewed_on) filter (where review.decision in ('accepted', 'adjusted')) as accepted_on,
        jsonb_agg(review.record_key order by review.record_key) as record_keys
    from submitted
    inner join ledger.review on review.school_id = submitted.school_id and review.submission_id = submitted.submission_id
    where review.school_id = any(:school_ids)
    group by submitted.school_id, submitted.term_id
),

paid as (
    select school_id, period as term_id, min(paid_on) as paid_on, jsonb_agg(distinct record_key) as record_keys
    from ledger.payment_line
    where school_id = any(:school_ids) and period in (select term_id from terms) and amount_fen > 0
    group by school_id, period
),

events as (
    select
        coalesce(submitted.school_id, paid.school_id) as school_id,
        coalesce(submitted.term_id, paid.term_id) as term_id,
        submitted.submission_id is not null as is_submitted,
        posted.term_id is not null as is_posted,
        paid.term_id is not null as is_paid,
        posted.displayed_from,
        posted.displayed_to,
        submitted.principal_signed_on,
        submitted.party_seal_on,
        submitted.submitted_on,
        reviewed.accepted_on,
        reviewed.term_id is not null as is_reviewed,
        paid.paid_on,
        coalesce(posted.record_keys, '[]') || coalesce(to_jsonb(submitted.record_key), '[]')
        || coalesce(reviewed.record_keys, '[]') || coalesce(paid.record_keys, '[]') as record_keys
    from submitted
    full join paid using (school_id, term_id)
    left join posted using (school_id, term_id)
    left join reviewed using (school_id, term_id)
),

judged as (
    select
        events.*,
        array_remove(
            array[
                case when submitted_on is not null and not is_posted then 'submitted without publication' end,
                case when is_paid and not is_submitted then 'paid without submission' end,
                case when submitted_on < displayed_from then format('submitted %s before publication %s', submitted_on, displayed_from) end,
                case when principal_signed_on < displayed_to
                    then format('signed %s before the display ended %s', principal_signed_on, displayed_to)
                end,
                case when party_seal_on < displayed_to
                    then format('sealed %s before the display ended %s', party_seal_on, displayed_to)
                end,
                case when submitted_on < displayed_to and submitted_on >= displayed_from
                    then format('submitted %s before the display ended %s', submitted_on, displayed_to)
                end,
                case when submitted_on < principal_signed_on
                    then format('submitted %s before signed %s', submitted_on, principal_signed_on)
                end,
                case when submitted_on < party_seal_on then format('submitted %s before sealed %s', submitted_on, party_seal_on) end,
                case when accepted_on < submitted_on then format('accepted %s before submitted %s', accepted_on, submitted_on) end,
                case when paid_on < submitted_on then format('paid %s before submitted %s', paid_on, submitted_on) end,
                case when paid_on < accepted_on then format('paid %s before accepted %s', paid_on, accepted_on) end,
                case when is_paid and is_reviewed and accepted_on is null then 'paid and not accepted' end
            ], null
        ) as wrong
    from events
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    term_id as period,
    'publication, signature and seal, submission, review, payment' as expected,
    array_to_string(wrong, ', ') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) as evidence
from judged
where wrong <> '{}'
