-- One row per school and appraisal of a school year, or one without an appraisal where there is none yet; with the indicators of
-- the set that it is appraised by, else of the last one approved for its centre and year.
with owed as (
    select stage_school.school_id, stage_school.stage, school.name, school.town, school.kind
    from ledger.stage_school
    inner join ledger.school on school.school_id = stage_school.school_id
    where
        stage_school.leads
        and (:stage::text is null or stage_school.stage = :stage)
        and (:school_id::text is null or stage_school.school_id = :school_id)
        and exists (select from ledger.chain_head where chain_head.school_id = stage_school.school_id)
),

indicator_set as (
    select distinct on (stage) stage, indicator_set_id, approved_on, indicators
    from ledger.indicator_set
    where academic_year = :academic_year
    order by stage, approved_on desc nulls last, indicator_set_id desc
),

appraisal as (
    select entry.school_id, entry.key as appraisal_id, entry.content, entry.revision
    from ledger.current_entry as entry
    where entry.resource = 'appraisals' and entry.content ->> 'academic_year' = :academic_year
)

select
    owed.*,
    appraisal.appraisal_id,
    appraisal.content,
    coalesce(named.indicator_set_id, indicator_set.indicator_set_id) as indicator_set_id,
    coalesce(named.approved_on, indicator_set.approved_on) as approved_on,
    coalesce(named.indicators, indicator_set.indicators) as indicators
from owed
left join appraisal on appraisal.school_id = owed.school_id
left join ledger.indicator_set as named
    on named.indicator_set_id = appraisal.content ->> 'indicator_set_id' and named.stage = owed.stage
left join indicator_set on indicator_set.stage = owed.stage
order by owed.school_id, appraisal.appraisal_id
