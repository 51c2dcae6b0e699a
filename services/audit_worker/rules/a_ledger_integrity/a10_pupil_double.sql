/*
code: A10
name: {zh: 学生同时在两个课次, en: Pupil in two sessions at once}
clause: [一(一)6]
grain: school_day
severity: high
reads: [sessions, attendance]
claims: Pupils stand as having come in two held sessions of a school whose times overlap.
spares: A pupil who left one early or came late to the other (a move between sessions on the way).
misses: A pupil counted at two schools.
says:
  zh: "课次 {subject} 中有学生同时在另一课次：{found}。"
  en: "Pupils of session {subject} are in another at the same time: {found}."
version: 1
*/
with attended as (
    select
        session.school_id,
        session.service_date,
        session.session_id,
        session.starts_at,
        session.ends_at,
        session.record_key,
        pupil.number
    from ledger.held_session as session
    inner join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    cross join lateral unnest(roll.present) as pupil (number)
    where
        session.school_id = any(:school_ids)
        and session.service_date between :first_day and :last_day
),

in_order as (
    select
        *,
        lead(session_id) over day as next_session_id,
        lead(starts_at) over day as next_starts_at,
        lead(record_key) over day as next_record_key
    from attended
    window day as (partition by school_id, service_date, number order by starts_at, session_id)
)

select
    school_id,
    'session' as subject_kind,
    session_id as subject,
    service_date,
    null::text as period,
    '0' as expected,
    count(*) || ' (' || next_session_id || ')' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key, next_record_key),
        'values', jsonb_build_object('pupils', count(*))
    ) as evidence
from in_order
where next_starts_at < ends_at
group by school_id, service_date, session_id, record_key, next_session_id, next_record_key
