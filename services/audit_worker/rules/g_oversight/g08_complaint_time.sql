/*
code: G08
name: {zh: 信访投诉处理超时或缺结果, en: Complaint handled late or without a result}
clause: [二(二), 三(五)]
grain: year
severity: high
reads: [complaints, staff, progress, terms]
claims: >
  A complaint was acknowledged or closed later than the office allows, or is neither though the time has passed; or it was
  closed without a result; or it was handled by a person of the school it is about.
spares: >
  A complaint that was closed in time to be acknowledged. A day that the office set for closing goes before the parameter.
misses: >
  Whether the result is right. What falls due after the last day of service of the school year. Now is the district's latest
  day of service in the ledger, and no clock. That no text names the reporter is held where it is entered.
parameters:
  acknowledge_days: {default: 15, why: The notice says in time; fifteen days is what offices for letters and visits promise.}
  close_days: {default: 60, why: The notice says in time; sixty days is what offices for letters and visits promise.}
says:
  zh: "投诉 {subject}：应为 {expected}，实际：{found}。"
  en: "Complaint {subject}: {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

-- Asked once, and only where something is due.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached from year
),

complaint as materialized (
    select
        *,
        case office
            when 'primary_centre' then 'centre-primary'
            when 'junior_centre' then 'centre-junior'
            else 'district'
        end as kept_by,
        received_on + :acknowledge_days::integer as acknowledge_by,
        coalesce(due_on, received_on + :close_days::integer) as close_by
    from ledger.complaint
    where left(school_id, 5) <> '99999'
),

step as (
    select
        kept_by, school_id, complaint_id, record_key, acknowledge_by as due_by, coalesce(acknowledged_on, closed_on) as done_on,
        'acknowledged' as what
    from complaint
    union all
    select kept_by, school_id, complaint_id, record_key, close_by, closed_on, 'closed'
    from complaint
),

wrong as (
    select
        step.kept_by,
        step.school_id,
        step.complaint_id,
        year.academic_year,
        step.what || ' by ' || step.due_by as expected,
        coalesce(step.what || ' on ' || step.done_on, 'not ' || step.what) as found,
        step.record_key
    from step
    inner join year on step.due_by > year.due_after and step.due_by <= year.ends_on
    where
        step.done_on > step.due_by
        or (step.done_on is null and step.due_by < (select progress.reached from progress where progress.academic_year = year.academic_year))
    union all
    select
        complaint.kept_by,
        complaint.school_id,
        complaint.complaint_id,
        year.academic_year,
        'a result when it is closed',
        'closed on ' || complaint.closed_on || ' without one',
        complaint.record_key
    from complaint
    inner join year on year.first_calendar_year = extract(year from complaint.received_on - interval '8 months')
    where complaint.closed_on is not null and complaint.outcome is null
    union all
    select
        complaint.kept_by,
        complaint.school_id,
        complaint.complaint_id,
        year.academic_year,
        'handled by the office',
        'handled by the school it is about',
        complaint.record_key
    from complaint
    inner join year on year.first_calendar_year = extract(year from complaint.received_on - interval '8 months')
    inner join ledger.staff on staff.school_id = complaint.school_id and staff.staff_id = complaint.handled_by
)

select
    kept_by as school_id,
    'complaint' as subject_kind,
    school_id || '/' || complaint_id as subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from wrong
