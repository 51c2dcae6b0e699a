-- One row per school that may be drawn: how often it was drawn or inspected in the school year, and what is open about it.
-- stage: of a stage centre's draw, or null for the whole district; kept_by: whose draws count as earlier ones.
-- A visit without a conclusion reaches nobody; the other stage's centre's visits are its own.
with drawn as (
    select jsonb_array_elements_text(content -> 'drawn') as school_id
    from ledger.current_entry
    where resource = 'inspection-draws' and school_id = :kept_by and content ->> 'academic_year' = :academic_year
),

reached as (
    select school_id, max(times) as times
    from (
        select school_id, count(*) as times
        from drawn
        group by school_id
        union all
        select school_id, count(*)
        from ledger.inspection
        where
            inspected_on between make_date(:first_calendar_year, 9, 1) and make_date(:first_calendar_year + 1, 8, 31)
            and conclusion is not null
            and (:stage::text is null or office is null or office not like '%\_centre' or office = :stage || '_centre')
        group by school_id
    ) as either
    group by school_id
),

risk as (
    select
        school_id,
        count(*) as findings,
        sum(case severity when 'critical' then 4 when 'high' then 3 when 'medium' then 2 else 1 end) as points
    from audit.finding
    where state in ('open', 'acknowledged', 'explained', 'confirmed')
    group by school_id
)

select
    school.school_id,
    coalesce(reached.times, 0)::integer as reached,
    coalesce(risk.findings, 0)::integer as findings,
    coalesce(risk.points, 0)::integer as points
from ledger.stage_school as school
left join reached using (school_id)
left join risk using (school_id)
where
    (:stage::text is null or school.stage = :stage)
    and coalesce(school.active_from, '-infinity') <= :today
    and coalesce(school.active_to, 'infinity') >= :today
group by school.school_id, reached.times, risk.findings, risk.points
order by school.school_id
