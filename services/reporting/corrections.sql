-- One row per month or term of a school with a payment, the earliest first: its days, and the instant whose ledger was paid
-- for: that of the last statement submitted for it before the first payment, or of the payment where none was. A month of a
-- term that was paid as a whole is not paid by itself. Source: 一(二)3.
with payment as (
    select content ->> 'period' as period, min(first.recorded_at) as paid_at
    from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as paid
    cross join lateral (
        select recorded_at
        from ledger.entry
        where
            entry.school_id = paid.school_id
            and entry.resource = paid.resource
            and entry.key = paid.key
            and entry.revision = 1
    ) as first
    where paid.school_id = :school_id and paid.resource = 'payments'
    group by content ->> 'period'
),

term as (
    select
        key as term_id,
        (content ->> 'starts_on')::date as starts_on,
        (content ->> 'ends_on')::date as ends_on
    from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity'))
    where school_id = 'district' and resource = 'terms'
),

dated as (
    select payment.period, payment.paid_at, term.term_id, term.starts_on as first_day, term.ends_on as last_day
    from payment
    inner join term on term.term_id = payment.period
    union all
    select period, paid_at, null, month_starts_on, (month_starts_on + interval '1 month - 1 day')::date
    from payment
    cross join lateral (
        select case when period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then (period || '-01')::date end as month_starts_on
    ) as month
    where month_starts_on is not null
)

select
    dated.period,
    dated.first_day,
    dated.last_day,
    coalesce(
        (
            select max(submission.recorded_at)
            from ledger.entry as submission
            where
                submission.school_id = :school_id
                and submission.resource = 'submissions'
                and submission.state = 'recorded'
                and submission.content ->> 'term_id' = dated.period
                and submission.recorded_at <= dated.paid_at
        ),
        dated.paid_at
    ) as paid_for
from dated
where
    dated.term_id is not null
    or not exists (
        select from dated as whole
        where whole.term_id is not null and dated.first_day <= whole.last_day and dated.last_day >= whole.first_day
    )
order by dated.first_day
