-- The reading layer of the reports.

-- ledger.roll as the ledger knew it at an instant ('infinity': now).
create function ledger.roll_as_of(p_instant timestamptz) returns setof ledger.roll
language sql stable as $$
    select
        school_id,
        service_date,
        session_id,
        coalesce(present, '{}'),
        coalesce(late, '{}'),
        coalesce(left_early, '{}'),
        coalesce(absent, '{}'),
        coalesce(excused, '{}'),
        coalesce(cardinality(present), 0) + coalesce(cardinality(late), 0) + coalesce(cardinality(left_early), 0),
        taken_by,
        taken_at,
        reason,
        revision,
        recorded_at,
        'attendance/' || school_id || '/' || session_id || '#' || revision
    from ledger.attendance_revision as this
    where
        this.state = 'recorded'
        and this.recorded_at <= p_instant
        and not exists (
            select from ledger.attendance_revision as later
            where
                later.school_id = this.school_id
                and later.service_date = this.service_date
                and later.session_id = this.session_id
                and later.revision > this.revision
                and later.recorded_at <= p_instant
        )
$$;

-- One row per school, date, category and slot: what was held and cancelled, and who came where a roll says it. The class
-- hours of duties stand under the category 'duty'; '' is no slot. Recomputed for the school-days a batch touched.
create table audit.service_day (
    school_id text not null,
    service_date date not null,
    category text not null,
    slot text not null,
    sessions integer not null,
    cancelled integer not null,
    class_hours_hundredths integer not null,
    headcount integer not null,
    rolled_sessions integer not null,
    came integer not null,
    primary key (school_id, service_date, category, slot)
);

create index service_day_service_date on audit.service_day (service_date);

-- One row per school and date with a roll: the pupils (their numbers) who came to any session, and to a quality activity,
-- that is to anything but homework guidance (一(一)1), and how many. Never shown; a week's are counted from it.
create table audit.pupil_day (
    school_id text not null,
    service_date date not null,
    pupils integer[] not null,
    quality_pupils integer[] not null,
    came integer not null,
    came_to_quality integer not null,
    primary key (school_id, service_date)
);

-- One row per school and week (its Monday): how many pupils came at all, and how many of them to a quality activity.
create table audit.pupil_week (
    school_id text not null,
    week date not null,
    pupils integer not null,
    quality_pupils integer not null,
    primary key (school_id, week)
);

create index pupil_week_week on audit.pupil_week (week);

-- One row per school, grade and the dates between which these pupils are enrolled.
create table audit.enrolment (
    school_id text not null,
    grade integer not null,
    enrolled_from date not null,
    enrolled_to date not null,
    pupils integer not null,
    primary key (school_id, grade, enrolled_from, enrolled_to)
);

-- One row per school and term: how many families said whether their child takes part.
create table audit.consent_count (
    school_id text not null,
    term_id text not null,
    opted_in integer not null,
    opted_out integer not null,
    primary key (school_id, term_id)
);

-- The figures of these school-days (pairs of a school and a date) from the facts as they are now. No nested loop, as in
-- ledger.rolled_within: one session is thought to be left of a week's, and the rolls are gone through for each.
create function audit.service_figures(p_school_ids text[], p_days date[]) returns setof audit.service_day
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_nestloop = off as $$
#variable_conflict use_column
declare
    first_day constant date := (select min(day) from unnest(p_days) as day);
    last_day constant date := (select max(day) from unnest(p_days) as day);
