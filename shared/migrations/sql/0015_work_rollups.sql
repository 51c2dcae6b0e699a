-- The work of schools as reports read it: what pay lines and workloads are made of, packed by day and summed by month.

-- One row per school and date with held sessions or duties: everybody's part in them as JSON, a list of lists in the order of
-- shared.remuneration.WorkItem (the kind and the quality of a person are the run's to tell). As the ledger knew it at an
-- instant ('infinity': now). The latest revisions in one pass a table; planned each time, as for ledger.rolled_within.
create function ledger.work_within(p_school_ids text[], p_first_day date, p_last_day date, p_as_of timestamptz) returns table (
    school_id text, service_date date, work text
)
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    select
        item.school_id,
        item.service_date,
        json_agg(
            json_build_array(
                item.record_key, item.staff_id, item.service_date, item.class_hours_hundredths, item.category, item.duty_kind,
                item.slot, item.role, null, item.headcount
            ) order by item.staff_id, item.record_key
        )::text
    from (
        select
            session.school_id,
            session.service_date,
            'sessions/' || session.school_id || '/' || session.session_id || '#' || session.revision as record_key,
            member.staff_id,
            member.class_hours_hundredths,
            session.category,
            null::text as duty_kind,
            session.slot,
            member.role,
            session.headcount
        from (
            select distinct on (school_id, service_date, session_id)
                school_id, service_date, session_id, revision, state, category, slot, headcount, staff_ids, staff_roles,
                staff_class_hours_hundredths
            from ledger.session_revision
            where
                school_id = any(p_school_ids)
                and service_date between p_first_day and p_last_day
                and recorded_at <= p_as_of
            order by school_id, service_date, session_id, revision desc
        ) as session
        cross join lateral unnest(session.staff_ids, session.staff_roles, session.staff_class_hours_hundredths)
            as member (staff_id, role, class_hours_hundredths)
        where session.state = 'held'
        union all
        select
            duty.school_id,
            duty.service_date,
            'duties/' || duty.school_id || '/' || duty.key || '#' || duty.revision,
            duty.content ->> 'staff_id',
            ((duty.content ->> 'class_hours')::numeric * 100)::integer,
            null,
            duty.content ->> 'kind',
            duty.content ->> 'slot',
            null,
            null
        from ledger.entry as duty
        where
            duty.school_id = any(p_school_ids)
            and duty.resource = 'duties'
            and duty.service_date between p_first_day and p_last_day
            and duty.state = 'recorded'
            and duty.recorded_at <= p_as_of
            and not exists (
                select from ledger.entry as later
                where
                    later.school_id = duty.school_id
                    and later.resource = duty.resource
                    and later.key = duty.key
                    and later.revision > duty.revision
                    and later.recorded_at <= p_as_of
            )
    ) as item
    group by item.school_id, item.service_date;
end
$$;

grant execute on function ledger.work_within to taizhang_audit, taizhang_reporting;

-- The same, kept. Recomputed for the school-days a batch touched, never patched.
create table audit.work_day (
    school_id text not null,
    service_date date not null,
    work text not null,
    primary key (school_id, service_date)
);

-- One row per school and month: each person's dates and class hours as JSON (shared.workload.Workload), and the first and the
-- last day of work in it. Recomputed from the days of the months a batch touched.
create table audit.work_month (
    school_id text not null,
    month_starts_on date not null,
    first_day date not null,
    last_day date not null,
    workload text not null,
    primary key (school_id, month_starts_on)
);

alter table audit.work_day enable row level security;
alter table audit.work_month enable row level security;

do $$
declare
    kept text;
begin
    foreach kept in array array['work_day', 'work_month'] loop
        execute format(
            'create policy read_own on audit.%I for select to taizhang_reporting using ('
            '((select current_setting(''taizhang.district'', true)) = ''on'' and left(school_id, 5) <> ''99999'') '
            'or school_id = any ((select string_to_array(current_setting(''taizhang.schools'', true), '',''))::text[]))',
            kept
        );
        execute format('create policy audit_writes on audit.%I for all to taizhang_audit using (true)', kept);
    end loop;
end $$;

grant select, insert, update, delete on audit.work_day, audit.work_month to taizhang_audit;
grant select on audit.work_day, audit.work_month to taizhang_reporting;

-- What is recorded and not rolled up yet is in the outbox: reports take these days from the facts, so that a reader always
-- sees its own writes.
grant select (school_id, resource, service_dates) on ledger.outbox to taizhang_reporting;

-- The quality (效果) that a term's evaluation grants people, and that an allocation plan may weigh (一(一)5 优绩优酬).
create view ledger.quality_grade with (security_invoker = true) as
select distinct on (evaluation.school_id, evaluation.content ->> 'term_id', grade ->> 'staff_id')
    evaluation.school_id,
    evaluation.content ->> 'term_id' as term_id,
    grade ->> 'staff_id' as staff_id,
    grade ->> 'quality' as quality
from ledger.current_entry as evaluation
cross join lateral jsonb_array_elements(evaluation.content -> 'grades') as grade
where evaluation.resource = 'evaluations' and jsonb_typeof(evaluation.content -> 'grades') = 'array'
order by
    evaluation.school_id, evaluation.content ->> 'term_id', grade ->> 'staff_id', evaluation.content ->> 'evaluated_on' desc nulls last,
    evaluation.key;

grant select on ledger.quality_grade to taizhang_ledger, taizhang_audit, taizhang_reporting;
