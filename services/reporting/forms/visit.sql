-- One row per session of a school on a day: where to go and whom and how many to expect there; 二(二).
select
    session.session_id,
    session.slot,
    session.starts_at,
    session.ends_at,
    session.activity,
    session.category,
    session.room,
    session.state,
    session.planned_headcount,
    session.headcount,
    session.staff_ids
from ledger.session
where session.school_id = :school_id and session.service_date = :day
order by session.starts_at, session.room, session.session_id
