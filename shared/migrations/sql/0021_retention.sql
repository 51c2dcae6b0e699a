-- What is kept how long: school years that lie in an archive, and pupils whose identity was erased.

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

-- Erasure (PIPL art. 47): the owner alone, by the one function below, puts in the place of what names a pupil what does not.
create policy owner_erases on ledger.entry for update to current_user using (resource in ('students', 'consents'));
create policy owner_erases on ledger.person for update to current_user using (resource = 'students');

-- Put a pseudonym in the place of a pupil's id, everywhere that it stands: the person behind the number in rolls, the register's
-- revisions, the consents; what only a person has (special needs, signature, reasons) goes, and the salts with it. Rejections that
-- repeat the id go whole. Returns the revisions as they are now, with what their leaves have; none when the school has no such pupil.
create function ledger.erase_pupil(p_school_id text, p_student_id text, p_pseudonym text) returns table (
    school_id text, resource text, key text, revision integer, service_date date, state text, content jsonb,
    leaf_key text, leaf_reason text
)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    if current_setting('taizhang.district', true) is distinct from 'on' then
        raise exception 'only the district erases' using errcode = 'TZ004';
    end if;
    update ledger.person
    set person_id = p_pseudonym
    where
        person.resource = 'students'
        and person.person_id = p_student_id
        and person.school_id = p_school_id
        and not starts_with(p_student_id, 'erased-');
    if not found then
        return;
    end if;
    -- An id has no character that means anything here but the full stop.
    delete from ledger.rejection
    where record ~ ('(^|[^A-Za-z0-9._:-])' || replace(p_student_id, '.', '\.') || '($|[^A-Za-z0-9._:-])');
    return query
    with named as materialized (
        select *
        from ledger.entry
        where
            entry.school_id = p_school_id
            and (
                entry.resource = 'students' and entry.key = p_student_id
                or entry.resource = 'consents' and split_part(entry.key, '/', 2) = p_student_id
            )
    ),
    erased as (
        update ledger.entry as kept
        set
            key = case when named.resource = 'students' then p_pseudonym else split_part(named.key, '/', 1) || '/' || p_pseudonym end,
            content = case
                when named.content ? 'student_id'
                    then (named.content - array['special_needs', 'signed_on', 'reason'])
                        || jsonb_build_object('student_id', p_pseudonym)
                else named.content
            end,
            reason = null,
            salt = null
        from named
        where
            kept.school_id = named.school_id
            and kept.resource = named.resource
            and kept.key = named.key
            and kept.revision = named.revision
        returning
            kept.school_id, kept.resource, kept.key, kept.revision, kept.service_date, kept.state, kept.content,
            ledger.blinded(named.salt, named.key), ledger.blinded(named.salt, named.reason)
    )
    select * from erased;
end $$;

revoke execute on function ledger.erase_pupil from public;
grant execute on function ledger.erase_pupil to taizhang_ledger;
