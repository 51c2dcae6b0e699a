-- What was held and who came is in audit.service_day, audit.pupil_day and audit.pupil_week; the rules have not looked yet.
alter table ledger.outbox add column service_rolled_up boolean not null default false;
grant select (service_rolled_up) on ledger.outbox to taizhang_reporting;

create or replace view audit.touched_day with (security_invoker = true) as
select distinct outbox.school_id, day.service_date
from ledger.outbox
cross join lateral unnest(outbox.service_dates) as day (service_date)
where outbox.resource in ('sessions', 'attendance', 'duties') and not outbox.service_rolled_up and (select audit.as_of() is null)
union
select school_id, service_date from ledger.session_revision
where (select audit.as_of() is not null)
union
select school_id, service_date from ledger.entry
where resource = 'duties' and service_date is not null and (select audit.as_of() is not null);
