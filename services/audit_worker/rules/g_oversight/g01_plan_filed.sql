/*
code: G01
name: {zh: 课后服务方案未按时报送或审核, en: Service plan filed or decided late}
clause: [一(一), 二(一)]
grain: year
severity: medium
reads: [plans, reviews, sessions, duties, progress, terms, schools]
claims: >
  A school submitted its plan for the school year later than the district allows, or serves past that day without one; or
  the stage centre decided about a plan later than the district allows, or has not, though the time has passed.
spares: >
  A year for which no school of the district has submitted a plan: they are filed elsewhere then; a centre that has decided
  about no plan here. Of several plans the first one counts as filed; what is decided is the latest.
misses: >
  What is in the plan. What is due after the last day of service of the school year. Now is the latest day of service in the
  ledger, of the school for its plan and of the district for the centre, and no clock.
parameters:
  due_days: {default: 30, why: The notice says each year at a fixed time and names none; service is arranged in the first month.}
  review_days: {default: 30, why: The notice says on time and names none; a month after it came the plan is still of use.}
says:
  zh: "课后服务方案 {subject}（{when}）：应为 {expected}，实际：{found}。"
  en: "Service plan {subject} ({when}): {expected} was wanted; found: {found}."
version: 2
*/
with year as materialized (
    select *, starts_on + :due_days::integer as due_by
    from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day
),

-- Asked once, and only where something is due.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached from year
),

-- Per school and year: the day of its first plan.
first_plan as (
    select school_id, academic_year, min(submitted_on) as submitted_on
    from ledger.plan
    where school_id = any(:school_ids)
    group by school_id, academic_year
),

filed as (
    select
        school.school_id,
        year.academic_year,
        year.starts_on,
        year.ends_on,
        year.due_by,
        first_plan.submitted_on
    from unnest(:school_ids::text[]) as school (school_id)
    cross join year
    left join first_plan using (school_id, academic_year)
    where
        year.academic_year in (
            select any_school.academic_year
            from ledger.plan as any_school
            where any_school.submitted_on is not null and left(any_school.school_id, 5) <> '99999'
        )
),

late as (
    select
        school_id,
        academic_year as subject,
        academic_year,
        'submitted by ' || due_by as expected,
        coalesce('submitted on ' || submitted_on, 'not submitted') as found,
        '[]'::jsonb as record_keys
    from filed
    where
        submitted_on > due_by
        or (submitted_on is null and audit.school_reached(school_id, starts_on, ends_on) > due_by)
),

latest as (
    select distinct on (plan.school_id, academic_year) plan.*
    from ledger.plan
    inner join year using (academic_year)
    where 'district' = any(:school_ids) and plan.submitted_on is not null
    order by plan.school_id, academic_year, plan.submitted_on desc, plan.plan_id desc
),

-- Per plan: the first decision since it was submitted.
reviewed as (
    select latest.school_id, latest.plan_id, min(review.reviewed_on) as decided_on
    from latest
    inner join ledger.review
        on
            review.school_id = latest.school_id
            and review.plan_id = latest.plan_id
            and review.reviewed_on >= latest.submitted_on
    group by latest.school_id, latest.plan_id
),

decided as (
    select
        school.stage,
        latest.school_id,
        latest.plan_id,
        latest.submitted_on + :review_days::integer as due_by,
        latest.record_key,
        reviewed.decided_on
    from latest
    left join reviewed using (school_id, plan_id)
    inner join ledger.stage_school as school on school.school_id = latest.school_id and school.leads
),

undecided as (
    select
        'centre-' || decided.stage as school_id,
        decided.school_id || '/' || decided.plan_id as subject,
        year.academic_year,
        'decided by ' || decided.due_by as expected,
        coalesce('decided on ' || decided.decided_on, 'not decided') as found,
        jsonb_build_array(decided.record_key) as record_keys
    from decided
    inner join year on decided.due_by > year.due_after and decided.due_by <= year.ends_on
    where
        exists (select from decided as any_school where any_school.stage = decided.stage and any_school.decided_on is not null)
        and (
            decided.decided_on > decided.due_by
            or (
                decided.decided_on is null
                and decided.due_by < (select progress.reached from progress where progress.academic_year = year.academic_year)
            )
        )
)

select
    school_id,
    'plan' as subject_kind,
    subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) as evidence
from (
    select * from late
    union all
    select * from undecided
) as either
