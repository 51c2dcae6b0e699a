/*
code: A22
name: {zh: 无行政值班, en: Nobody of the administration on duty}
clause: [一(二)1]
grain: school_month
severity: medium
reads: [duties, sessions, days, terms, closures, schools]
claims: >
  A service day with held sessions has no administrator's duty, in a month in which the school keeps its roster.
spares: >
  A school that recorded fewer duties in the month than the parameter says (no roster is kept here); a day that is not
  complete: it is not closed, and the school has worked on no day of the month so many days later; a day that is no service
  day (A01).
misses: >
  A single slot without its administrator on a day that has one; an administrator who was named and was not there; the last
  days of a month in a school that closes no day. On duty and in a session at once is A14's.
parameters:
  kept_days:
    default: 3
    why: Fewer duties in a month are single entries, not a roster; the notice demands the roster, not that it is kept here.
  grace_days:
    default: 7
    why: A school that closes no day has a week to enter the duty, as seen from its own later work.
says:
  zh: "{when} 有课后服务，却没有行政值班记录（开课 {found} 班次）。"
  en: "{when}: {found} sessions were held and no administrator was on duty."
version: 2
*/
with duty_day as (
    select distinct school_id, service_date, date_trunc('month', service_date) as month
    from ledger.duty
    where school_id = any(:school_ids) and service_date between :first_day and :last_day and kind = 'duty'
),

keeping as (
    select school_id, month
    from duty_day
    group by school_id, month
    having count(*) >= :kept_days
),

worked_day as (
    select
        school_id,
        service_date,
        max(service_date) over (partition by school_id, date_trunc('month', service_date)) as latest_date
    from audit.work_day
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
)

select
    worked_day.school_id,
    'school' as subject_kind,
    worked_day.school_id as subject,
    worked_day.service_date,
    null::text as period,
    'an administrator on duty' as expected,
    held.sessions::text as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', coalesce(held.closings, '[]'),
        'values', jsonb_build_object('sessions', held.sessions)
    ) as evidence
from worked_day
inner join keeping
    on keeping.school_id = worked_day.school_id and keeping.month = date_trunc('month', worked_day.service_date)
cross join lateral (
    select
        count(*) as sessions,
        (
            select jsonb_agg(day.record_key)
            from ledger.day
            where
                day.school_id = worked_day.school_id
                and day.service_date = worked_day.service_date
                and day.state = 'closed'
        ) as closings
    from ledger.held_session
    where held_session.school_id = worked_day.school_id and held_session.service_date = worked_day.service_date
) as held
where
    not exists (
        select from duty_day
        where duty_day.school_id = worked_day.school_id and duty_day.service_date = worked_day.service_date
    )
    and held.sessions > 0
    and (held.closings is not null or worked_day.latest_date > worked_day.service_date + :grace_days::integer)
    and exists (
        select from ledger.school_service_day
        where
            school_service_day.school_id = worked_day.school_id
            and school_service_day.service_date = worked_day.service_date
    )
