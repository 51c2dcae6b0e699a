-- What the indicators of over-reporting read: a school's days in figures, and sessions with their rolls.

-- One row per school and date with held sessions or duties that hold now. Recomputed for the school-days a batch touched,
-- never patched. Sums over months and districts are sums of these: rates are never averaged.
-- class_hours_hundredths: all that people claim. rolled_…: only of the sessions whose roll was taken, and what came there.
create table audit.school_day (
    school_id text not null,
    service_date date not null,
    sessions integer not null,
    class_hours_hundredths integer not null,
    rolled_sessions integer not null,
    rolled_class_hours_hundredths integer not null,
    rolled_adults integer not null,
    came integer not null,
    missing integer not null,
    primary key (school_id, service_date)
);

create index school_day_service_date on audit.school_day (service_date);

-- One row per held session with a roll, of these schools and days: how many came, late, left early or were missing, who took
-- the roll. A function, not a view: it reads the latest revisions of these days in one pass a table, where the views
-- look for a later revision of each row. Planned each time: a plan for any schools and any days reads everybody's. No
-- nested loop: it is thought that one session is left of a month's and the rolls are sorted anew for each of them.
-- group_key: the class, or for sessions that mix classes the activity, its room and the weekday, in its slot: whose
-- sessions follow one another.
create function ledger.rolled_within(p_school_ids text[], p_first_day date, p_last_day date) returns table (
    school_id text, service_date date, session_id text, slot text, activity text, headcount integer, group_key text,
    staff_ids text[], staff_roles text[], taken_by text, came integer, late integer, left_early integer, missing integer,
    pupils_who_came integer[], pupils_missing integer[], ends_at time, pupils_to_the_end integer[], record_key text,
    roll_key text
)
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_nestloop = off as $$
#variable_conflict use_column
begin
    return query
    select
        session.school_id,
        session.service_date,
        session.session_id,
        session.slot,
        session.activity,
        session.headcount,
        concat_ws(
            '/', session.slot,
            case when session.class_no is null
                then concat_ws('/', session.activity, session.room, extract(isodow from session.service_date))
                else concat_ws('/', session.grade, session.class_no)
            end
        ),
        session.staff_ids,
        session.staff_roles,
        roll.taken_by,
        coalesce(cardinality(roll.present), 0) + coalesce(cardinality(roll.late), 0) + coalesce(cardinality(roll.left_early), 0),
        coalesce(cardinality(roll.late), 0),
        coalesce(cardinality(roll.left_early), 0),
        coalesce(cardinality(roll.absent), 0) + coalesce(cardinality(roll.excused), 0),
        coalesce(roll.present || roll.late || roll.left_early, '{}'),
        coalesce(roll.absent || roll.excused, '{}'),
        session.ends_at,
        coalesce(roll.present || roll.late, '{}'),
        session.record_key,
        roll.record_key
    from (
        select distinct on (school_id, service_date, session_id)
            *, 'sessions/' || school_id || '/' || session_id || '#' || revision as record_key
        from ledger.session_revision
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        order by school_id, service_date, session_id, revision desc
    ) as session
    inner join (
        select distinct on (school_id, service_date, session_id)
            *, 'attendance/' || school_id || '/' || session_id || '#' || revision as record_key
        from ledger.attendance_revision
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        order by school_id, service_date, session_id, revision desc
    ) as roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    where session.state = 'held' and roll.state = 'recorded';
end
$$;

-- One row per person named in a held session of these schools and days; the latest revisions in one pass, as above.
create function ledger.staffed_within(p_school_ids text[], p_first_day date, p_last_day date) returns table (
    school_id text, service_date date, session_id text, slot text, starts_at time, ends_at time, staff_id text, role text,
    class_hours_hundredths integer, record_key text
)
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    select
        session.school_id,
        session.service_date,
        session.session_id,
        session.slot,
        session.starts_at,
        session.ends_at,
        member.staff_id,
        member.role,
        member.class_hours_hundredths,
        'sessions/' || session.school_id || '/' || session.session_id || '#' || session.revision
    from (
        select distinct on (school_id, service_date, session_id) *
        from ledger.session_revision
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        order by school_id, service_date, session_id, revision desc
    ) as session
    cross join lateral unnest(
        session.staff_ids, session.staff_roles, session.staff_class_hours_hundredths
    ) as member (staff_id, role, class_hours_hundredths)
    where session.state = 'held';
end
$$;

-- How many pupils a school's gates counted out from a time of a day on.
create view ledger.gate_log with (security_invoker = true) as
select
    school_id,
    service_date,
    key as gate_log_id,
    (content ->> 'after')::time as counted_after,
    (content ->> 'pupils_out')::integer as pupils_out,
    'gate-logs/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'gate-logs';

alter table audit.school_day enable row level security;
create policy audit_writes on audit.school_day for all to taizhang_audit using (true);

grant select, insert, update, delete on audit.school_day to taizhang_audit;
grant select on ledger.gate_log to taizhang_ledger, taizhang_audit, taizhang_reporting;
