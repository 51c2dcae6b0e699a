-- By school and by bucket of time: on how many days pupils came at all (one pupil and day each), of how many days of those
-- enrolled while the school held service; in how many weeks (one pupil and week each) they came, and to a quality activity.
with day as (
    select school_id, service_date, came
    from audit.pupil_day_of(:school_ids, :first_day, :last_day)
),

enrolled as (
    select day.school_id, day.service_date, sum(enrolment.pupils) as pupils
    from day
    inner join audit.enrolment_of(:school_ids) as enrolment
        on
            enrolment.school_id = day.school_id
            and day.service_date between enrolment.enrolled_from and enrolment.enrolled_to
    group by day.school_id, day.service_date
),

place as materialized (
    select
        school_id,
        date_trunc(:interval, service_date::timestamp)::date as bucket,
        day.came as pupil_days,
        coalesce(enrolled.pupils, 0) as enrolled_days,
        0 as pupil_weeks,
        0 as quality_pupil_weeks
    from day
    left join enrolled using (school_id, service_date)
    union all
    select
        school_id,
        date_trunc(:interval, greatest(week, :first_day)::timestamp)::date,
        0,
        0,
        pupils,
        quality_pupils
    from audit.pupil_week_of(:school_ids, :first_day, :last_day)
)

-- The one and the other by themselves: a cluster groups many schools' rows only one way at a time.
select
    true as by_school,
    school_id,
    null::date as bucket,
    sum(pupil_days) as pupil_days,
    sum(enrolled_days) as enrolled_days,
    sum(pupil_weeks) as pupil_weeks,
    sum(quality_pupil_weeks) as quality_pupil_weeks
from place
group by school_id
union all
select false, null, bucket, sum(pupil_days), sum(enrolled_days), sum(pupil_weeks), sum(quality_pupil_weeks)
from place
group by bucket
