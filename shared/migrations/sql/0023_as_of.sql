-- Reports as of an instant: reporting sees the ledger as it was then, as it sees no school but its reader's.

-- The instant that the transaction asks for (taizhang.as_of); null: now.
create function audit.as_of() returns timestamptz
language sql stable as $$
    select nullif(current_setting('taizhang.as_of', true), '')::timestamptz
$$;

do $$
declare
    kept text;
begin
    -- Facts: what was not recorded yet is not there. Views look for later revisions among what is there.
    foreach kept in array array['entry', 'session_revision', 'attendance_revision', 'chain_entry'] loop
        execute format(
            'create policy as_it_was on ledger.%I as restrictive for select to taizhang_reporting '
            'using ((select audit.as_of() is null) or recorded_at <= (select audit.as_of()))',
            kept
        );
    end loop;
    create policy as_it_was on audit.finding_event as restrictive for select to taizhang_reporting
        using ((select audit.as_of() is null) or at <= (select audit.as_of()));
    -- Rollups are of now: of an instant there are none, and what they hold is taken from the facts.
    foreach kept in array array[
        'service_day', 'pupil_day', 'pupil_week', 'enrolment', 'consent_count', 'recorded_day', 'school_day', 'work_day', 'work_month'
    ] loop
        execute format(
            'create policy of_now on audit.%I as restrictive for select to taizhang_reporting using ((select audit.as_of() is null))',
            kept
        );
    end loop;
end $$;

-- Of an instant every day is one that no rollup reflects.
create or replace view audit.touched_day with (security_invoker = true) as
select distinct outbox.school_id, day.service_date
from ledger.outbox
cross join lateral unnest(outbox.service_dates) as day (service_date)
where outbox.resource in ('sessions', 'attendance', 'duties') and (select audit.as_of() is null)
union
select school_id, service_date from ledger.session_revision
where (select audit.as_of() is not null)
union
select school_id, service_date from ledger.entry
where resource = 'duties' and service_date is not null and (select audit.as_of() is not null);

create or replace function audit.enrolment_of(p_school_ids text[]) returns setof audit.enrolment
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'students' and school_id = any(p_school_ids)
        union
        select unnest(p_school_ids) where (select audit.as_of() is not null)
    )
    select * from audit.enrolment
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.enrolment_figures(array(select school_id from touched))
$$;

create or replace function audit.consent_count_of(p_school_ids text[]) returns setof audit.consent_count
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'consents' and school_id = any(p_school_ids)
        union
        select unnest(p_school_ids) where (select audit.as_of() is not null)
    )
    select * from audit.consent_count
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.consent_figures(array(select school_id from touched))
$$;

