/*
code: C07
name: {zh: 机构账单与台账不符, en: A provider bills what the ledger has not}
clause: [三(五)]
grain: school_term
severity: critical
reads: [provider-invoices, sessions, staff]
needs: [provider-invoices]
claims: >
  A provider's invoices of a period bill a session that its people did not hold in it, or bill it twice, or with more pupils
  than its headcount, or a person after their last day; or bill more sessions than its people held.
spares: >
  A school without invoices; a line that names no session and no number of them; an invoice for a period the ledger does not
  know; fewer sessions than were held.
misses: Fewer minutes than billed; the price, which no contract states here.
says:
  zh: "{when} 机构 {subject} 的账单与台账不符：{found}。"
  en: "{when}: provider {subject} bills what the ledger has not: {found}."
version: 2
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
),

billed as (
    select
        line.school_id,
        line.provider_id,
        line.period,
        line.place,
        line.session_id,
        line.billed_on,
        line.staff_id,
        line.pupils,
        line.amount_fen,
        line.record_key,
        case when line.session_id is not null then 1 else coalesce(line.sessions, 0) end as sessions,
        line.session_id is not null and row_number() over (
            partition by line.school_id, line.provider_id, line.period, line.session_id order by line.record_key, line.place
        ) > 1 as again,
        periods.starts_on,
        periods.ends_on
    from ledger.provider_invoice_line as line
    inner join periods using (period)
    where line.school_id = any(:school_ids)
),

-- The billing providers' people in held sessions, once, whatever the number of bills.
staffed as materialized (
    select distinct member.school_id, staff.provider_id, member.service_date, member.session_id, member.headcount
    from ledger.session_staff as member
    inner join ledger.staff on staff.staff_id = member.staff_id
    where
        member.state = 'held'
        and member.school_id = any(:school_ids)
        and member.service_date between (select min(starts_on) from billed) and (select max(ends_on) from billed)
        and staff.provider_id in (select provider_id from billed)
),

held as (
    select bill.school_id, bill.provider_id, bill.period, staffed.session_id, max(staffed.headcount) as headcount
    from (select distinct school_id, provider_id, period, starts_on, ends_on from billed) as bill
    inner join staffed
        on
            staffed.school_id = bill.school_id
            and staffed.provider_id = bill.provider_id
            and staffed.service_date between bill.starts_on and bill.ends_on
    group by bill.school_id, bill.provider_id, bill.period, staffed.session_id
),

wrong as (
    select
        billed.school_id,
        billed.provider_id,
        billed.period,
        billed.record_key,
        billed.amount_fen,
        case
            when billed.again then billed.session_id || ' twice'
            when billed.session_id is not null and held.session_id is null then billed.session_id || ' not held'
            when billed.pupils > held.headcount
                then format('%s with %s pupils of %s', billed.session_id, billed.pupils, held.headcount)
            when billed.billed_on > staff.active_to then billed.staff_id || ' after ' || staff.active_to
        end as why
    from billed
    left join held
        on
            held.school_id = billed.school_id
            and held.provider_id = billed.provider_id
            and held.period = billed.period
            and held.session_id = billed.session_id
    left join ledger.staff on staff.staff_id = billed.staff_id
),

-- More sessions billed than held, where no line already says which.
too_many as (
    select
        billed.school_id,
        billed.provider_id,
        billed.period,
        max(billed.record_key) as record_key,
        null::bigint as amount_fen,
        format('%s sessions of %s', sum(billed.sessions), max(count_held.sessions)) as why
    from billed
    cross join lateral (
        select count(*) as sessions
        from held
        where
            held.school_id = billed.school_id
            and held.provider_id = billed.provider_id
            and held.period = billed.period
    ) as count_held
    where not exists (
        select from wrong
        where
            wrong.school_id = billed.school_id
            and wrong.provider_id = billed.provider_id
            and wrong.period = billed.period
            and wrong.why is not null
    )
    group by billed.school_id, billed.provider_id, billed.period
    having sum(billed.sessions) > max(count_held.sessions)
)

select
    school_id,
    'provider' as subject_kind,
    provider_id as subject,
    null::date as service_date,
    period,
    'sessions in the ledger' as expected,
    string_agg(why, ', ' order by why) as found,
    null::integer as hours_at_risk_hundredths,
    -- Unknown as soon as one part is.
    case when bool_and(amount_fen is not null) then sum(amount_fen)::bigint end as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_agg(distinct record_key)) as evidence
from (
    select * from wrong
    where why is not null
    union all
    select * from too_many
) as bad
group by school_id, provider_id, period
