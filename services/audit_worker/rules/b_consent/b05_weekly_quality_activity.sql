/*
code: B05
name: {zh: 有学生一周未参加素质教育活动, en: A week without a quality activity}
clause: [一(一)1]
grain: school_week
severity: low
reads: [sessions, attendance, consents, terms]
claims: >
  Pupils came to the service on several days of a week and stand on the roll of no quality activity (anything but homework
  guidance) of that week, not even as absent.
spares: >
  Pupils who came on fewer days than the bound; who were expected in a quality activity and were away; whose family chose
  homework only, or days and slots in which none was held; a week with a quality session without a roll (who came to it is
  not known).
misses: Pupils who stand on a roll every week and never come; a quality activity that was one by name only.
parameters:
  least_days:
    default: 2
    why: The sentence is of whole weeks and in principle; who came once was hardly there, as in a week of holidays.
  tolerated_pupils:
    default: 0
    why: The notice says every pupil. A district may bear with some before it asks.
says:
  zh: "{when} 起的一周，有学生参加了服务但未安排素质教育活动（未覆盖 / 参加学生数）：{found}。"
  en: "In the week of {when}, pupils took part and had no quality activity (without one / all who came): {found}."
version: 2
*/
with held as materialized (
    select
        session.school_id,
        date_trunc('week', session.service_date)::date as week,
        session.service_date,
        extract(isodow from session.service_date)::integer as weekday,
        session.slot,
        session.activity,
        session.category <> 'homework' as quality,
        roll.record_key as roll_key,
        roll.present || roll.late || roll.left_early as came,
        roll.absent || roll.excused as away
    from ledger.held_session as session
    left join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    where session.school_id = any(:school_ids) and session.service_date between :first_day and :last_day
),

-- A day of the week each, as the bits of a number: who came twice a day came on one day.
pupil_week as (
    select
        school_id,
        week,
        number,
        bit_count(coalesce(bit_or(1 << weekday) filter (where came), 0)::bit(8)) as days,
        bool_or(quality) as quality
    from (
        select held.school_id, held.week, held.weekday, pupil.number, held.quality, true as came
        from held
        cross join lateral unnest(held.came) as pupil (number)
        union all
        select held.school_id, held.week, held.weekday, pupil.number, true, false
        from held
        cross join lateral unnest(held.away) as pupil (number)
        where held.quality
    ) as on_roll
    group by school_id, week, number
),

-- What a school had of a week: the days and slots of its quality activities, and what else was done.
offered as (
    select
        school_id,
        week,
        sum(sessions) filter (where quality) as quality_sessions,
        coalesce(bool_or(quality and without_roll), false) as without_roll,
        array_agg(weekday) filter (where quality) as weekdays,
        array_agg(slot) filter (where quality) as slots
    from (
        select school_id, week, quality, weekday, slot, count(*) as sessions, bool_or(roll_key is null) as without_roll
        from held
        group by school_id, week, quality, weekday, slot
    ) as at_once
    group by school_id, week
),

homework as (
    select school_id, week, array_agg(distinct activity) as activities
    from held
    where not quality
    group by school_id, week
),

without as (
    select pupil_week.school_id, pupil_week.week, pupil_week.number
    from pupil_week
    inner join offered using (school_id, week)
    where not pupil_week.quality and pupil_week.days >= :least_days and not offered.without_roll
),

given as (
    select consent.school_id, consent.student_number, consent.weekdays, consent.slots, consent.activities
    from ledger.consent_given as consent
    where
        exists (select from without)
        and consent.school_id = any(:school_ids)
        and consent.term_id = any(
            array(select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day)
        )
        and consent.until_day = 'infinity'
),

by_choice as (
    select without.school_id, without.week, without.number
    from without
    inner join given on given.school_id = without.school_id and given.student_number = without.number
    inner join offered on offered.school_id = without.school_id and offered.week = without.week
    left join homework on homework.school_id = without.school_id and homework.week = without.week
    where
        (cardinality(given.activities) > 0 and given.activities <@ coalesce(homework.activities, '{}'))
        or (
            -- There was something to choose, and the family chose other days or slots.
            offered.quality_sessions > 0
            and not exists (
                select from unnest(offered.weekdays, offered.slots) as quality (weekday, slot)
                where
                    (cardinality(given.weekdays) = 0 or quality.weekday = any(given.weekdays))
                    and (cardinality(given.slots) = 0 or quality.slot = any(given.slots))
            )
        )
),

uncovered as (
    select school_id, week, count(*) as pupils
    from without
    where (school_id, week, number) not in (select school_id, week, number from by_choice)
    group by school_id, week
    having count(*) > :tolerated_pupils
)

select
    uncovered.school_id,
    'school' as subject_kind,
    uncovered.school_id as subject,
    greatest(uncovered.week, :first_day::date) as service_date,
    null::text as period,
    (:tolerated_pupils::integer)::text as expected,
    uncovered.pupils || ' / ' || participant.pupils as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'values', jsonb_build_object(
            'without', uncovered.pupils,
            'by_choice', (
                select count(*) from by_choice
                where by_choice.school_id = uncovered.school_id and by_choice.week = uncovered.week
            ),
            'participants', participant.pupils,
            'quality_sessions', coalesce(offered.quality_sessions, 0)
        )
    ) as evidence
from uncovered
inner join (
    select school_id, week, count(*) filter (where days > 0) as pupils
    from pupil_week
    group by school_id, week
) as participant using (school_id, week)
inner join offered using (school_id, week)
