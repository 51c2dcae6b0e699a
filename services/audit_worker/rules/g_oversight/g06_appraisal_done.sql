/*
code: G06
name: {zh: 年度绩效考核缺失或不合要求, en: Yearly appraisal missing or not as it has to be}
clause: [二(四)]
grain: year
severity: medium
reads: [appraisals, indicator-sets, schools, progress, terms]
claims: >
  A centre's indicators of a year do not weigh service quality above participation, do not add up to the whole, or were
  approved only after an appraisal by them had begun; or an appraisal was finalised without the views of pupils and parents;
  or a school was finalised twice for one year; or, well into the next year, schools of the stage have no appraisal.
spares: >
  A centre that has finalised no appraisal of the year here: it appraises elsewhere then. Schools that opened in the year or
  closed. Indicators whose approval has no day and by which nobody is appraised yet.
misses: Whether the scores are right. Now is the district's latest day of service in the ledger, and no clock.
parameters:
  due_days: {default: 120, why: The notice says each year and gives no day; four months reach over the summer into October.}
says:
  zh: "绩效考核 {subject}（{when}）：应为 {expected}，实际：{found}。"
  en: "Appraisal {subject} ({when}): {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

appraisal as materialized (
    select appraisal.*, school.stage
    from ledger.appraisal
    inner join ledger.stage_school as school on school.school_id = appraisal.school_id and school.leads
),

-- Asked once, and only where somebody appraises.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached
    from year
    where exists (select from appraisal)
),

weighed as (
    select
        indicators.stage,
        indicators.indicator_set_id,
        indicators.academic_year,
        indicators.approved_on,
        indicators.record_key,
        coalesce(sum((each ->> 'weight')::numeric) filter (where each ->> 'group' = 'quality'), 0) as quality,
        coalesce(sum((each ->> 'weight')::numeric) filter (where each ->> 'group' = 'participation'), 0) as participation,
        coalesce(sum((each ->> 'weight')::numeric), 0) as whole,
        (
            select min(appraisal.started_on)
            from appraisal
            where
                appraisal.stage = indicators.stage
                and appraisal.academic_year = indicators.academic_year
                and appraisal.indicator_set_id = indicators.indicator_set_id
        ) as started_on
    from ledger.indicator_set as indicators
    inner join year using (academic_year)
    left join lateral jsonb_array_elements(indicators.indicators) as each on true
    group by
        indicators.stage, indicators.indicator_set_id, indicators.academic_year, indicators.approved_on, indicators.record_key
),

finalised as materialized (
    select * from appraisal where finalised_on is not null
),

wrong as (
    select
        stage,
        'indicator_set' as subject_kind,
        indicator_set_id as subject,
        academic_year as period,
        'quality above participation, 1 in all, approved before it begins' as expected,
        'quality ' || trim_scale(quality) || ', participation ' || trim_scale(participation) || ', in all ' || trim_scale(whole)
        || case when started_on < coalesce(approved_on, 'infinity')
            then ', begun on ' || started_on || coalesce(', approved on ' || approved_on, ', not approved')
            else ''
        end as found,
        jsonb_build_array(record_key) as record_keys,
        null::jsonb as shown
    from weighed
    where quality <= participation or whole <> 1 or started_on < coalesce(approved_on, 'infinity')
    union all
    select
        finalised.stage,
        'appraisal',
        finalised.school_id || '/' || finalised.appraisal_id,
        finalised.academic_year,
        'the views of pupils and parents',
        'none of ' || string_agg(audience.name, ', ' order by audience.name),
        jsonb_build_array(finalised.record_key),
        null
    from finalised
    inner join year using (academic_year)
    cross join (values ('parents'), ('pupils')) as audience (name)
    where not finalised.feedback @> jsonb_build_array(jsonb_build_object('audience', audience.name))
    group by finalised.stage, finalised.school_id, finalised.appraisal_id, finalised.academic_year, finalised.record_key
    union all
    select
        stage,
        'school',
        school_id,
        academic_year,
        '1 appraisal',
        count(*) || ' finalised',
        jsonb_agg(record_key order by record_key),
        null
    from finalised
    inner join year using (academic_year)
    group by stage, school_id, academic_year
    having count(*) > 1
    union all
    -- Shown in the year in which it fell due, as that of the year before.
    select
        school.stage,
        'academic_year',
        before.academic_year,
        year.academic_year,
        count(*) || ' schools',
        count(*) filter (where appraised.done) || ' schools',
        '[]',
        jsonb_build_object('not_appraised', jsonb_agg(school.school_id order by school.school_id) filter (where not appraised.done))
    from progress
    inner join year using (academic_year)
    inner join ledger.academic_year as before on before.first_calendar_year = year.first_calendar_year - 1
    inner join ledger.stage_school as school
        on
            school.leads
            and coalesce(school.active_from, '-infinity') <= before.starts_on
            and coalesce(school.active_to, 'infinity') >= before.ends_on
    cross join lateral (
        select exists (
            select from finalised
            where finalised.school_id = school.school_id and finalised.academic_year = before.academic_year
        ) as done
    ) as appraised
    where progress.reached > before.ends_on + :due_days::integer
    group by school.stage, before.academic_year, year.academic_year
    having bool_or(appraised.done) and not bool_and(appraised.done)
)

select
    'centre-' || stage as school_id,
    subject_kind,
    subject,
    null::date as service_date,
    period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) || case when shown is null then '{}' else jsonb_build_object('values', shown) end as evidence
from wrong
