/*
code: F05
name: {zh: 月末课时激增, en: Hours heaped on the end of the month}
clause: [一(一)6]
grain: school_month
severity: review
reads: [sessions, duties, attendance]
claims: >
  Each of the last service days of a month has far more class hours than the same weekday otherwise has in that month, by
  more than the other days differ, and not more pupils.
spares: >
  Weekdays that are always full; days with more pupils; months of few days; months that the records do not yet bring to
  their end.
misses: >
  Hours heaped on the middle of a month; a month whose last recorded day is four or more days before its end; entries made
  late for earlier days (A03 and A04 say those).
parameters:
  last_days: {default: 3, why: A single fuller day is a concert; on three in a row a total was made up.}
  least_days: {default: 12, why: Each weekday is then seen twice or more.}
  least_rise_percent: {default: 25, why: An open day or a second adult in some rooms makes less.}
  least_spread: {default: 0.05, why: Schools whose days are all alike make no heap of a small change.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {found}；同一星期日的平日中位数为 {expected}。"
  en: "{when}: {found}; the same weekdays usually have {expected}."
version: 1
*/
select school_id, to_char(service_date, 'YYYY-MM') as period, service_date, class_hours_hundredths, came
from audit.school_day
where
    school_id = any(:school_ids)
    and service_date >= date_trunc('month', :first_day::date)
    and service_date < date_trunc('month', :last_day::date) + interval '1 month'
    and class_hours_hundredths > 0
