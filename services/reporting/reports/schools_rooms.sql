-- One row per room of a school in these days, of the register or used: on how many days, for how many sessions and places taken;
-- seats: what its capacity would have held in these sessions, null where that is not registered.
with used as (
    select
        room,
        count(distinct service_date) as days,
        count(*) as sessions,
        sum(headcount) as headcount
    from ledger.held_session
    where school_id = :school_id and service_date between :first_day and :last_day and room is not null
    group by room
)

select
    room,
    registered.kind,
    registered.capacity,
    coalesce(used.days, 0) as days,
    coalesce(used.sessions, 0) as sessions,
    coalesce(used.headcount, 0) as headcount,
    registered.capacity * coalesce(used.sessions, 0) as seats
from used
full join (select * from ledger.room where school_id = :school_id) as registered using (room)
order by room
