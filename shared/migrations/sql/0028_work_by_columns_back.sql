-- As before: a list of lists, a piece each.
create or replace function ledger.work_within(p_school_ids text[], p_first_day date, p_last_day date, p_as_of timestamptz) returns table (
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

update audit.work_day
set work = pieces.work
from (
    select
        work_day.school_id,
        work_day.service_date,
        json_agg(
            json_build_array(
                key.value, staff.value, work_day.service_date, sort.value -> 0, sort.value -> 1, sort.value -> 2,
                sort.value -> 3, sort.value -> 4, null, pupils.value
            ) order by sort_of.place
        )::text as work
    from audit.work_day
    cross join lateral json_array_elements_text(work_day.work::json -> 2) with ordinality as sort_of (value, place)
    cross join lateral (select work_day.work::json -> 3 -> (sort_of.place - 1)::integer as value) as staff
    cross join lateral (select work_day.work::json -> 4 -> (sort_of.place - 1)::integer as value) as key
    cross join lateral (select work_day.work::json -> 5 -> (sort_of.place - 1)::integer as value) as pupils
    cross join lateral (select work_day.work::json -> 1 -> sort_of.value::integer as value) as sort
    group by work_day.school_id, work_day.service_date
) as pieces
where pieces.school_id = work_day.school_id and pieces.service_date = work_day.service_date;
