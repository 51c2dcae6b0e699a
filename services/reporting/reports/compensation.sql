-- One row per person and held session or duty of a school and period: what a pay line is computed from.
-- Source: 一(一)5 据实发放.
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
from ledger.work_entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as worked
left join ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as staff
    on staff.resource = 'staff' and staff.key = worked.staff_id
where worked.school_id = :school_id and worked.service_date between :first_day and :last_day
order by worked.staff_id, worked.service_date, worked.record_key