begin
    return query
    with day as materialized (
        select * from unnest(p_school_ids, p_days) as day (school_id, service_date)
    ),
    session as (
        select distinct on (record.school_id, record.service_date, record.session_id) record.*
        from ledger.session_revision as record
        inner join day on day.school_id = record.school_id and day.service_date = record.service_date
        where record.school_id = any(p_school_ids) and record.service_date between first_day and last_day
        order by record.school_id, record.service_date, record.session_id, record.revision desc
    ),
    roll as (
        select distinct on (record.school_id, record.service_date, record.session_id) record.*
        from ledger.attendance_revision as record
        inner join day on day.school_id = record.school_id and day.service_date = record.service_date
        where record.school_id = any(p_school_ids) and record.service_date between first_day and last_day
        order by record.school_id, record.service_date, record.session_id, record.revision desc
    )
    select
        session.school_id,
        session.service_date,
        session.category,
        coalesce(session.slot, ''),
        (count(*) filter (where session.state = 'held'))::integer,
        (count(*) filter (where session.state = 'cancelled'))::integer,
        coalesce(sum(ledger.claimed_hundredths(session.state, session.staff_class_hours_hundredths)), 0)::integer,
        coalesce(sum(session.headcount) filter (where session.state = 'held'), 0)::integer,
        (count(roll.session_id) filter (where session.state = 'held'))::integer,
        coalesce(
            sum(
                coalesce(cardinality(roll.present), 0) + coalesce(cardinality(roll.late), 0)
                + coalesce(cardinality(roll.left_early), 0)
            ) filter (where session.state = 'held'),
            0
        )::integer
    from session
    left join roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
            and roll.state = 'recorded'
    where session.state in ('held', 'cancelled')
    group by session.school_id, session.service_date, session.category, coalesce(session.slot, '')
    union all
    select
        duty.school_id, duty.service_date, 'duty', coalesce(duty.slot, ''), 0, 0,
        sum(duty.class_hours_hundredths)::integer, 0, 0, 0
    from ledger.duty
    inner join day on day.school_id = duty.school_id and day.service_date = duty.service_date
    where duty.school_id = any(p_school_ids) and duty.service_date between first_day and last_day
    group by duty.school_id, duty.service_date, coalesce(duty.slot, '');
end
$$;

-- The pupils of these school-days from the facts as they are now.
create function audit.pupil_figures(p_school_ids text[], p_days date[]) returns setof audit.pupil_day
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_nestloop = off as $$
#variable_conflict use_column
declare
    first_day constant date := (select min(day) from unnest(p_days) as day);
    last_day constant date := (select max(day) from unnest(p_days) as day);
begin
    return query
    with day as materialized (
        select * from unnest(p_school_ids, p_days) as day (school_id, service_date)
    ),
    session as (
        select distinct on (record.school_id, record.service_date, record.session_id)
            record.school_id, record.service_date, record.session_id, record.state, record.category
        from ledger.session_revision as record
        inner join day on day.school_id = record.school_id and day.service_date = record.service_date
        where record.school_id = any(p_school_ids) and record.service_date between first_day and last_day
        order by record.school_id, record.service_date, record.session_id, record.revision desc
    ),
    roll as (
        select distinct on (record.school_id, record.service_date, record.session_id)
            record.school_id, record.service_date, record.session_id, record.state,
            coalesce(record.present || record.late || record.left_early, record.present, record.late, record.left_early) as came
        from ledger.attendance_revision as record
        inner join day on day.school_id = record.school_id and day.service_date = record.service_date
        where record.school_id = any(p_school_ids) and record.service_date between first_day and last_day
        order by record.school_id, record.service_date, record.session_id, record.revision desc
    ),
    pupil as (
        select session.school_id, session.service_date, came.number, bool_or(session.category <> 'homework') as quality
        from session
        inner join roll
            on
                roll.school_id = session.school_id
                and roll.service_date = session.service_date
                and roll.session_id = session.session_id
        cross join lateral unnest(roll.came) as came (number)
        where session.state = 'held' and roll.state = 'recorded'
        group by session.school_id, session.service_date, came.number
    )
    select
        school_id,
        service_date,
        array_agg(number order by number),
        coalesce(array_agg(number order by number) filter (where quality), '{}'),
        count(*)::integer,
        (count(*) filter (where quality))::integer
    from pupil
    group by school_id, service_date;
end
$$;

-- How the pupils of these schools are enrolled, by the register as it is now.
create function audit.enrolment_figures(p_school_ids text[]) returns setof audit.enrolment
language sql stable as $$
    select
        school_id,
        (content ->> 'grade')::integer,
        coalesce((content ->> 'enrolled_from')::date, '-infinity'),
        coalesce((content ->> 'enrolled_to')::date, 'infinity'),
        count(*)::integer
    from ledger.current_entry
    where resource = 'students' and school_id = any(p_school_ids)
    group by 1, 2, 3, 4
$$;

-- What the families of these schools say, by the consents as they are now.
create function audit.consent_figures(p_school_ids text[]) returns setof audit.consent_count
language sql stable as $$
    select
        school_id,
        content ->> 'term_id',
        (count(*) filter (where (content ->> 'opted_in')::boolean))::integer,
        (count(*) filter (where not (content ->> 'opted_in')::boolean))::integer
    from ledger.current_entry
    where resource = 'consents' and school_id = any(p_school_ids)
    group by 1, 2
$$;

