-- One row per month of a school and span of days that is summed and that no batch has touched since (workload), and per other
-- date with work (work, packed): what was done there. As of an instant everything is taken from the facts.
-- Source: 一(二)1 每位参与人员当月参与课后服务的日期、工作量（总课时数）.
with touched as (
    select distinct day.service_date
    from ledger.outbox
    cross join lateral unnest(outbox.service_dates) as day (service_date)
    where
        outbox.school_id = :school_id::text
        and outbox.resource in ('sessions', 'duties')
        and day.service_date between :first_day::date and :last_day::date
),

summed as (
    select month_starts_on, workload
    from audit.work_month
    where
        :as_of::timestamptz is null
        and school_id = :school_id
        and first_day >= :first_day
        and last_day <= :last_day
        and month_starts_on not in (select date_trunc('month', service_date)::date from touched)
)

select workload, null as work
from summed
union all
select null, work_day.work
from audit.work_day
where
    :as_of is null
    and work_day.school_id = :school_id
    and work_day.service_date between :first_day and :last_day
    and date_trunc('month', work_day.service_date)::date not in (select month_starts_on from summed)
    and work_day.service_date not in (select service_date from touched)
union all
select null, found.work
from touched
cross join lateral ledger.work_within(array[:school_id], touched.service_date, touched.service_date, 'infinity') as found
where :as_of is null
union all
select null, found.work
from ledger.work_within(array[:school_id], :first_day, :last_day, :as_of) as found
where :as_of is not null
