/*
code: B06
name: {zh: 每名成人看护学生过多, en: Too many pupils for each adult}
clause: [一(二)3]
grain: school_day
severity: medium
reads: [sessions]
claims: A held session has more pupils for each person named in it than the bound allows.
spares: A session that names nobody (who was there is unknown, not nobody).
misses: People who are named and were not there; sessions of one room that were entered apart.
parameters:
  most_pupils:
    default: 55
    why: >
      The notice asks for enough staff and gives no number. One teacher may have a class; the national school norms name
      45 pupils (primary) and 50 (junior) as its size and 56 as the first oversized one.
says:
  zh: "课次 {subject} 参与人员与学生之比为 {found}，配备不足（每人至多 {expected} 名学生）。"
  en: "Session {subject} has {found} (people : pupils); at most {expected} pupils for each person."
version: 1
*/
select
    session.school_id,
    'session' as subject_kind,
    session.session_id as subject,
    session.service_date,
    null::text as period,
    (:most_pupils::integer)::text as expected,
    cardinality(session.staff_ids) || ' : ' || session.headcount as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(session.record_key),
        'values', jsonb_build_object(
            'people', cardinality(session.staff_ids), 'pupils', session.headcount, 'room', session.room
        )
    ) as evidence
from ledger.held_session as session
where
    session.school_id = any(:school_ids)
    and session.service_date between :first_day and :last_day
    and cardinality(session.staff_ids) > 0
    and session.headcount > cardinality(session.staff_ids) * :most_pupils::integer
