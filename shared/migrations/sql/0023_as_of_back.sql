-- What the version before does without.
drop view audit.known_finding;
alter table audit.finding_event drop column records;
drop function audit.school_day_of, audit.recorded_day_of, audit.stale_span, audit.school_day_figures, audit.recorded_day_figures;

create or replace function audit.consent_count_of(p_school_ids text[]) returns setof audit.consent_count
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'consents' and school_id = any(p_school_ids)
    )
    select * from audit.consent_count
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.consent_figures(array(select school_id from touched))
$$;

create or replace function audit.enrolment_of(p_school_ids text[]) returns setof audit.enrolment
language sql stable as $$
    with touched as materialized (
        select distinct school_id from ledger.outbox where resource = 'students' and school_id = any(p_school_ids)
    )
    select * from audit.enrolment
    where school_id = any(p_school_ids) and school_id not in (select school_id from touched)
    union all
    select * from audit.enrolment_figures(array(select school_id from touched))
$$;

create or replace view audit.touched_day with (security_invoker = true) as
select distinct outbox.school_id, day.service_date
from ledger.outbox
cross join lateral unnest(outbox.service_dates) as day (service_date)
where outbox.resource in ('sessions', 'attendance', 'duties');

do $$
declare
    kept text;
begin
    foreach kept in array array['entry', 'session_revision', 'attendance_revision', 'chain_entry'] loop
        execute format('drop policy as_it_was on ledger.%I', kept);
    end loop;
    drop policy as_it_was on audit.finding_event;
    foreach kept in array array[
        'service_day', 'pupil_day', 'pupil_week', 'enrolment', 'consent_count', 'recorded_day', 'school_day', 'work_day', 'work_month'
    ] loop
        execute format('drop policy of_now on audit.%I', kept);
    end loop;
end $$;

drop function audit.as_of;
