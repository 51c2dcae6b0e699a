/*
code: A15
name: {zh: 请假期间申报课时, en: Class hours during leave}
clause: [一(一)3, 三(五)]
grain: staff_day
severity: critical
reads: [sessions, duties, leaves]
claims: A person claims class hours on a date inside a whole-day leave.
spares: Leave of part of a day (it states hours); a substitute who claims for the one on leave.
misses: Absence that nobody recorded as leave; a leave cancelled on paper only.
says:
  zh: "{subject} 在 {when} 请假，却申报 {found} 课时。"
  en: "{subject} was on leave on {when} and claims {found} class hours."
version: 1
*/
select
    staff_day.school_id,
    'staff' as subject_kind,
    staff_day.staff_id as subject,
    staff_day.service_date,
    null::text as period,
    '0' as expected,
    round(staff_day.class_hours_hundredths / 100.0, 2)::text as found,
    staff_day.class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', to_jsonb(staff_day.record_keys) || jsonb_agg(leave.record_key order by leave.record_key)
    ) as evidence
from audit.staff_day
inner join ledger.leave
    on leave.staff_id = staff_day.staff_id and staff_day.service_date between leave.starts_on and leave.ends_on
where
    staff_day.staff_id = any(:staff_ids)
    and staff_day.service_date between :first_day and :last_day
    and leave.staff_id = any(:staff_ids)
    and leave.hours is null
    and staff_day.class_hours_hundredths > 0
group by
    staff_day.school_id, staff_day.staff_id, staff_day.service_date, staff_day.class_hours_hundredths, staff_day.record_keys
