-- One row per school and date of the scope with held sessions or duties: everybody's part in them, packed, and each person's
-- class hours of the day, which audit.staff_day has been told before.
insert into audit.work_day (school_id, service_date, work, staff_ids, class_hours_hundredths)
select found.school_id, found.service_date, found.work, person.staff_ids, person.class_hours_hundredths
from ledger.work_within(:school_ids::text[], :first_day::date, :last_day::date, 'infinity') as found
inner join (
    select
        school_id,
        service_date,
        array_agg(staff_id order by staff_id) as staff_ids,
        array_agg(class_hours_hundredths order by staff_id) as class_hours_hundredths
    from audit.staff_day
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
    group by school_id, service_date
) as person using (school_id, service_date)
returning school_id, service_date
