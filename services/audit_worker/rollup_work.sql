-- One row per school and date of the scope with held sessions or duties: everybody's part in them, packed.
insert into audit.work_day (school_id, service_date, work)
select school_id, service_date, work
from ledger.work_within(:school_ids::text[], :first_day::date, :last_day::date, 'infinity')
returning school_id, service_date
