-- One row per school and date of the scope with held sessions or duties: what was claimed, and who came where a roll says it.
insert into audit.school_day (
    school_id, service_date, sessions, class_hours_hundredths, rolled_sessions, rolled_class_hours_hundredths, rolled_adults,
    came, missing
)
select
    school_id, service_date, sessions, class_hours_hundredths, rolled_sessions, rolled_class_hours_hundredths, rolled_adults,
    came, missing
from audit.school_day_figures(:school_ids, :first_day, :last_day)
