-- Lays the schema of an empty, migrated database out over a cluster of Citus: docs/scale-out.md. Run once, on the coordinator, as
-- a superuser, after `create extension citus`, the nodes (citus_add_node) and `taizhang migrate`, and before the first record:
--   psql --set ON_ERROR_STOP=1 --single-transaction --file deploy/citus/distribute.sql taizhang
-- placement.yaml says the same by table; what is not named here stays whole on the coordinator.

-- What a transaction sets goes along to the nodes that it reaches. Only SET LOCAL does, not set_config(): hence the two
-- functions at the end.
do $$
begin
    execute format('alter database %I set citus.propagate_set_commands = %L', current_database(), 'local');
end $$;

-- A school's rows lie together, on one node: its chain, its records, what is derived of it.
select create_distributed_table('ledger.chain_head', 'school_id', colocate_with => 'none');
select create_distributed_table('ledger.chain_entry', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('ledger.entry', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('ledger.session_revision', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('ledger.attendance_revision', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.audited_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.recorded_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.school_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.service_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.pupil_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.pupil_week', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.enrolment', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.consent_count', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.work_day', 'school_id', colocate_with => 'ledger.chain_head');
select create_distributed_table('audit.work_month', 'school_id', colocate_with => 'ledger.chain_head');

-- A person's days lie together, whatever school they worked at.
select create_distributed_table('audit.staff_day', 'staff_id', colocate_with => 'none');

-- Row level security is looked at by the nodes, where the rows are: they have to know what the request may see.
create or replace function ledger.let_see(p_district text, p_stage text, p_schools text) returns void
language plpgsql as $$
begin
    execute format('set local taizhang.district = %L', p_district);
    execute format('set local taizhang.schools = %L', coalesce(ledger.schools_of_stage(p_stage), p_schools));
end $$;

create or replace function ledger.show(p_request ledger.request) returns text
language plpgsql as $$
begin
    execute format('set local taizhang.district = %L', case when p_request.district then 'on' else '' end);
    execute format('set local taizhang.schools = %L', p_request.visible_schools);
    return '';
end $$;
