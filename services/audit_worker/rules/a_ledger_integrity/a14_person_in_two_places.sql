/*
code: A14
name: {zh: 同一人同一时间在两处, en: Person in two places}
clause: [一(一)4, 三(五)]
grain: staff_day
severity: critical
reads: [sessions, duties, slots]
claims: Two held sessions or duties of one person overlap by more than the handover allowance, in any schools.
spares: One lesson taught to two rooms of a school at once (same activity, start and end, another room); duties without a clock time.
misses: A swap of staff that the school never recorded as a replacement.
parameters:
  handover_minutes: {default: 0, why: Bells ring at the same minute in every school we know of.}
says:
  zh: "{subject} 在 {when} 同一时间出现在两处：{found}。"
  en: "{subject} is in two places at once on {when}: {found}."
version: 2
*/
with worked as (
    select
        staff_day.staff_id,
        staff_day.service_date,
        staff_day.school_id,
        part.starts_at,
        part.ends_at,
        part.activity,
        part.room,
        part.record_key,
        part.class_hours_hundredths
    from audit.staff_day
    cross join lateral unnest(
        staff_day.starts_at,
        staff_day.ends_at,
        staff_day.activities,
        staff_day.rooms,
        staff_day.record_keys,
        staff_day.class_hours_hundredths_each
    ) as part (starts_at, ends_at, activity, room, record_key, class_hours_hundredths)
    where
        staff_day.staff_id = any(:staff_ids)
        and staff_day.service_date between :first_day and :last_day
        and part.starts_at is not null
)

select
    least(earlier.school_id, later.school_id) as school_id,
    'staff' as subject_kind,
    earlier.staff_id as subject,
    earlier.service_date,
    null::text as period,
    '0' as expected,
    format(
        '%s %s–%s / %s %s–%s',
        earlier.record_key, to_char(earlier.starts_at, 'HH24:MI'), to_char(earlier.ends_at, 'HH24:MI'),
        later.record_key, to_char(later.starts_at, 'HH24:MI'), to_char(later.ends_at, 'HH24:MI')
    ) as found,
    least(earlier.class_hours_hundredths, later.class_hours_hundredths) as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(earlier.record_key, later.record_key),
        'values', jsonb_build_object('schools', jsonb_build_array(earlier.school_id, later.school_id))
    ) as evidence
from worked as earlier
inner join worked as later
    on
        earlier.staff_id = later.staff_id
        and earlier.service_date = later.service_date
        -- Each pair once, in the order the day saw them.
        and (later.starts_at, later.record_key) > (earlier.starts_at, earlier.record_key)
        and earlier.ends_at > later.starts_at + make_interval(mins => :handover_minutes)
where
    (earlier.school_id, earlier.activity, earlier.starts_at, earlier.ends_at)
    is distinct from (later.school_id, later.activity, later.starts_at, later.ends_at)
    -- The same lesson in the same room is one that was recorded twice.
    or earlier.room = later.room
