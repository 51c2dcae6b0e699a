-- One row per school and stage that a centre owes a visit in a school year (二(二)): the finished visits that discharge it, those
-- under way, and the last one. An unannounced visit that names no office is the bureau's. A school that opens in the last
-- sixty days of the year is the next year's.
select
    school.school_id,
    school.stage,
    year.starts_on,
    year.ends_on,
    count(visit.school_id) filter (where visit.conclusion is not null) as visits,
    count(visit.school_id) filter (where visit.conclusion is null) as under_way,
    max(visit.inspected_on) filter (where visit.conclusion is not null) as last_inspected_on
from ledger.academic_year as year
inner join ledger.stage_school as school
    on
        coalesce(school.active_from, '-infinity') <= year.ends_on - 60
        and coalesce(school.active_to, 'infinity') >= least(:today, year.ends_on)
left join ledger.inspection as visit
    on
        visit.school_id = school.school_id
        and visit.inspected_on
        between make_date(year.first_calendar_year, 9, 1) and make_date(year.first_calendar_year + 1, 8, 31)
        and coalesce(visit.office = school.stage || '_centre', visit.kind <> 'unannounced')
where
    year.academic_year = :academic_year
    and (:stage::text is null or school.stage = :stage)
    and exists (select from ledger.chain_head where chain_head.school_id = school.school_id)
group by school.school_id, school.stage, year.starts_on, year.ends_on
order by count(visit.school_id) filter (where visit.conclusion is not null) > 0, school.school_id, school.stage
