/*
code: A21
name: {zh: 场地冲突, en: A room used twice or beyond its capacity}
clause: [一(一)2]
grain: school_day
severity: medium
reads: [sessions, rooms]
claims: >
  At one moment two different lessons are held in one room, or more pupils than the room's capacity are in it.
spares: >
  Rooms made to be shared, by the words of the parameter in their label or kind, as long as their capacity holds; one
  lesson recorded for several classes (same activity, start and end); a room whose capacity is not registered or 0, but for
  two lessons at once; lessons of one person at once, which A14 says.
misses: A session without a room; two groups of one activity that are two lessons; a room under two labels.
parameters:
  tolerance_pupils: {default: 0, why: A capacity is a matter of safety; a district that registers comfortable ones allows more here.}
  shared_words:
    default: [操场, 场, 馆, 厅, 堂, 廊, 园, 池, 室外, 户外, 线上, shared, field, ground, court, yard, gym, hall, library, pool, garden, online]
    why: >
      Several groups share a playground or a hall every day. A missed clash there is better than one that is none; whoever
      registers capacities still sees the pupils counted together.
says:
  zh: "课次 {subject} 所在场地 {found}，超出 {expected}。"
  en: "The room of session {subject} has {found}; it can have {expected}."
version: 1
*/
with used as (
    select
        school_id, service_date, session_id, activity, starts_at, ends_at, room, headcount, staff_ids, record_key
    from ledger.held_session
    where school_id = any(:school_ids) and service_date between :first_day and :last_day and room is not null
),

-- Most are in a room when somebody comes in: one row per room and start, with whatever goes on there then.
moment as (
    select
        start.school_id,
        start.service_date,
        start.room,
        start.starts_at,
        min(used.session_id) as session_id,
        count(distinct (used.activity, used.starts_at, used.ends_at)) as lessons,
        sum(used.headcount) as pupils,
        jsonb_agg(used.record_key order by used.record_key) as records,
        array_agg(used.session_id) as session_ids
    from (select distinct school_id, service_date, room, starts_at from used) as start
    inner join used
        on
            used.school_id = start.school_id
            and used.service_date = start.service_date
            and used.room = start.room
            and used.starts_at <= start.starts_at
            and used.ends_at > start.starts_at
    group by start.school_id, start.service_date, start.room, start.starts_at
)

select
    moment.school_id,
    'session' as subject_kind,
    moment.session_id as subject,
    moment.service_date,
    null::text as period,
    case when crowded.is_so then crowded.capacity::text else '1 ×' end as expected,
    format(
        '%s %s: %s',
        moment.room, to_char(moment.starts_at, 'HH24:MI'),
        case when crowded.is_so then moment.pupils::text else moment.lessons || ' ×' end
    ) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', moment.records,
        'values', jsonb_build_object(
            'room', moment.room,
            'starts_at', moment.starts_at,
            'lessons', moment.lessons,
            'pupils', moment.pupils,
            'capacity', crowded.capacity
        )
    ) as evidence
from moment
left join ledger.room on room.school_id = moment.school_id and room.room = moment.room
cross join lateral (
    select
        nullif(room.capacity, 0) as capacity,
        coalesce(moment.pupils > nullif(room.capacity, 0) + :tolerance_pupils::integer, false) as is_so
) as crowded
where
    crowded.is_so
    or (
        moment.lessons > 1
        and not exists (
            select from unnest(:shared_words::text[]) as word
            where strpos(lower(moment.room || ' ' || coalesce(room.kind, '')), lower(word)) > 0
        )
        -- One person in both is in two places, which A14 says.
        and not exists (
            select from used
            cross join lateral unnest(used.staff_ids) as staff_id
            where
                used.school_id = moment.school_id
                and used.service_date = moment.service_date
                and used.session_id = any(moment.session_ids)
            group by staff_id
            having count(*) > 1
        )
    )
