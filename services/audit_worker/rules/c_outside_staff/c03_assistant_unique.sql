/*
code: C03
name: {zh: 助教同时配给两处, en: One assistant for two rooms}
clause: [一(一)4]
grain: school_day
severity: high
reads: [sessions, staff]
claims: >
  The people of the school in an outside person's session are all named for the same lesson in another room as well: no
  assistant is there for the whole of it.
spares: >
  A session with one of the school's people who is in no other room; two groups in one room; different activities at once,
  which A14 says of the person.
misses: An assistant shared with a session of another school (A14 says it); an assistant who is named and was not there.
parameters:
  outside_kinds:
    default: [provider, institution, volunteer]
    why: As C02, which asks for the assistant.
says:
  zh: "课次 {subject} 的本校助教 {found} 同一时间还在另一教室。"
  en: "The school's assistants of session {subject} are in another room at the same time: {found}."
version: 2
*/
with member as (
    select
        named.school_id,
        named.service_date,
        named.session_id,
        named.activity,
        named.starts_at,
        named.ends_at,
        named.room,
        named.staff_id,
        named.class_hours_hundredths,
        named.record_key,
        staff.kind = any(:outside_kinds::text[]) as outside,
        -- The same person at the same lesson and time: one session for nearly everybody.
        array_agg(named.session_id) over alike as alike_sessions,
        array_agg(named.room) over alike as alike_rooms,
        array_agg(named.record_key) over alike as alike_keys
    from ledger.session_staff as named
    inner join ledger.staff on staff.staff_id = named.staff_id
    where
        named.school_id = any(:school_ids)
        and named.service_date between :first_day and :last_day
        and named.state = 'held'
    window alike as (
        partition by
            named.school_id, named.service_date, named.staff_id, named.activity, named.starts_at, named.ends_at
    )
),

elsewhere as (
    select
        member.*,
        case
            when cardinality(member.alike_keys) > 1 and (member.activity, member.starts_at, member.ends_at) is not null then (
                select twin.record_key
                from unnest(member.alike_sessions, member.alike_rooms, member.alike_keys) as twin (session_id, room, record_key)
                where twin.session_id <> member.session_id and twin.room <> member.room
                order by twin.record_key
                limit 1
            )
        end as twin_key
    from member
)

select
    school_id,
    'session' as subject_kind,
    session_id as subject,
    service_date,
    null::text as period,
    'an assistant of its own' as expected,
    string_agg(staff_id || ' = ' || twin_key, ', ' order by staff_id) filter (where not outside) as found,
    sum(class_hours_hundredths) filter (where not outside)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records',
        jsonb_build_array(record_key) || jsonb_agg(distinct twin_key) filter (where not outside),
        'values', jsonb_build_object('room', room, 'starts_at', starts_at, 'ends_at', ends_at)
    ) as evidence
from elsewhere
group by school_id, service_date, session_id, record_key, room, starts_at, ends_at
having
    bool_or(outside)
    and bool_or(not outside)
    and bool_and(outside or twin_key is not null)
