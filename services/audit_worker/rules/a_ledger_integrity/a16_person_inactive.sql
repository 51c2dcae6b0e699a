/*
code: A16
name: {zh: 离职后或入职前申报课时, en: Class hours before or after service}
clause: [一(一)4, 三(五)]
grain: staff_day
severity: critical
reads: [sessions, duties, staff]
claims: A person claims class hours on a date before they began or after they left.
spares: A retired person engaged again, whose register says so.
misses: A person who left and whose register was never ended.
says:
  zh: "{subject} 在 {when} 不在岗（在岗期 {expected}），却申报 {found} 课时。"
  en: "{subject} was not in service on {when} (service {expected}) and claims {found} class hours."
version: 1
*/
select
    staff_day.school_id,
    'staff' as subject_kind,
    staff_day.staff_id as subject,
    staff_day.service_date,
    null::text as period,
    coalesce(staff.active_from::text, '') || '/' || coalesce(staff.active_to::text, '') as expected,
    round(staff_day.class_hours_hundredths / 100.0, 2)::text as found,
    staff_day.class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', to_jsonb(staff_day.record_keys)) as evidence
from audit.staff_day
inner join ledger.staff on staff.staff_id = staff_day.staff_id
where
    staff_day.staff_id = any(:staff_ids)
    and staff_day.service_date between :first_day and :last_day
    and staff.staff_id = any(:staff_ids)
    and staff_day.class_hours_hundredths > 0
    and (staff_day.service_date < staff.active_from or staff_day.service_date > staff.active_to)
