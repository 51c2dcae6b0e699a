/*
code: A04
name: {zh: 集中补录, en: Filled in at one sitting}
clause: [一(一)6, 一(二)]
grain: school_month
severity: medium
reads: [sessions, duties]
claims: One client entered sessions and duties of many dates of a month in one go, each of them days after its date.
spares: >
  Service before the date on which the school first recorded anything (an import); a week's records sent at its end;
  corrections; rolls.
misses: Dates that are filled in one sitting each; a backfill that falls into two months with too few dates in each.
parameters:
  least_records: {default: 10, why: Two sessions a day of a week; a school enters twenty to forty a day.}
  least_dates: {default: 5, why: A whole week of service days; fewer are a few late days (A03).}
  days_late: {default: 3, why: A system that sends once a week sends only Monday and Tuesday so late.}
  pause_minutes: {default: 60, why: Who comes back after an hour has begun another sitting.}
says:
  zh: "{when} 的台账由客户端 {subject} 集中补录：{found}。"
  en: "Client {subject} filled in the ledger of {when} at one sitting: {found}."
version: 1
*/
with late as (
    select
        entered.school_id,
        to_char(entered.service_date, 'YYYY-MM') as period,
        entered.client_id,
        entered.service_date,
        entered.recorded_at,
        entered.record_key
    from ledger.entered
    inner join ledger.first_record on first_record.school_id = entered.school_id
    where
        entered.school_id = any(:school_ids)
        and entered.service_date between :first_day and :last_day
        and entered.service_date >= first_record.recorded_on
        -- Nothing is looked at of what was all brought along.
        and :last_day >= (select min(recorded_on) from ledger.first_record where school_id = any(:school_ids))
        and entered.resource in ('sessions', 'duties')
        and entered.recorded_on - entered.service_date >= :days_late
),

paused as (
    select
        late.*,
        late.recorded_at - lag(late.recorded_at) over sitting > make_interval(mins => :pause_minutes::integer) as is_new
    from late
    window sitting as (partition by late.school_id, late.period, late.client_id order by late.recorded_at)
),

sitting as (
    select
        paused.*,
        count(*) filter (where paused.is_new) over (
            partition by paused.school_id, paused.period, paused.client_id order by paused.recorded_at
        ) as number
    from paused
)

select
    school_id,
    'client' as subject_kind,
    client_id as subject,
    null::date as service_date,
    period,
    'records of each day' as expected,
    count(*) || ' records of ' || count(distinct service_date) || ' dates on '
    || (min(recorded_at) at time zone 'Asia/Shanghai')::date as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(record_key order by record_key),
        'values', jsonb_build_object(
            'dates', count(distinct service_date), 'from', min(recorded_at), 'until', max(recorded_at)
        )
    ) as evidence
from sitting
group by school_id, period, client_id, number
having count(*) >= :least_records and count(distinct service_date) >= :least_dates
