/*
code: A01
name: {zh: 非服务日有记录, en: Records of a day without service}
clause: [一(一)1, 三(五)]
grain: school_day
severity: critical
reads: [sessions, attendance, duties, terms, closures, schools]
claims: Class hours or rolls stand in the ledger for a date that is no service day of the school.
spares: Make-up working days are service days; a day of a recorded closure with nothing recorded but cancellations.
misses: A school-wide cancellation that nobody registered as a closure.
says:
  zh: "{when} 不是服务日，却有记录（课时 / 考勤表）{found}。"
  en: "{when} is no service day, yet there are records (class hours / rolls): {found}."
version: 3
*/
with recorded as (
    select school_id, service_date, record_key, class_hours_hundredths, 0 as rolls
    from ledger.work_entry
    where class_hours_hundredths > 0 and school_id = any(:school_ids) and service_date between :first_day and :last_day
    union all
    select school_id, service_date, record_key, 0, 1
    from ledger.roll
    where came > 0 and school_id = any(:school_ids) and service_date between :first_day and :last_day
)

select
    recorded.school_id,
    'school' as subject_kind,
    recorded.school_id as subject,
    recorded.service_date,
    null::text as period,
    '0' as expected,
    round(sum(recorded.class_hours_hundredths) / 100.0, 2) || ' / ' || sum(recorded.rolls) as found,
    sum(recorded.class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(distinct recorded.record_key),
        'values', jsonb_build_object('class_hours_hundredths', sum(recorded.class_hours_hundredths), 'rolls', sum(recorded.rolls))
    ) as evidence
from recorded
where not exists (
    select from ledger.school_service_day
    where
        school_service_day.school_id = recorded.school_id
        and school_service_day.service_date = recorded.service_date
        -- Said twice, so that no other school's calendar is made.
        and school_service_day.school_id = any(:school_ids)
        and school_service_day.service_date between :first_day and :last_day
)
group by recorded.school_id, recorded.service_date
