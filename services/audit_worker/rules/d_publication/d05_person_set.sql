/*
code: D05
name: {zh: 公示人员与台账不一致, en: Published people are not the ledger's}
clause: [一(二)2]
grain: school_month
severity: critical
reads: [publications, sessions, duties]
claims: A person is published with class hours and has no work in the month's ledger, or worked and is not published.
spares: A line of zero hours, for a person without work or with some (D04); a month that is not published.
misses: A person whose work was invented in the ledger too.
says:
  zh: "{when} 人员 {subject}：台账 {expected} 课时，公示 {found} 课时。"
  en: "{when}, {subject}: the ledger has {expected} class hours, {found} are published."
version: 4
*/
with published as (
    select
        publication.school_id,
        publication.period,
        publication.lines,
        publication.record_key
    from ledger.latest_publication as publication
    where
        publication.school_id = any(:school_ids)
        and publication.kind = 'monthly_workload'
        and publication.period between to_char(:first_day::date, 'YYYY-MM') and to_char(:last_day::date, 'YYYY-MM')
),

posted as (
    select
        published.school_id,
        published.period,
        published.record_key,
        line ->> 'staff_id' as staff_id,
        ((line ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths
    from published
    cross join lateral jsonb_array_elements(published.lines) as line
),

worked as (
    select
        worked.school_id,
        published.period,
        published.record_key,
        worked.staff_id,
        sum(worked.class_hours_hundredths) as class_hours_hundredths
    from audit.worked
    inner join published
        on published.school_id = worked.school_id and published.period = to_char(worked.service_date, 'YYYY-MM')
    where
        worked.school_id = any(:school_ids)
        and worked.service_date >= date_trunc('month', :first_day::date)
        and worked.service_date < date_trunc('month', :last_day::date) + interval '1 month'
    group by worked.school_id, published.period, published.record_key, worked.staff_id
    having sum(worked.class_hours_hundredths) > 0
)

select
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    null::date as service_date,
    period,
    coalesce(round(worked.class_hours_hundredths / 100.0, 2)::text, '0') as expected,
    coalesce(round(posted.class_hours_hundredths / 100.0, 2)::text, '0') as found,
    posted.class_hours_hundredths::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(coalesce(posted.record_key, worked.record_key) || '/' || staff_id)) as evidence
from posted
full join worked using (school_id, period, staff_id)
where posted.staff_id is null or (worked.staff_id is null and posted.class_hours_hundredths > 0)
