/*
code: F13
name: {zh: 点名册缺席过少, en: Too few missing on the rolls}
clause: [一(一)6, 三(五)]
grain: school_month
severity: review
reads: [sessions, attendance]
needs: [attendance]
claims: >
  Over a month the rolls of a class, or those that one person took, call far fewer pupils missing than the other rolls of
  the same slot at that school; or they call pupils present whom other rolls of the same day call missing, far more often
  than the other rolls do.
spares: >
  Groups of few marks; schools with few groups; schools where nearly nobody is ever missing; what the school's own groups
  differ among each other (their spread is measured, and never taken for less than a usual one).
misses: >
  A school all of whose rolls are made up alike; a few pupils hidden in a month; groups that meet once a week; pupils who
  stand on one roll a day only and are hidden in part.
parameters:
  least_marks: {default: 200, why: Ten days of a class of twenty; with fewer marks nobody missing is no news.}
  least_groups: {default: 4, why: What is usual at the school is learnt from the other groups.}
  least_spread:
    default: 0.006
    why: >
      Illness lasts days, classes differ and fall ill together: of simulated honest classes the months spread like this or
      less in nine of ten schools. At 0.002 one honest school-month in 30 was flagged.
  chance:
    default: 0.002
    why: >
      Of honest school-months not more than this share are flagged, classes and people each; at 0.0005 a class with two of
      three hidden was missed at two of three schools.
says:
  zh: "{when} {subject} 点名册：{found}；按本校其他点名册应约 {expected}。"
  en: "{when}, rolls of {subject}: {found}; going by the school's other rolls, {expected}."
yields_to: [A11, F14]
version: 1
*/
select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    service_date,
    slot,
    group_key,
    taken_by,
    pupils_who_came,
    pupils_missing,
    roll_key
from ledger.rolled_within(
    :school_ids,
    date_trunc('month', :first_day::date)::date,
    (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
)
