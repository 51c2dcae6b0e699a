-- Measures (ANALYZE) the years of sessions and rolls that hold a day later than all that the planner has seen of them, and says
-- which. Of such a day it expects one row, whatever has come in, and joins the sessions of a district with all of its staff for
-- each session anew. Only an owner may measure.
create function audit.measure_days(p_last_day date) returns text[]
language plpgsql security definer set search_path = pg_catalog as $$
declare
    begun constant integer := extract(year from p_last_day - interval '8 months');
    unseen text[];
    name text;
begin
    select array_agg('ledger.' || class.relname order by class.relname) into unseen
    from pg_class as class
    where
        class.oid in (
            to_regclass('ledger.session_revision_' || begun), to_regclass('ledger.attendance_revision_' || begun)
        )
        and not exists (
            select from pg_stats
            where
                schemaname = 'ledger'
                and tablename = class.relname
                and attname = 'service_date'
                and p_last_day <= any(
                    coalesce(most_common_vals::text::date[], '{}') || coalesce(histogram_bounds::text::date[], '{}')
                )
        );
    foreach name in array coalesce(unseen, '{}') loop
        execute 'analyze ' || name;
    end loop;
    return coalesce(unseen, '{}');
end $$;
revoke execute on function audit.measure_days from public;
grant execute on function audit.measure_days to taizhang_audit;
