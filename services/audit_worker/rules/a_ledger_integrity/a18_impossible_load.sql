/*
code: A18
name: {zh: 单日课时过多, en: Impossible daily load}
clause: [一(二)1]
grain: staff_day
severity: high
reads: [sessions, duties]
claims: A person's class hours of one day, over all schools, exceed what the slots of a day can hold.
spares: A day at the cap.
misses: Loads that are heavy and possible.
parameters:
  class_hours_per_day_hundredths:
    default: 500
    why: Two to three slots from the end of lessons to 18:30 hold at most 200 minutes, five class hours of 40.
says:
  zh: "{subject} 在 {when} 共申报 {found} 课时，一天至多 {expected} 课时。"
  en: "{subject} claims {found} class hours on {when}; a day holds at most {expected}."
version: 1
*/
select
    min(school_id) as school_id,
    'staff' as subject_kind,
    staff_id as subject,
    service_date,
    null::text as period,
    round(:class_hours_per_day_hundredths::numeric / 100, 2)::text as expected,
    round(sum(class_hours_hundredths) / 100.0, 2)::text as found,
    (sum(class_hours_hundredths) - :class_hours_per_day_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_agg(record_key order by record_key)) as evidence
from (
    select
        staff_day.school_id,
        staff_day.staff_id,
        staff_day.service_date,
        part.record_key,
        part.class_hours_hundredths
    from audit.staff_day
    cross join lateral unnest(staff_day.record_keys, staff_day.class_hours_hundredths_each)
        as part (record_key, class_hours_hundredths)
    where staff_day.staff_id = any(:staff_ids) and staff_day.service_date between :first_day and :last_day
) as worked
group by staff_id, service_date
having sum(class_hours_hundredths) > :class_hours_per_day_hundredths
