/*
code: A09
name: {zh: 人数与考勤不符, en: Headcount is not the roll's}
clause: [一(二)1, 一(一)6]
grain: school_day
severity: high
reads: [sessions, attendance]
claims: A held session's headcount differs from the pupils its roll shows as having come.
spares: A session without a roll (missing is not zero); pupils who came late or left early have come.
misses: A headcount and a roll that are wrong by the same number.
parameters:
  tolerance_pupils: {default: 0, why: Both figures are counted in the same room at the same time.}
says:
  zh: "课次 {subject} 申报 {found} 人，考勤到场 {expected} 人。"
  en: "Session {subject} reports {found} pupils; its roll shows {expected}."
version: 1
*/
select
    session.school_id,
    'session' as subject_kind,
    session.session_id as subject,
    session.service_date,
    null::text as period,
    roll.came::text as expected,
    session.headcount::text as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(session.record_key, roll.record_key),
        'values', jsonb_build_object('headcount', session.headcount, 'came', roll.came, 'room', session.room)
    ) as evidence
from ledger.held_session as session
inner join ledger.roll
    on
        roll.school_id = session.school_id
        and roll.service_date = session.service_date
        and roll.session_id = session.session_id
where
    session.school_id = any(:school_ids)
    and session.service_date between :first_day and :last_day
    and abs(session.headcount - roll.came) > :tolerance_pupils
