/*
code: G11
name: {zh: 关键人员培训未覆盖全部学校, en: Training of key persons does not reach every school}
clause: [二]
grain: year
severity: low
reads: [trainings, schools, progress, terms]
claims: >
  At the end of the school year there are schools of a stage from which nobody has attended a training of key persons that
  the centre or the bureau held in it.
spares: >
  A stage of which no such training of the year is recorded here. Schools that opened in the last weeks of the year, and
  those that closed. A school's own training is none of these.
misses: >
  Which of the key persons attended, and who came new to a post. Now is the district's latest day of service in the ledger,
  and no clock.
parameters:
  final_days: {default: 14, why: The last two weeks of the year are examinations; trainings are over.}
  opened_late_days: {default: 60, why: A school that opens so late in the year is the next year's to train.}
says:
  zh: "{subject} 学段 {when} 学年关键人员培训已到 {found}，应覆盖 {expected}。"
  en: "Key persons of {found} were trained in {when} in the {subject} stage; it has {expected}."
version: 1
*/
with year as (
    select
        *,
        make_date(first_calendar_year, 9, 1) as first_day,
        make_date(first_calendar_year + 1, 8, 31) as last_day
    from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

training as materialized (
    select training.school_id, training.held_on, training.organiser
    from ledger.training
    where training.kind = 'key_person' and training.organiser is not null and training.attendees > 0
),

progress as materialized (
    select *, audit.district_reached(starts_on, ends_on) as reached
    from year
    -- Where no training is recorded, nothing is asked.
    where exists (select from training where training.held_on between year.first_day and year.last_day)
),

owed as (
    select
        year.academic_year,
        school.stage,
        school.school_id,
        count(training.school_id) > 0 as trained
    from progress as year
    inner join ledger.stage_school as school
        on
            coalesce(school.active_from, '-infinity') <= year.ends_on - :opened_late_days::integer
            and coalesce(school.active_to, 'infinity') >= year.reached
    left join training
        on
            training.school_id = school.school_id
            and training.held_on between year.first_day and year.last_day
            -- The other stage's centre trains for the other stage.
            and (training.organiser = school.stage || '_centre' or training.organiser not like '%\_centre')
    where year.reached > year.ends_on - :final_days::integer
    group by year.academic_year, school.stage, school.school_id
),

coverage as (
    select
        academic_year,
        stage,
        count(*) as schools,
        count(*) filter (where trained) as trained,
        coalesce(jsonb_agg(school_id order by school_id) filter (where not trained), '[]') as missing
    from owed
    group by academic_year, stage
)

select
    'centre-' || stage as school_id,
    'centre' as subject_kind,
    stage as subject,
    null::date as service_date,
    academic_year as period,
    schools || ' schools' as expected,
    trained || ' schools' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', '[]'::jsonb, 'values', jsonb_build_object('not_trained', missing)) as evidence
from coverage
where trained > 0 and trained < schools
