/*
code: F11
name: {zh: 课时逐周缓慢上升, en: Hours that creep up}
clause: [三(五)]
grain: school_term
severity: review
reads: [sessions, duties]
claims: >
  A person's class hours per service day rise week by week above the first weeks of the term, though each step is small:
  the sum of what is above the usual (CUSUM, in units of what the school's people differ from week to week) is high, the
  rise is steady, and no single step explains it.
spares: >
  A change of tasks (one step from a level to another); what the whole school does more of (its median rise is taken off);
  people with few weeks; schools with few people; rises of little.
misses: >
  A rise in one step; a rise of everybody; a rise that is over within a few weeks; one of less than some three deviations of
  what the school's people differ from week to week (half a class hour a day where rotas change daily: a rise of an hour
  and a half a day then shows after some sixteen weeks).
parameters:
  least_weeks: {default: 9, why: "Four weeks to learn what is usual, and five in which a rise can be steady."}
  usual_weeks: {default: 4, why: The first month's rota.}
  least_people: {default: 6, why: How much people differ from week to week is learnt from all of them.}
  least_week_days: {default: 3, why: Of a week with a holiday two days may be anybody's full ones.}
  least_deviation_hundredths: {default: 15, why: A rota that never changes makes no creep of a patrol more.}
  slack: {default: 0.5, why: "Half a deviation a week is for free, the usual choice for a shift of one deviation."}
  least_height:
    default: 8
    why: >
      A sum of honest weeks reaches it once in some 19,000 at that slack (5: once in 930); it is no test of its own, since
      four weeks do not tell exactly what is usual.
  steady:
    default: 0.05
    why: One high week at the end makes a slope; a rise is steady when so few orders of the same weeks rise so (Mann–Kendall).
  least_rise_hundredths: {default: 50, why: Half a class hour a day more than at the start; less is worth nobody's visit.}
  chance:
    default: 0.00001
    why: >
      Weeks of a person are not independent: of simulated honest schools whose classes change hands in mid-term one term in
      seven was flagged at 0.01, none at this; a creep of an hour and a half in sixteen weeks is far beyond it.
says:
  zh: "{when} {subject}：{found}；期初每日约 {expected}。"
  en: "{when}, {subject}: {found}; at the start it was {expected}."
version: 2
*/
with day as (
    select
        worked.school_id,
        term.term_id,
        date_trunc('week', worked.service_date)::date as week,
        worked.service_date,
        worked.staff_id,
        worked.class_hours_hundredths
    from audit.worked
    inner join ledger.term on worked.service_date between term.starts_on and term.ends_on
    where
        worked.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
),

served as (
    select school_id, term_id, week, count(distinct service_date) as days
    from day
    group by school_id, term_id, week
)

select
    day.school_id,
    day.term_id,
    day.week,
    day.staff_id,
    served.days::integer as days,
    sum(day.class_hours_hundredths)::integer as class_hours_hundredths
from day
inner join served
    on served.school_id = day.school_id and served.term_id = day.term_id and served.week = day.week
group by day.school_id, day.term_id, day.week, day.staff_id, served.days