-- What of these school-days is recorded, from the facts; the rollup audit.recorded_day is made of it.
create function audit.recorded_day_figures(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.recorded_day
language sql stable as $$
    select
        school_id,
        service_date,
        coalesce(array_agg(distinct slot order by slot) filter (where slot is not null), '{}'),
        max(day_state),
        (max(recorded_at) at time zone 'Asia/Shanghai')::date
    from (
        select school_id, service_date, slot, null as day_state, recorded_at
        from ledger.session
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        union all
        select school_id, service_date, null, null, recorded_at
        from ledger.roll
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        union all
        select school_id, service_date, null, null, recorded_at
        from ledger.duty
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
        union all
        select school_id, service_date, null, state, recorded_at
        from ledger.day
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
    ) as record
    group by school_id, service_date
$$;

-- What was claimed on these school-days, and who came where a roll says it, from the facts; audit.school_day is made of it.
create function audit.school_day_figures(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.school_day
language sql stable as $$
    select
        school_id,
        service_date,
        sum(sessions)::integer,
        sum(class_hours_hundredths)::integer,
        sum(rolled_sessions)::integer,
        sum(rolled_class_hours_hundredths)::integer,
        sum(rolled_adults)::integer,
        sum(came)::integer,
        sum(missing)::integer
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
        where session.school_id = any(p_school_ids) and session.service_date between p_first_day and p_last_day
        union all
        select school_id, service_date, 0, class_hours_hundredths, 0, 0, 0, 0, 0
        from ledger.duty
        where school_id = any(p_school_ids) and service_date between p_first_day and p_last_day
    ) as record
    group by school_id, service_date
$$;

-- Both rollups as the facts are now: the days of a school that a batch touched are computed, all between its first and its
-- last such day (a batch is of a day or a few); of an instant all.
create function audit.stale_span(p_school_ids text[], p_first_day date, p_last_day date) returns table (
    school_id text, first_day date, last_day date
)
language sql stable as $$
    select outbox.school_id, min(day.service_date), max(day.service_date)
    from ledger.outbox
    cross join lateral unnest(outbox.service_dates) as day (service_date)
    where
        outbox.resource in ('sessions', 'attendance', 'duties', 'days')
        and outbox.school_id = any(p_school_ids)
        and day.service_date between p_first_day and p_last_day
        and (select audit.as_of() is null)
    group by outbox.school_id
    union all
    select each.school_id, p_first_day, p_last_day
    from unnest(p_school_ids) as each (school_id)
    where (select audit.as_of() is not null)
$$;

create function audit.recorded_day_of(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.recorded_day
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    stale record;
begin
    return query
    select day.*
    from audit.recorded_day as day
    left join audit.stale_span(p_school_ids, p_first_day, p_last_day) as stale
        on stale.school_id = day.school_id and day.service_date between stale.first_day and stale.last_day
    where day.school_id = any(p_school_ids) and day.service_date between p_first_day and p_last_day and stale.school_id is null;
    for stale in
        select array_agg(school_id) as school_ids, first_day, last_day
        from audit.stale_span(p_school_ids, p_first_day, p_last_day)
        group by first_day, last_day
    loop
        return query select * from audit.recorded_day_figures(stale.school_ids, stale.first_day, stale.last_day);
    end loop;
end
$$;

create function audit.school_day_of(p_school_ids text[], p_first_day date, p_last_day date) returns setof audit.school_day
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    stale record;
begin
    return query
    select day.*
    from audit.school_day as day
    left join audit.stale_span(p_school_ids, p_first_day, p_last_day) as stale
        on stale.school_id = day.school_id and day.service_date between stale.first_day and stale.last_day
    where day.school_id = any(p_school_ids) and day.service_date between p_first_day and p_last_day and stale.school_id is null;
    for stale in
        select array_agg(school_id) as school_ids, first_day, last_day
        from audit.stale_span(p_school_ids, p_first_day, p_last_day)
        group by first_day, last_day
    loop
        return query select * from audit.school_day_figures(stale.school_ids, stale.first_day, stale.last_day);
    end loop;
end
$$;

-- Which records a finding named when it changed: what its event says leaves the evidence out.
alter table audit.finding_event add column records jsonb;

-- The findings as they are, or as they were at the instant: each as its last change until then left it.
create view audit.known_finding with (security_invoker = true) as
select
    finding_id, rule, severity, school_id, subject_kind, subject, service_date, period, state, expected, found,
    amount_at_risk_fen, evidence -> 'records' as records, wording
from audit.finding
where (select audit.as_of() is null)
union all
select
    told.finding_id, told.rule, told.severity, told.school_id, was.subject_kind, was.subject, was.service_date, was.period,
    was.state, was.expected, was.found, was.amount_at_risk_fen, told.records, was.wording
from (
    select distinct on (school_id, finding_id) school_id, finding_id, rule, severity, records, finding
    from audit.finding_event
    order by school_id, finding_id, position desc
) as told
cross join lateral jsonb_to_record(told.finding) as was (
    subject_kind text, subject text, service_date date, period text, state text, expected text, found text,
    amount_at_risk_fen bigint, wording jsonb
)
where (select audit.as_of() is not null);

grant execute on function
    audit.as_of, audit.recorded_day_figures, audit.school_day_figures, audit.stale_span, audit.recorded_day_of, audit.school_day_of
to taizhang_audit, taizhang_reporting;
grant select on audit.known_finding to taizhang_reporting;
