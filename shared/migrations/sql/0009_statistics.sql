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

-- One row per held session with a roll: how many came, late, left early or were missing, who took the roll.
-- called: the pupils that the roll calls at all. group_key: the class, or the activity and the weekday for those that mix
-- classes, in its slot: whose sessions follow one another.
create view ledger.rolled_session with (security_invoker = true) as
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
            then concat_ws('/', session.activity, extract(isodow from session.service_date))
            else concat_ws('/', session.grade, session.class_no)
        end
    ) as group_key,
    session.staff_ids,
    session.staff_roles,
    session.staff_class_hours_hundredths,
    roll.taken_by,
    roll.came,
    cardinality(roll.late) as late,
    cardinality(roll.left_early) as left_early,
    cardinality(roll.absent) + cardinality(roll.excused) as missing,
    roll.present || roll.late || roll.left_early as pupils_who_came,
    roll.absent || roll.excused as pupils_missing,
    session.record_key,
    roll.record_key as roll_key
from ledger.held_session as session
inner join ledger.roll
    on
        roll.school_id = session.school_id
        and roll.service_date = session.service_date
        and roll.session_id = session.session_id;

alter table audit.school_day enable row level security;
create policy audit_writes on audit.school_day for all to taizhang_audit using (true);

grant select, insert, update, delete on audit.school_day to taizhang_audit;
grant select on ledger.rolled_session to taizhang_ledger, taizhang_audit, taizhang_reporting;
