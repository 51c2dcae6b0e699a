/*
code: A13
name: {zh: 课时超过实际时长, en: More class hours than minutes}
clause: [一(二)1]
grain: school_day
severity: high
reads: [sessions, slots]
claims: A person's class hours in a held session are more than its minutes make at the slot's minutes per class hour.
spares: Rounding up to the configured step.
misses: A session recorded longer than it was.
parameters:
  rounding_hundredths: {default: 0, why: The notice gives no rounding; a school that rounds up states its step here.}
says:
  zh: "课次 {subject} 至多 {expected} 课时，申报 {found} 课时。"
  en: "Session {subject} makes at most {expected} class hours; {found} are claimed."
version: 1
*/
select
    staff.school_id,
    'session' as subject_kind,
    staff.session_id as subject,
    staff.service_date,
    null::text as period,
    round(possible.hundredths / 100.0, 2)::text as expected,
    round(max(staff.class_hours_hundredths) / 100.0, 2)::text as found,
    sum(staff.class_hours_hundredths - floor(possible.hundredths))::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(staff.record_key),
        'values', jsonb_build_object(
            'starts_at', staff.starts_at,
            'ends_at', staff.ends_at,
            'minutes_per_class_hour', slot.minutes_per_class_hour,
            'staff', jsonb_agg(staff.staff_id order by staff.staff_id)
        )
    ) as evidence
from ledger.session_staff as staff
inner join ledger.term on staff.service_date between term.starts_on and term.ends_on
inner join ledger.slot
    on slot.school_id = staff.school_id and slot.term_id = term.term_id and slot.slot = staff.slot
cross join lateral (
    select extract(epoch from staff.ends_at - staff.starts_at) / 60 * 100 / slot.minutes_per_class_hour as hundredths
) as possible
where
    staff.school_id = any(:school_ids)
    and staff.service_date between :first_day and :last_day
    and staff.state = 'held'
    and staff.class_hours_hundredths > possible.hundredths + :rounding_hundredths
group by
    staff.school_id, staff.service_date, staff.session_id, staff.record_key, staff.starts_at, staff.ends_at,
    slot.minutes_per_class_hour, possible.hundredths
