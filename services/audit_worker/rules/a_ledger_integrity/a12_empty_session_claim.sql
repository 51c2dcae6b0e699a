/*
code: A12
name: {zh: 无人或取消的课次申报课时, en: Class hours for an empty or cancelled session}
clause: [一(二)1, 三(五)]
grain: school_day
severity: high
reads: [sessions]
claims: Class hours are claimed for a session that was cancelled or that no pupil attended.
spares: A cancelled session with no hours; standby duty, which is a duty record and not a session.
misses: A session that was never held and was recorded with pupils.
says:
  zh: "课次 {subject}（已取消或无学生）申报了 {found} 课时。"
  en: "Session {subject} (cancelled, or without pupils) claims {found} class hours."
version: 1
*/
select
    school_id,
    'session' as subject_kind,
    session_id as subject,
    service_date,
    null::text as period,
    '0' as expected,
    round(sum(class_hours_hundredths) / 100.0, 2)::text as found,
    sum(class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object('state', state, 'headcount', headcount, 'staff', jsonb_agg(staff_id order by staff_id))
    ) as evidence
from ledger.session_staff
where
    school_id = any(:school_ids)
    and service_date between :first_day and :last_day
    and class_hours_hundredths > 0
    and (state = 'cancelled' or headcount = 0)
group by school_id, service_date, session_id, state, headcount, record_key
