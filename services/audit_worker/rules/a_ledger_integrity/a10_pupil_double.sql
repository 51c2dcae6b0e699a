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
version: 2
*/
-- A day's sessions in order, numbered: a term of a district has millions of pupils to put in order, quickest by numbers.
with held as materialized (
    select
        session.school_id,
        session.service_date,
        session.session_id,
        session.starts_at,
        session.ends_at,
        session.record_key,
        roll.present,
        dense_rank() over (order by session.school_id, session.service_date) as day,
        row_number() over (
            order by session.school_id, session.service_date, session.starts_at, session.session_id
        ) as place
    from ledger.held_session as session
    inner join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    where
        session.school_id = any(:school_ids)
        and session.service_date between :first_day and :last_day
),

in_order as (
    select
        held.place,
        lead(held.place) over (partition by held.day, pupil.number order by held.place) as next_place
    from held
    cross join lateral unnest(held.present) as pupil (number)
),

followed as (
    select place, next_place, count(*) as pupils
    from in_order
    where next_place is not null
    group by place, next_place
)

select
    this.school_id,
    'session' as subject_kind,
    this.session_id as subject,
    this.service_date,
    null::text as period,
    '0' as expected,
    followed.pupils || ' (' || next.session_id || ')' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(this.record_key, next.record_key),
        'values', jsonb_build_object('pupils', followed.pupils)
    ) as evidence
from followed
inner join held as this on this.place = followed.place
inner join held as next on next.place = followed.next_place
where next.starts_at < this.ends_at
