/*
code: E05
name: {zh: 无课时而领取报酬, en: Payee without work}
clause: [三(五), 三(六)]
grain: school_term
severity: critical
reads: [payments, sessions, duties]
claims: A person was paid for a month or a term in which the ledger has no class hours of theirs at that school.
spares: A line of zero fen; a payment for a period the ledger does not know.
misses: Arrears of an earlier term paid under this one's name are shown too; explain them.
says:
  zh: "{when} 向 {subject} 发放 {found} 元，而台账没有其课时。"
  en: "{when}: {subject} was paid {found} yuan; the ledger has no class hours of theirs."
version: 3
*/
with periods as (
    select term_id as period, starts_on, ends_on
    from ledger.term
    where starts_on <= :last_day and ends_on >= :first_day
    union all
    select
        to_char(month_start, 'YYYY-MM'),
        month_start::date,
        (month_start + interval '1 month - 1 day')::date
    from generate_series(date_trunc('month', :first_day::timestamp), :last_day::timestamp, interval '1 month') as month_start
)

select
    paid.school_id,
    'staff' as subject_kind,
    paid.staff_id as subject,
    null::date as service_date,
    paid.period,
    'class hours in the ledger' as expected,
    round(sum(paid.amount_fen) / 100.0, 2)::text as found,
    null::integer as hours_at_risk_hundredths,
    sum(paid.amount_fen)::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_agg(distinct paid.record_key)) as evidence
from ledger.payment_line as paid
inner join periods using (period)
where
    paid.school_id = any(:school_ids)
    -- One look at the person's days a line: as `not exists` it may be joined with everybody's.
    and (
        select worked.service_date
        from audit.worked
        where
            worked.school_id = paid.school_id
            and worked.staff_id = paid.staff_id
            and worked.service_date between periods.starts_on and periods.ends_on
            and worked.class_hours_hundredths > 0
        limit 1
    ) is null
group by paid.school_id, paid.staff_id, paid.period
having sum(paid.amount_fen) > 0
