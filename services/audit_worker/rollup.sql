-- One row per person, date and school of the scope: intervals, records and class hours of the held sessions and duties.
insert into audit.staff_day (
    school_id, service_date, staff_id, starts_at, ends_at, activities, rooms, record_keys, class_hours_hundredths_each,
    class_hours_hundredths
)
select
    school_id,
    service_date,
    staff_id,
    array_agg(starts_at order by starts_at, record_key),
    array_agg(ends_at order by starts_at, record_key),
    array_agg(coalesce(activity, '') order by starts_at, record_key),
    array_agg(coalesce(room, '') order by starts_at, record_key),
    array_agg(record_key order by starts_at, record_key),
    array_agg(class_hours_hundredths order by starts_at, record_key),
    sum(class_hours_hundredths)
from ledger.work_entry
where school_id = any(:school_ids) and service_date between :first_day and :last_day
group by school_id, service_date, staff_id
