-- One row per school that the reader sees and asks for, with what sorts it into groups. stage: nine_year where it has both;
-- :stage asks for schools that have it, :only for those of this group.
select
    school.school_id,
    school.name,
    sorted.stage,
    school.town,
    school.kind
from ledger.school
cross join lateral (
    select case when cardinality(school.stages) > 1 then 'nine_year' else school.stages[1] end as stage
) as sorted
where
    (:school_id::text is null or school.school_id = :school_id)
    and (:stage::text is null or :stage = any(school.stages))
    and (:only::text is null or sorted.stage = :only)
    and (:kind::text is null or school.kind = :kind)
    and (:town::text is null or school.town = :town)
    and (school.active_from is null or school.active_from <= :last_day)
    and (school.active_to is null or school.active_to >= :first_day)
    and exists (select from ledger.chain_head where chain_head.school_id = school.school_id)
order by school.school_id
