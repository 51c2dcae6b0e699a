-- One row per person and held session or duty of a school and period: what the lines of a publication are added up from.
-- Source: 一(二)1 每位参与人员当月参与课后服务的日期、工作量（总课时数）.
with period as (
    select (:period || '-01')::date as first_day, ((:period || '-01')::date + interval '1 month - 1 day')::date as last_day
    where :kind = 'monthly_workload'
    union all
    select starts_on, ends_on
    from ledger.term
    where :kind = 'term_remuneration' and term_id = :period
)

select
    worked.record_key,
    worked.staff_id,
    worked.service_date,
    worked.class_hours_hundredths,
    worked.category,
    worked.duty_kind,
    worked.slot,
    worked.role,
    worked.headcount,
    staff.content ->> 'kind' as staff_kind
from period
inner join ledger.work_entry as worked on worked.service_date between period.first_day and period.last_day
left join ledger.current_entry as staff on staff.resource = 'staff' and staff.key = worked.staff_id
where worked.school_id = :school_id and worked.class_hours_hundredths > 0
order by worked.staff_id, worked.service_date, worked.record_key
