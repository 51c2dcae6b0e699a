-- One row per school and date of the scope with any record that holds now: its slots, what the school says of the day.
insert into audit.recorded_day (school_id, service_date, slots, day_state, recorded_on)
select school_id, service_date, slots, day_state, recorded_on
from audit.recorded_day_figures(:school_ids, :first_day, :last_day)
