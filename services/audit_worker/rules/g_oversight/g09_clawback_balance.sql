/*
code: G09
name: {zh: 追回款项不平或逾期, en: Clawback out of balance or overdue}
clause: [三(七)]
grain: year
severity: high
reads: [clawbacks, progress, terms]
claims: >
  More came back of a clawback than was determined, or less than nothing; or money came back before the case was ordered; or
  a case that was ordered has not come back by its day.
spares: >
  A case that was cancelled, except what came back without an order. Where it is given back in instalments, those that are not
  due yet. A case without a day.
misses: >
  Whether the amount that was determined is the right one. What is due after the last day of service of the school year. Now
  is the district's latest day of service in the ledger, and no clock.
says:
  zh: "追回 {subject}：应为 {expected}，实际：{found}。"
  en: "Clawback {subject}: {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

-- Asked once, and only where something is due.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached from year
),

balance as materialized (
    select
        clawback.school_id || '/' || clawback.clawback_id as subject,
        clawback.amount_fen,
        clawback.determined_on,
        clawback.ordered_on,
        clawback.due_on,
        clawback.cancelled_on,
        clawback.instalments,
        clawback.record_key,
        recovered.total_fen,
        recovered.first_on
    from ledger.clawback
    cross join lateral (
        select
            coalesce(sum((part ->> 'amount_fen')::bigint), 0)::bigint as total_fen,
            min((part ->> 'recovered_on')::date) as first_on
        from jsonb_array_elements(clawback.recovered) as part
    ) as recovered
    where left(clawback.school_id, 5) <> '99999'
),

-- What was to be back by each day: the instalments as they add up, or all of it by its one day.
due as (
    select subject, (part ->> 'due_on')::date as due_on, sum((part ->> 'amount_fen')::bigint) over so_far as due_fen
    from balance
    cross join lateral jsonb_array_elements(balance.instalments) with ordinality as instalment (part, place)
    window so_far as (partition by subject order by (part ->> 'due_on')::date, place)
    union all
    select subject, due_on, amount_fen
    from balance
    where jsonb_array_length(instalments) = 0 and due_on is not null
),

wrong as (
    select
        balance.subject,
        year.academic_year,
        case when balance.total_fen < 0 then 'at least 0 fen' else 'at most ' || balance.amount_fen || ' fen' end as expected,
        balance.total_fen || ' fen recovered' as found,
        case when balance.total_fen < 0 then -balance.total_fen else balance.total_fen - balance.amount_fen end as amount_fen,
        balance.record_key
    from balance
    inner join year on year.first_calendar_year = extract(year from balance.determined_on - interval '8 months')
    where balance.total_fen < 0 or balance.total_fen > balance.amount_fen
    union all
    select
        balance.subject,
        year.academic_year,
        'an order before the first recovery',
        'recovered from ' || balance.first_on || coalesce(', ordered on ' || balance.ordered_on, ' without an order'),
        null,
        balance.record_key
    from balance
    inner join year on year.first_calendar_year = extract(year from balance.determined_on - interval '8 months')
    where balance.first_on < coalesce(balance.ordered_on, 'infinity')
    union all
    select
        balance.subject,
        year.academic_year,
        latest.due_fen || ' fen by ' || latest.due_on,
        balance.total_fen || ' fen recovered',
        latest.due_fen - balance.total_fen,
        balance.record_key
    from balance
    cross join year
    cross join lateral (
        select due.due_on, due.due_fen
        from due
        where
            due.subject = balance.subject
            and due.due_fen > balance.total_fen
            and due.due_on > year.due_after
            and due.due_on <= year.ends_on
            and due.due_on < (select progress.reached from progress where progress.academic_year = year.academic_year)
        order by due.due_on desc, due.due_fen desc
        limit 1
    ) as latest
    where balance.ordered_on is not null and balance.cancelled_on is null
)

select
    'district' as school_id,
    'clawback' as subject_kind,
    subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    amount_fen::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from wrong
