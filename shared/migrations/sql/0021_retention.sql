-- What is kept how long: school years that lie in an archive.

-- The school years (the year in which they begin) whose sessions and rolls lie in files, as the district's chain says.
create function ledger.archived_years() returns integer[]
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(array_agg(year order by year), '{}')
    from (
        select distinct on (entry.key) entry.key::integer as year, entry.state
        from ledger.entry
        where entry.school_id = 'district' and entry.resource = 'archives'
        order by entry.key, entry.revision desc
    ) as latest
    where latest.state = 'recorded'
$$;

revoke execute on function ledger.archived_years from public;
grant execute on function ledger.archived_years to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- Which batches have how many rows in an archive: so that a verification knows what it does not find here, and takes nothing
-- that is missing for archived. The entry of the archive in the district's chain has the digest of its lines.
create table ledger.archived_batch (
    year integer not null,
    school_id text not null,
    batch_id uuid not null,
    rows integer not null,
    primary key (year, school_id, batch_id)
);

alter table ledger.archived_batch enable row level security, force row level security;
create policy owner_keeps on ledger.archived_batch to current_user using (true) with check (true);

-- sha256 over a year's lines `school batch rows`, in their order.
create function ledger.archived_batches_digest(p_year integer) returns bytea
language sql stable as $$
    select sha256(convert_to(
        coalesce(string_agg(concat_ws(' ', school_id, batch_id, rows), chr(10) order by school_id collate "C", batch_id), ''),
        'UTF8'
    ))
    from ledger.archived_batch
    where year = p_year
$$;

revoke execute on function ledger.archived_batches_digest from public;

-- As before, but for years that lie in an archive: what is recorded there is refused, not kept beside it.
create or replace function ledger.ensure_partitions(p_first_day date, p_last_day date) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    begun integer;
    parent text;
    partition_name text;
    made integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('ledger.ensure_partitions'));
    for begun in
        select generate_series(
            extract(year from p_first_day - interval '8 months')::integer,
            extract(year from p_last_day - interval '8 months')::integer
        )
    loop
        foreach parent in array array['ledger.session_revision', 'ledger.attendance_revision', 'audit.staff_day'] loop
            partition_name := parent || '_' || begun;
            if
                to_regclass(parent) is not null
                and to_regclass(partition_name) is null
                and (parent = 'audit.staff_day' or begun <> all (ledger.archived_years()))
            then
                execute format('create table %s (like %s including all)', partition_name, parent);
                execute format(
                    'alter table %s attach partition %s for values from (%L) to (%L)',
                    parent, partition_name, make_date(begun, 9, 1), make_date(begun + 1, 9, 1)
                );
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end $$;
