-- A day of work packed by columns (shared.work.WorkDay): what its pieces have in common once, and parallel lists of the rest.
create or replace function ledger.work_within(p_school_ids text[], p_first_day date, p_last_day date, p_as_of timestamptz) returns table (
    school_id text, service_date date, work text
)
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    select
        sorted.school_id,
        sorted.service_date,
        json_build_array(
            sorted.service_date,
            json_agg(
                json_build_array(
                    sorted.class_hours_hundredths, sorted.category, sorted.duty_kind, sorted.slot, sorted.role
                ) order by sorted.sort
            ) filter (where sorted.leads),
            json_agg(sorted.sort order by sorted.staff_id, sorted.record_key, sorted.sort),
            json_agg(sorted.staff_id order by sorted.staff_id, sorted.record_key, sorted.sort),
            json_agg(sorted.record_key order by sorted.staff_id, sorted.record_key, sorted.sort),
            json_agg(sorted.headcount order by sorted.staff_id, sorted.record_key, sorted.sort)
        )::text
    from (
        select
            item.*,
            dense_rank() over by_sort - 1 as sort,
            row_number() over by_sort = rank() over by_sort as leads
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
        window by_sort as (
            partition by item.school_id, item.service_date
            order by item.class_hours_hundredths, item.category, item.duty_kind, item.slot, item.role
        )
    ) as sorted
    group by sorted.school_id, sorted.service_date;
end
$$;

-- What is kept, in the same form.
update audit.work_day
set work = packed.work
from (
    select
        sorted.school_id,
        sorted.service_date,
        json_build_array(
            sorted.service_date,
            json_agg(
                json_build_array(sorted.piece -> 3, sorted.piece -> 4, sorted.piece -> 5, sorted.piece -> 6, sorted.piece -> 7)
                order by sorted.sort
            ) filter (where sorted.leads),
            json_agg(sorted.sort order by sorted.place),
            json_agg(sorted.piece -> 1 order by sorted.place),
            json_agg(sorted.piece -> 0 order by sorted.place),
            json_agg(sorted.piece -> 9 order by sorted.place)
        )::text as work
    from (
        select
            work_day.school_id,
            work_day.service_date,
            piece.value as piece,
            piece.ordinality as place,
            dense_rank() over by_sort - 1 as sort,
            row_number() over by_sort = rank() over by_sort as leads
        from audit.work_day
        cross join lateral json_array_elements(work_day.work::json) with ordinality as piece (value, ordinality)
        window by_sort as (
            partition by work_day.school_id, work_day.service_date
            order by
                (piece.value ->> 3)::integer, piece.value ->> 4, piece.value ->> 5, piece.value ->> 6, piece.value ->> 7
        )
    ) as sorted
    group by sorted.school_id, sorted.service_date
) as packed
where packed.school_id = work_day.school_id and packed.service_date = work_day.service_date;
