-- One row per date of a school and span of days with held sessions or duties: everybody's part in them, packed. From the
-- rollup, but for the days that a batch touched which the audit has not seen: it is in the outbox, and these days are taken
-- from the facts. As of an instant everything is.
with touched as (
    select distinct day.service_date
    from ledger.outbox
    cross join lateral unnest(outbox.service_dates) as day (service_date)
    where
        outbox.school_id = :school_id::text
        and outbox.resource in ('sessions', 'duties')
        and day.service_date between :first_day::date and :last_day::date
)

select work_day.work
from audit.work_day
where
    :as_of::timestamptz is null
    and work_day.school_id = :school_id
    and work_day.service_date between :first_day and :last_day
    and work_day.service_date not in (select service_date from touched)
union all
select found.work
from touched
cross join lateral ledger.work_within(array[:school_id], touched.service_date, touched.service_date, 'infinity') as found
where :as_of is null
union all
select found.work
from ledger.work_within(array[:school_id], :first_day, :last_day, :as_of) as found
where :as_of is not null
