-- One row per school and date of the scope with any record that holds now: its slots, what the school says of the day.
insert into audit.recorded_day (school_id, service_date, slots, day_state, recorded_on)
select
    school_id,
    service_date,
    coalesce(array_agg(distinct slot order by slot) filter (where slot is not null), '{}'),
    max(day_state),
    (max(recorded_at) at time zone 'Asia/Shanghai')::date
from (
    select school_id, service_date, slot, null as day_state, recorded_at
    from ledger.session
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
    union all
    select school_id, service_date, null, null, recorded_at
    from ledger.roll
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
    union all
    select school_id, service_date, null, null, recorded_at
    from ledger.duty
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
    union all
    select school_id, service_date, null, state, recorded_at
    from ledger.day
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
) as record
group by school_id, service_date
