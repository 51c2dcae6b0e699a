/*
code: F03
name: {zh: 多人月课时完全相同, en: Identical monthly hours}
clause: [一(一)5, 三(五)]
grain: school_month
severity: review
reads: [sessions, duties]
claims: Most people of a school have exactly the same class hours in a month.
spares: Schools with few people; months with few service days.
misses: Hours that were made up and made to differ.
parameters:
  least_people: {default: 8, why: Among fewer people equal hours are common.}
  least_days: {default: 10, why: In a short month rotas have no time to spread.}
  share_percent: {default: 60, why: Rotas of real schools give equal hours to less than half of the people.}
says:
  zh: "{when} 有 {found} 人的月课时完全相同（通常 {expected}）。"
  en: "{when}: {found} people have exactly the same class hours (expected {expected})."
version: 2
*/
with worked as (
    select
        school_id,
        to_char(service_date, 'YYYY-MM') as period,
        staff_id,
        sum(class_hours_hundredths) as class_hours_hundredths
    from audit.worked
    where
        school_id = any(:school_ids)
        and service_date >= date_trunc('month', :first_day::date)
        and service_date < date_trunc('month', :last_day::date) + interval '1 month'
    group by school_id, to_char(service_date, 'YYYY-MM'), staff_id
),

days as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, count(*) as days
    from audit.work_day
    where
        school_id = any(:school_ids)
        and service_date >= date_trunc('month', :first_day::date)
        and service_date < date_trunc('month', :last_day::date) + interval '1 month'
    group by school_id, to_char(service_date, 'YYYY-MM')
),

people as (
    select school_id, period, count(*) as people
    from worked
    where class_hours_hundredths > 0
    group by school_id, period
),

alike as (
    select school_id, period, class_hours_hundredths, count(*) as people
    from worked
    where class_hours_hundredths > 0
    group by school_id, period, class_hours_hundredths
)

select
    alike.school_id,
    'school' as subject_kind,
    alike.school_id as subject,
    null::date as service_date,
    alike.period,
    '< ' || :share_percent::integer || ' %' as expected,
    alike.people || '/' || people.people as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'values', jsonb_build_object('class_hours_hundredths', alike.class_hours_hundredths, 'alike', alike.people, 'people', people.people, 'days', days.days)
    ) as evidence
from alike
inner join people using (school_id, period)
inner join days using (school_id, period)
where
    people.people >= :least_people
    and days.days >= :least_days
    and alike.people * 100 >= people.people * :share_percent::integer
