-- One row per session that the inspectors of one visit saw, in their order, beside the ledger's session as it is now:
-- by its id, or by slot and room; the one held first where several say they were there. sessions: how many say so.
select
    observed.place,
    observed.session_id as said_session_id,
    observed.slot,
    observed.room,
    observed.observed_headcount,
    observed.staff_present,
    session.session_id,
    session.state,
    session.headcount,
    session.staff_ids,
    session.record_key,
    session.recorded_at,
    coalesce(session.sessions, 0)::integer as sessions,
    roll.came
from ledger.observed_session as observed
left join lateral (
    select
        session.session_id,
        session.state,
        session.headcount,
        session.staff_ids,
        session.record_key,
        session.recorded_at,
        count(*) over () as sessions
    from ledger.session
    where
        session.school_id = observed.school_id
        and session.service_date = observed.service_date
        and case
            when observed.session_id is not null then session.session_id = observed.session_id
            else session.slot = observed.slot and session.room = observed.room
        end
    order by session.state = 'held' desc, session.session_id
    limit 1
) as session on true
left join ledger.roll
    on
        roll.school_id = observed.school_id
        and roll.service_date = observed.service_date
        and roll.session_id = session.session_id
where observed.school_id = :school_id and observed.inspection_id = :inspection_id
order by observed.place
