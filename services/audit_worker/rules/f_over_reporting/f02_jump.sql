/*
code: F02
name: {zh: 课时骤增而学生未增, en: "Hours jump, pupils do not"}
clause: [三(五)]
grain: school_term
severity: review
reads: [sessions, attendance, duties]
needs: [attendance]
claims: >
  A school's class hours per service day are far above those of the month before, by more than its days differ among each
  other, while the pupils who came per day rose by less than half as much.
spares: >
  Months with more service days (medians of days are compared); growth that pupils explain; months of few days; schools
  that keep no rolls; the first month of a term.
misses: A slow rise (F11 looks at people); hours that are too many from the first day on (F01); a jump within a month.
parameters:
  least_days: {default: 10, why: Of fewer days neither the usual nor the spread is known.}
  least_rise_percent: {default: 25, why: A slot for one more grade or a second adult in some rooms makes less.}
  least_spread: {default: 0.05, why: Schools whose days are all alike make no jump of a small change.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {found}；上月 {expected}。"
  en: "{when}: {found}; the month before it was {expected}."
version: 1
*/
select
    day.school_id,
    term.term_id,
    to_char(day.service_date, 'YYYY-MM') as period,
    day.class_hours_hundredths,
    day.came
from audit.school_day as day
inner join ledger.term on day.service_date between term.starts_on and term.ends_on
where
    day.school_id = any(:school_ids)
    and term.starts_on <= :last_day
    and term.ends_on >= :first_day
    and day.class_hours_hundredths > 0
    and day.came > 0