-- One row per school-day with facts that no rollup reflects yet: the audit's commit takes them from the outbox.
create view audit.touched_day with (security_invoker = true) as
select distinct outbox.school_id, day.service_date
from ledger.outbox
cross join lateral unnest(outbox.service_dates) as day (service_date)
where outbox.resource in ('sessions', 'attendance', 'duties');

-- The rollups as the facts are now: what is not rolled up yet is computed. A reader sees its own writes.
create function audit.service_day_of(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.service_day
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    touched_schools text[];
    touched_days date[];
begin
    select array_agg(school_id), array_agg(service_date) into touched_schools, touched_days
    from audit.touched_day
    where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day;
    return query
    select * from audit.service_day
    where
        school_id = any(p_school_ids)
        and service_date between p_first_day and p_last_day
        and (school_id, service_date) not in (select * from unnest(touched_schools, touched_days));
    if touched_schools is not null then
        return query select * from audit.service_figures(touched_schools, touched_days);
    end if;
end
$$;

create function audit.pupil_day_of(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.pupil_day
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    touched_schools text[];
    touched_days date[];
begin
    select array_agg(school_id), array_agg(service_date) into touched_schools, touched_days
    from audit.touched_day
    where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day;
    return query
    select * from audit.pupil_day
    where
        school_id = any(p_school_ids)
        and service_date between p_first_day and p_last_day
        and (school_id, service_date) not in (select * from unnest(touched_schools, touched_days));
    if touched_schools is not null then
        return query select * from audit.pupil_figures(touched_schools, touched_days);
    end if;
end
$$;

-- The weeks that share a day with these: whole weeks, also where the period begins or ends within one.
create function audit.pupil_week_of(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.pupil_week
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    first_week constant date := date_trunc('week', p_first_day)::date;
    last_week constant date := date_trunc('week', p_last_day)::date;
    touched record;
begin
    for touched in
        select date_trunc('week', service_date)::date as week, array_agg(distinct school_id) as schools
        from audit.touched_day
        where school_id = any(p_school_ids) and service_date between first_week and last_week + 6
        group by 1
    loop
        return query
        select day.school_id, touched.week, count(distinct pupil.number)::integer, (count(distinct pupil.number) filter (where pupil.quality))::integer
        from audit.pupil_day_of(touched.schools, touched.week, touched.week + 6) as day
        cross join lateral (
            select number, false from unnest(day.pupils) as came (number)
            union all
            select number, true from unnest(day.quality_pupils) as came (number)
        ) as pupil (number, quality)
        group by day.school_id;
    end loop;
    return query
    select week.*
    from audit.pupil_week as week
    where
        week.school_id = any(p_school_ids)
        and week.week between first_week and last_week
        and (week.school_id, week.week) not in (
            select school_id, date_trunc('week', service_date)::date from audit.touched_day
            where school_id = any(p_school_ids) and service_date between first_week and last_week + 6
        );
end
$$;

create function audit.enrolment_of(p_school_ids text[]) returns setof audit.enrolment
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'students' and school_id = any(p_school_ids)
    )
    select * from audit.enrolment
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.enrolment_figures(array(select school_id from touched))
$$;

create function audit.consent_count_of(p_school_ids text[]) returns setof audit.consent_count
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'consents' and school_id = any(p_school_ids)
    )
    select * from audit.consent_count
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.consent_figures(array(select school_id from touched))
$$;

do $$
declare
    kept text;
begin
    foreach kept in array array['service_day', 'pupil_day', 'pupil_week', 'enrolment', 'consent_count', 'recorded_day'] loop
        execute format('alter table audit.%I enable row level security', kept);
        execute format(
            'create policy read_own on audit.%I for select to taizhang_reporting using ('
            '((select current_setting(''taizhang.district'', true)) = ''on'' and left(school_id, 5) <> ''99999'') '
            'or school_id = any ((select string_to_array(current_setting(''taizhang.schools'', true), '',''))::text[]))',
            kept
        );
        execute format('grant select on audit.%I to taizhang_reporting', kept);
        if kept <> 'recorded_day' then
            execute format('create policy audit_writes on audit.%I for all to taizhang_audit using (true)', kept);
            execute format('grant select, insert, update, delete on audit.%I to taizhang_audit', kept);
        end if;
    end loop;
end $$;

grant select (school_id, resource, service_dates) on ledger.outbox to taizhang_reporting;
grant select on audit.touched_day, ledger.first_record, ledger.entered to taizhang_reporting;
grant select on audit.touched_day to taizhang_audit;
