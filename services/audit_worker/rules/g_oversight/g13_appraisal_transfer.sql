/*
code: G13
name: {zh: 考核结果未移交四项考核, en: Result of the appraisal not passed to the four schemes}
clause: [三(一)]
grain: year
severity: low
reads: [appraisals, schools, progress, terms]
claims: >
  Of the appraisals of a year that were finalised for public schools, some have not been passed to all four schemes that the
  notice names, though the time has passed; or they lack the score for correct submission of data.
spares: >
  Private schools, which the clause does not name. A year of which no result was passed on here: that is done elsewhere then.
misses: >
  What the schemes make of it. What falls due after the last day of service of a school year. Now is the district's latest
  day of service in the ledger, and no clock.
parameters:
  transfer_days: {default: 90, why: The notice gives no day; three months reach over the summer into the year's own appraisals.}
says:
  zh: "{subject} 学年考核结果（{when}）：应为 {expected}，实际：{found}。"
  en: "Results of {subject} ({when}): {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

finalised as materialized (
    select
        appraisal.school_id,
        appraisal.academic_year,
        appraisal.finalised_on + :transfer_days::integer as due_by,
        appraisal.data_submission_score,
        appraisal.record_key,
        appraisal.transfers,
        (
            select count(distinct transfer ->> 'scheme') from jsonb_array_elements(appraisal.transfers) as transfer
        ) as schemes
    from ledger.appraisal
    inner join ledger.school using (school_id)
    where appraisal.finalised_on is not null and school.kind is distinct from 'private' and not school.sandbox
),

-- Asked once, and only where results are passed on.
progress as materialized (
    select *, audit.district_reached(starts_on, ends_on) as reached
    from year
    where exists (select from finalised where schemes > 0)
),

due as (
    select finalised.*, year.academic_year as due_in
    from finalised
    inner join progress as year
        on finalised.due_by > year.due_after and finalised.due_by <= year.ends_on and finalised.due_by < year.reached
    where exists (select from finalised as any_school where any_school.academic_year = finalised.academic_year and any_school.schemes > 0)
)

select
    'district' as school_id,
    'academic_year' as subject_kind,
    academic_year as subject,
    null::date as service_date,
    due_in as period,
    count(*) || ' results to four schemes, with the score of data submission' as expected,
    count(*) filter (where schemes < 4) || ' not to all of them, '
    || count(*) filter (where data_submission_score is null) || ' without the score' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(record_key order by record_key) filter (where schemes < 4 or data_submission_score is null)
    ) as evidence
from due
group by academic_year, due_in
having bool_or(schemes < 4 or data_submission_score is null)
