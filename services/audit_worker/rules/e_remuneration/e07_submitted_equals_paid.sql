/*
code: E07
name: {zh: 上报与发放不一致, en: Submitted is not paid}
clause: [一(二)3]
grain: school_term
severity: critical
reads: [submissions, payments]
claims: A person's amount in the term's submission and what was paid for the term differ, to the fen.
spares: A term that is not paid yet; a person paid without a submitted line and without work (E05).
misses: Money paid outside the recorded payments.
says:
  zh: "{when} {subject}：上报 {expected} 元，实发 {found} 元。"
  en: "{when}, {subject}: submitted {expected} yuan, paid {found}."
version: 1
*/
with terms as (
    select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day
),

latest_submission as (
    select distinct on (school_id, term_id) school_id, term_id, submission_id, record_key
    from ledger.submission
    where school_id = any(:school_ids) and term_id in (select term_id from terms)
    order by school_id, term_id, recorded_at desc
),

paid as (
    select
        school_id,
        period as term_id,
        staff_id,
        sum(amount_fen) as amount_fen,
        min(record_key) as record_key
    from ledger.payment_line
    where school_id = any(:school_ids) and period in (select term_id from terms)
    group by school_id, period, staff_id
)

select
    latest_submission.school_id,
    'staff' as subject_kind,
    line.staff_id as subject,
    null::date as service_date,
    latest_submission.term_id as period,
    round(line.amount_fen / 100.0, 2)::text as expected,
    coalesce(round(paid.amount_fen / 100.0, 2)::text, '0.00') as found,
    null::integer as hours_at_risk_hundredths,
    greatest(coalesce(paid.amount_fen, 0) - line.amount_fen, 0)::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', to_jsonb(array_remove(array[latest_submission.record_key, paid.record_key], null)),
        'values', jsonb_build_object('submitted_fen', line.amount_fen, 'paid_fen', paid.amount_fen)
    ) as evidence
from latest_submission
inner join ledger.submission_line as line
    on line.school_id = latest_submission.school_id and line.submission_id = latest_submission.submission_id
left join paid
    on
        paid.school_id = latest_submission.school_id
        and paid.term_id = latest_submission.term_id
        and paid.staff_id = line.staff_id
where
    line.amount_fen is distinct from paid.amount_fen
    and line.amount_fen is not null
    and (paid.amount_fen is not null or line.amount_fen > 0)
    -- A term is paid when anybody was paid for it.
    and exists (
        select from paid as anybody
        where anybody.school_id = latest_submission.school_id and anybody.term_id = latest_submission.term_id
    )
