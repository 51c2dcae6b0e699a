/*
code: D04
name: {zh: 月公示与台账不一致, en: Published is not the ledger}
clause: [一(二)1, 一(二)2]
grain: school_month
severity: critical
reads: [publications, sessions, duties]
claims: A person's class hours in the month's publication differ from the ledger's.
spares: A person on one side only, or without any class hours in the ledger (D05); a month that is not published (D02).
misses: Hours that are wrong in the ledger and in the publication alike.
says:
  zh: "{when} 公示 {subject} {found} 课时，台账 {expected} 课时。"
  en: "{when}: {found} class hours of {subject} are published; the ledger has {expected}."
version: 4
*/
-- Each side once: the planner would work the ledger's out again for every publication.
with published as materialized (
    select
        publication.school_id,
        publication.period,
        publication.record_key,
        line ->> 'staff_id' as staff_id,
        ((line ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths
    from ledger.latest_publication as publication
    cross join lateral jsonb_array_elements(publication.lines) as line
    where
        publication.school_id = any(:school_ids)
        and publication.kind = 'monthly_workload'
        and publication.period between to_char(:first_day::date, 'YYYY-MM') and to_char(:last_day::date, 'YYYY-MM')
),

worked as materialized (
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
    having sum(class_hours_hundredths) > 0
)

select
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    null::date as service_date,
    period,
    round(worked.class_hours_hundredths / 100.0, 2)::text as expected,
    round(published.class_hours_hundredths / 100.0, 2)::text as found,
    greatest(published.class_hours_hundredths - worked.class_hours_hundredths, 0)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(published.record_key || '/' || staff_id)) as evidence
from published
inner join worked using (school_id, period, staff_id)
where published.class_hours_hundredths <> worked.class_hours_hundredths
