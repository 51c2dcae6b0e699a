-- One row per school and date of the scope with held sessions or duties: what was claimed, and who came where a roll says it.
insert into audit.school_day (
    school_id, service_date, sessions, class_hours_hundredths, rolled_sessions, rolled_class_hours_hundredths, rolled_adults,
    came, missing
)
select
    school_id,
    service_date,
    sum(sessions),
    sum(class_hours_hundredths),
    sum(rolled_sessions),
    sum(rolled_class_hours_hundredths),
    sum(rolled_adults),
    sum(came),
    sum(missing)
from (
    select
        session.school_id,
        session.service_date,
        1 as sessions,
        claimed.class_hours_hundredths,
        (roll.session_id is not null)::integer as rolled_sessions,
        case when roll.session_id is null then 0 else claimed.class_hours_hundredths end as rolled_class_hours_hundredths,
        case when roll.session_id is null then 0 else cardinality(session.staff_ids) end as rolled_adults,
        coalesce(roll.came, 0) as came,
        coalesce(cardinality(roll.absent) + cardinality(roll.excused), 0) as missing
    from ledger.held_session as session
    cross join lateral (
        select coalesce(sum(each), 0) as class_hours_hundredths
        from unnest(session.staff_class_hours_hundredths) as each
    ) as claimed
    left join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    where session.school_id = any(:school_ids) and session.service_date between :first_day and :last_day
    union all
    select school_id, service_date, 0, class_hours_hundredths, 0, 0, 0, 0, 0
    from ledger.duty
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
) as record
group by school_id, service_date
