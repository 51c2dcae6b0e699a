/*
code: F10
name: {zh: 整日台账雷同, en: A day that copies another}
clause: [一(一)6]
grain: school_month
severity: review
reads: [sessions, attendance]
needs: [attendance]
claims: >
  Two days of a month agree in nearly all their sessions in how many pupils came, came late, left early and were missing,
  which other pairs of days at that school do not.
spares: >
  The same rota and the same staff on other days, which is normal; schools at which numbers always agree (all pupils there);
  days with few sessions.
misses: A day copied and changed in more than one session of ten; days of different months.
parameters:
  least_sessions: {default: 6, why: Five numbers agree now and then where few are missing.}
  alike_percent: {default: 90, why: A copy with a session or two put right is a copy; honest pairs agree in a fifth.}
  least_spread: {default: 0.02, why: On some days hardly anybody is missing anywhere and many numbers agree.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} 的台账：{found}；其他任两日平均 {expected}。"
  en: "The day {when}: {found}; other pairs of days agree in {expected}."
version: 1
*/
select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    service_date,
    session_id,
    group_key,
    array[headcount, came, late, left_early, missing] as numbers,
    record_key,
    roll_key
from ledger.rolled_within(
    :school_ids,
    date_trunc('month', :first_day::date)::date,
    (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
)
