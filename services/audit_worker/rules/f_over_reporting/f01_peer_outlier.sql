/*
code: F01
name: {zh: 申报量明显高于同类学校, en: Far above schools of its kind}
clause: [三(五)]
grain: district
severity: review
reads: [sessions, attendance, duties, schools]
claims: >
  In a month a school claims far more than schools of the same stage and a similar size: class hours per 100 pupils who
  came, per session or per service day, pupils per session, or adults per session.
spares: >
  Schools with few peers; months of few days; schools a little above; what is low. Sessions without a roll are left out of
  what is counted by pupils.
misses: A district in which most schools claim too much; a school that claims too much and calls too many pupils alike.
parameters:
  least_peers: {default: 8, why: The median and the spread of fewer schools are themselves chance.}
  size_factor: {default: 4, why: "Schools are compared in classes within which the pupils a day differ less than so many times; small schools have small groups."}
  least_days: {default: 10, why: In a short month one unusual week is all there is.}
  least_times:
    default: 1.3
    why: Less than a third above the median is a school's way of doing things, however alike the others are.
  least_spread:
    default: 0.1
    why: Schools that happen to agree to the last tenth make nobody an outlier.
  discovery_rate:
    default: 0.05
    why: Of the school-months named at most one in twenty is chance (Benjamini and Hochberg over the whole district's month).
says:
  zh: "{when} {found}；同类学校中位数 {expected}。"
  en: "{when}: {found}; the median of its peers is {expected}."
version: 1
*/
select
    day.school_id,
    array_to_string(school.stages, '+') as stages,
    to_char(day.service_date, 'YYYY-MM') as period,
    count(*)::integer as days,
    sum(day.class_hours_hundredths)::integer as class_hours_hundredths,
    sum(day.rolled_sessions)::integer as rolled_sessions,
    sum(day.rolled_class_hours_hundredths)::integer as rolled_class_hours_hundredths,
    sum(day.rolled_adults)::integer as rolled_adults,
    sum(day.came)::integer as came
from audit.school_day as day
inner join ledger.school on school.school_id = day.school_id and not school.sandbox
where
    day.school_id = any(:school_ids)
    and day.service_date >= date_trunc('month', :first_day::date)
    and day.service_date < date_trunc('month', :last_day::date) + interval '1 month'
group by day.school_id, school.stages, to_char(day.service_date, 'YYYY-MM')
