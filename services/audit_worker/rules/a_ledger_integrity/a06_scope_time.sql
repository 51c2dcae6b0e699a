/*
code: A06
name: {zh: 服务范围外的时间, en: Outside the service's hours}
clause: [一(一)1]
grain: school_day
severity: critical
reads: [sessions, slots, terms]
claims: >
  A held session with class hours begins before the school's first filed slot of the day or ends after its last: early
  care, noon rest and evening study are no after-school service, whatever slot they are entered in.
spares: Sessions in or between the slots of the day, of whichever grade; a few minutes around the bell; sessions without class hours.
misses: >
  A lesson that ends after the first slot begins: the ledger has no timetable. Slots are filed between 14:00 and 19:00 only.
parameters:
  tolerance_minutes: {default: 10, why: Bells ring and pupils are led from room to room; early care and noon rest are hours away.}
says:
  zh: "课次 {subject} 的时间 {found} 超出当天课后服务时间 {expected}。"
  en: "Session {subject} was held {found}; service of the day is {expected}."
version: 1
*/
with hours as (
    select
        slot.school_id,
        term.starts_on,
        term.ends_on,
        weekday,
        min(slot.starts_at) filter (where weekday = any(slot.weekdays)) as weekday_starts_at,
        max(slot.ends_at) filter (where weekday = any(slot.weekdays)) as weekday_ends_at,
        -- On a make-up Sunday the week's hours hold.
        min(slot.starts_at) as starts_at,
        max(slot.ends_at) as ends_at
    from ledger.slot
    inner join ledger.term on term.term_id = slot.term_id
    cross join generate_series(1, 7) as weekday
    where slot.school_id = any(:school_ids) and term.starts_on <= :last_day and term.ends_on >= :first_day
    group by slot.school_id, term.starts_on, term.ends_on, weekday
),

timed as (
    select
        session.*,
        ledger.claimed_hundredths(session.state, session.staff_class_hours_hundredths) as class_hours_hundredths,
        coalesce(hours.weekday_starts_at, hours.starts_at) as service_starts_at,
        coalesce(hours.weekday_ends_at, hours.ends_at) as service_ends_at
    from ledger.held_session as session
    inner join hours
        on
            hours.school_id = session.school_id
            and session.service_date between hours.starts_on and hours.ends_on
            and hours.weekday = extract(isodow from session.service_date)
    where session.school_id = any(:school_ids) and session.service_date between :first_day and :last_day
)

select
    school_id,
    'session' as subject_kind,
    session_id as subject,
    service_date,
    null::text as period,
    to_char(service_starts_at, 'HH24:MI') || '–' || to_char(service_ends_at, 'HH24:MI') as expected,
    to_char(starts_at, 'HH24:MI') || '–' || to_char(ends_at, 'HH24:MI') as found,
    class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object('slot', slot, 'room', room, 'class_hours_hundredths', class_hours_hundredths)
    ) as evidence
from timed
where
    class_hours_hundredths > 0
    and (
        starts_at < service_starts_at - make_interval(mins => :tolerance_minutes::integer)
        or ends_at > service_ends_at + make_interval(mins => :tolerance_minutes::integer)
    )
