/*
code: F15
name: {zh: 关账后更正多为增加课时, en: Corrections that favour one side}
clause: [一(一)6, 三(五)]
grain: school_month
severity: review
reads: [days, publications, submissions, sessions, duties]
claims: >
  Of a month's records that were entered or changed after closing, publication or submission so that their class hours
  changed, far more raise than lower them.
spares: Few such changes; changes that leave the class hours as they were; both ways alike.
misses: Hours raised before a day is closed; a school that closes and publishes nothing.
parameters:
  raised_percent:
    default: 60
    why: A forgotten entry is found more often than one too many; somebody misses the money.
  least_spread: {default: 0.02, why: Corrections come in bundles; one slip is made and put right several times.}
  chance:
    default: 0.002
    why: Of honest school-months not more than this share are flagged; fifteen that all raise are the fewest it names.
says:
  zh: "{when} 关账后更正：{found}；通常增加者约占 {expected}。"
  en: "{when}, changes after closing: {found}; usually {expected} raise the hours."
version: 1
*/
select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    split_part(record_key, '#', 1) as record,
    array_agg(record_key order by revision) as record_keys,
    sum(class_hours_hundredths_after - class_hours_hundredths_before)::integer as more_hundredths
from ledger.late_change
where
    school_id = any(:school_ids)
    and service_date >= date_trunc('month', :first_day::date)
    and service_date < date_trunc('month', :last_day::date) + interval '1 month'
    and class_hours_hundredths_after is not null
-- A record that was changed to and fro is one change, by what it came to.
group by school_id, to_char(service_date, 'YYYY-MM'), split_part(record_key, '#', 1)
having sum(class_hours_hundredths_after - class_hours_hundredths_before) <> 0
