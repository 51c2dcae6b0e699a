/*
code: A01
name: {zh: 非服务日申报, en: Claim on a day without service}
clause: [一(一)1, 三(五)]
grain: school_day
severity: critical
reads: [sessions, duties, terms, closures, schools]
claims: Class hours stand in the ledger for a date that is no service day of the school.
spares: Make-up working days are service days; a day of a recorded closure with nothing claimed.
misses: A school-wide cancellation that nobody registered as a closure.
says:
  zh: "{when} 不是服务日，却申报了 {found} 课时。"
  en: "{when} is no service day, yet {found} class hours are claimed."
version: 1
*/
select
    work_entry.school_id,
    'school' as subject_kind,
    work_entry.school_id as subject,
    work_entry.service_date,
    null::text as period,
    '0' as expected,
    round(sum(work_entry.class_hours_hundredths) / 100.0, 2)::text as found,
    sum(work_entry.class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_agg(distinct work_entry.record_key)) as evidence
from ledger.work_entry
where
    work_entry.school_id = any(:school_ids)
    and work_entry.service_date between :first_day and :last_day
    and work_entry.class_hours_hundredths > 0
    and not exists (
        select from ledger.school_service_day
        where
            school_service_day.school_id = work_entry.school_id
            and school_service_day.service_date = work_entry.service_date
    )
group by work_entry.school_id, work_entry.service_date
