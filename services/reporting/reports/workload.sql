-- One row per staff member of a school and period: dates served and class hours, in all and by slot, category and role.
-- Source: 一(二)1 每位参与人员当月参与课后服务的日期、工作量（总课时数）.
with worked as (
    select *
    from ledger.work_entry_as_of(coalesce(:as_of::timestamptz, 'infinity'))
    where school_id = :school_id and service_date between :first_day and :last_day
),

by_slot as (
    select staff_id, coalesce(slot, 'duty') as part, sum(class_hours_hundredths) as hundredths
    from worked
    group by staff_id, coalesce(slot, 'duty')
),

by_category as (
    select staff_id, coalesce(category, duty_kind) as part, sum(class_hours_hundredths) as hundredths
    from worked
    group by staff_id, coalesce(category, duty_kind)
),

by_role as (
    select staff_id, coalesce(role, duty_kind) as part, sum(class_hours_hundredths) as hundredths
    from worked
    group by staff_id, coalesce(role, duty_kind)
)

select
    worked.staff_id,
    array_agg(distinct worked.service_date) as dates,
    sum(worked.class_hours_hundredths) as class_hours_hundredths,
    (select jsonb_object_agg(part, hundredths) from by_slot where by_slot.staff_id = worked.staff_id) as by_slot,
    (select jsonb_object_agg(part, hundredths) from by_category where by_category.staff_id = worked.staff_id) as by_category,
    (select jsonb_object_agg(part, hundredths) from by_role where by_role.staff_id = worked.staff_id) as by_role
from worked
where worked.staff_id > :after
group by worked.staff_id
order by worked.staff_id
limit :limit
