-- One row per day of a school's period that is a service day or has any record: what the ledger has of it (每日报送).
-- recorded_on: the date of its newest record. Missing is never zero.
with held as (
    select
        service_date,
        sum(sessions) as sessions,
        sum(class_hours_hundredths) as class_hours_hundredths,
        sum(came) as came
    from audit.service_day_of(array[:school_id::text], :first_day, :last_day)
    group by service_date
),

stated as (
    select service_date, state, reason from ledger.day
    where school_id = :school_id and service_date between :first_day and :last_day
),

due as (
    select service_date from ledger.school_service_day
    where school_id = :school_id and service_date between :first_day and :last_day
)

select
    service_date,
    due.service_date is not null as is_service_day,
    held.service_date is not null or stated.service_date is not null as is_recorded,
    stated.state as day_state,
    stated.reason,
    held.sessions,
    held.class_hours_hundredths,
    held.came,
    recorded.recorded_on
from due
full join held using (service_date)
full join stated using (service_date)
left join audit.recorded_day_of(array[:school_id], :first_day, :last_day) as recorded using (service_date)
order by service_date
