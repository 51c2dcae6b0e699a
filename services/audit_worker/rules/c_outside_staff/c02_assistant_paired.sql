/*
code: C02
name: {zh: 校外人员无本校助教, en: Outside person without a school assistant}
clause: [一(一)4]
grain: school_day
severity: high
reads: [sessions, staff]
claims: A held session with an outside person names nobody of the school's own staff.
spares: A session that an own or shared teacher leads or assists.
misses: An assistant who is named and was not there.
parameters:
  outside_kinds:
    default: [provider, institution, volunteer]
    why: Retired teachers know the school and its pupils; the notice asks for assistants beside introduced outside professionals.
says:
  zh: "课次 {subject} 由校外人员 {found} 任教，没有本校助教。"
  en: "Session {subject} is held by outside people ({found}) with no assistant of the school."
version: 1
*/
select
    member.school_id,
    'session' as subject_kind,
    member.session_id as subject,
    member.service_date,
    null::text as period,
    'an assistant of the school' as expected,
    string_agg(member.staff_id, ', ' order by member.staff_id) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(member.record_key),
        'values', jsonb_build_object('room', min(member.room), 'starts_at', min(member.starts_at))
    ) as evidence
from ledger.session_staff as member
inner join ledger.staff on staff.staff_id = member.staff_id
where
    member.school_id = any(:school_ids)
    and member.service_date between :first_day and :last_day
    and member.state = 'held'
group by member.school_id, member.service_date, member.session_id, member.record_key
having bool_and(staff.kind = any(:outside_kinds))
