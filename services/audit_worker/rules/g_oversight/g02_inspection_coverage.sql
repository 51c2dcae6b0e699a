/*
code: G02
name: {zh: 学段中心检查未覆盖全部学校, en: Inspections of a stage centre do not reach every school}
clause: [二(二)]
grain: year
severity: high
reads: [inspections, schools, progress, terms]
claims: >
  At the end of the school year a stage centre has not inspected every active school of its stage; or, from the middle of
  the year on, it has inspected so few that at this pace it will not.
spares: >
  A centre of which no inspection of the year is recorded here: it keeps them elsewhere then. Schools that opened in the last
  weeks of the year, and those that closed. A year in its first half; a centre that is behind by no more than the slack.
misses: >
  Visits count when they have a conclusion. An unannounced one that names no office is taken for the bureau's, which does not
  discharge the centre. Now is the district's latest day of service in the ledger, and no clock.
parameters:
  forecast_percent: {default: 50, why: In the first term visits are prepared and begin; after half of the year the pace tells.}
  slack_percent: {default: 20, why: Visits come in waves; who is behind by less than a fifth catches up with one of them.}
  final_days: {default: 14, why: The last two weeks are examinations and leave no time to come round.}
  opened_late_days: {default: 60, why: A school that opens so late in the year is the next year's to inspect.}
says:
  zh: "{subject} 学段中心 {when} 学年已检查 {found}，应覆盖 {expected}。"
  en: "The {subject} centre has inspected {found} in {when}; it owes {expected}."
version: 1
*/
with year as (
    select
        academic_year,
        starts_on,
        ends_on,
        make_date(first_calendar_year, 9, 1) as first_day,
        make_date(first_calendar_year + 1, 8, 31) as last_day
    from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

visit as materialized (
    select inspection.school_id, inspection.inspected_on, inspection.kind, inspection.office, inspection.conclusion
    from ledger.inspection
    where inspection.inspected_on >= (select min(first_day) from year)
),

progress as materialized (
    select *, audit.district_reached(starts_on, ends_on) as reached
    from year
    -- Where no visit is recorded, nothing is asked.
    where exists (select from visit where visit.inspected_on between year.first_day and year.last_day)
),

owed as (
    select
        year.academic_year,
        year.reached,
        year.starts_on,
        year.ends_on,
        school.stage,
        school.school_id,
        coalesce(bool_or(visit.conclusion is not null), false) as inspected,
        count(visit.school_id) > 0 as visited
    from progress as year
    inner join ledger.stage_school as school
        on
            coalesce(school.active_from, '-infinity') <= year.ends_on - :opened_late_days::integer
            and coalesce(school.active_to, 'infinity') >= year.reached
    left join visit
        on
            visit.school_id = school.school_id
            and visit.inspected_on between year.first_day and year.last_day
            and coalesce(visit.office = school.stage || '_centre', visit.kind <> 'unannounced')
    group by year.academic_year, year.reached, year.starts_on, year.ends_on, school.stage, school.school_id
),

coverage as (
    select
        academic_year,
        stage,
        reached,
        ends_on,
        count(*) as schools,
        count(*) filter (where inspected) as inspected,
        100 * (reached - starts_on) / greatest(ends_on - starts_on, 1) as elapsed_percent,
        coalesce(jsonb_agg(school_id order by school_id) filter (where not inspected), '[]') as missing
    from owed
    group by academic_year, stage, reached, starts_on, ends_on
    having bool_or(visited)
)

select
    'centre-' || stage as school_id,
    'centre' as subject_kind,
    stage as subject,
    null::date as service_date,
    academic_year as period,
    schools || ' schools' as expected,
    inspected || ' schools' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', '[]'::jsonb, 'values', jsonb_build_object('not_inspected', missing)) as evidence
from coverage
where
    inspected < schools
    and (
        reached > ends_on - :final_days::integer
        or (elapsed_percent >= :forecast_percent and inspected * 100 < schools * (elapsed_percent - :slack_percent))
    )
