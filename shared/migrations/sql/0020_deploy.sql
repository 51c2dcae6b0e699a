-- Each service sees which version the schema has, and starts on none that it is too new for.
grant select on public.alembic_version to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- Let the transaction see what a request may see: the district ('on' or ''), the schools of a stage, else the schools named
-- (joined by commas). A function, so that a cluster can hand it on to its nodes (deploy/citus/distribute.sql).
create function ledger.let_see(p_district text, p_stage text, p_schools text) returns void
language plpgsql as $$
begin
    perform
        set_config('taizhang.district', p_district, true),
        set_config('taizhang.schools', coalesce(ledger.schools_of_stage(p_stage), p_schools), true);
end $$;
