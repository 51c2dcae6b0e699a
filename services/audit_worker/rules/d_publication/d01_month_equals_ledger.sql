/*
code: D01
name: {zh: 月汇总日期与台账不一致, en: Dates of the month are not the ledger's}
clause: [一(二)1]
grain: school_month
severity: critical
reads: [publications, sessions, duties]
claims: >
  The dates that a person's line of the month's summary lists are not the dates of their class hours in the ledger: one
  without any work of theirs, or one left out. The month's publication is the summary that the school states.
spares: >
  A line that lists no dates; a date with work of no class hours, listed or not; a person whose hours differ too (D04)
  or who is on one side only (D05).
misses: A date that is wrong in the ledger and in the summary alike.
yields_to: [D04]
says:
  zh: "{when} {subject} 的服务日期与台账不一致：{found}（台账 {expected} 天）。"
  en: "{when}, dates of {subject}: {found}; the ledger has {expected} dates."
version: 2
*/
with listed as (
    select
        published.school_id,
        published.period,
        published.record_key || '/' || (line ->> 'staff_id') as record_key,
        line ->> 'staff_id' as staff_id,
        array(select distinct jsonb_array_elements_text(line -> 'dates')::date order by 1) as dates
    from ledger.latest_publication as published
    cross join lateral jsonb_array_elements(published.lines) as line
    where
        published.school_id = any(:school_ids)
        and published.kind = 'monthly_workload'
        and published.period between to_char(:first_day::date, 'YYYY-MM') and to_char(:last_day::date, 'YYYY-MM')
        and jsonb_typeof(line -> 'dates') = 'array'
),

worked as (
    select
        school_id,
        to_char(service_date, 'YYYY-MM') as period,
        staff_id,
        array_agg(service_date) as dates,
        array_agg(service_date order by service_date) filter (where class_hours_hundredths > 0) as dates_with_hours
    from audit.worked
    where
        school_id = any(:school_ids)
        and service_date >= date_trunc('month', :first_day::date)
        and service_date < date_trunc('month', :last_day::date) + interval '1 month'
    group by school_id, to_char(service_date, 'YYYY-MM'), staff_id
),

compared as (
    select
        listed.*,
        worked.dates_with_hours,
        array(select unnest(listed.dates) except select unnest(worked.dates) order by 1) as without_work,
        array(select unnest(worked.dates_with_hours) except select unnest(listed.dates) order by 1) as left_out
    from listed
    inner join worked using (school_id, period, staff_id)
    where worked.dates_with_hours is not null
)

select
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    null::date as service_date,
    period,
    cardinality(dates_with_hours)::text as expected,
    concat_ws(
        '; ',
        'without work ' || nullif(array_to_string(without_work, ', '), ''),
        'left out ' || nullif(array_to_string(left_out, ', '), '')
    ) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object(
            'listed', to_jsonb(dates), 'in_the_ledger', to_jsonb(dates_with_hours),
            'without_work', to_jsonb(without_work), 'left_out', to_jsonb(left_out)
        )
    ) as evidence
from compared
where without_work <> '{}' or left_out <> '{}'
