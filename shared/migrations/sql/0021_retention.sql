-- What is kept how long: school years that lie in an archive, and pupils whose identity was erased.

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

-- Erasure (PIPL art. 47). Put a pseudonym in the place of a pupil's id, everywhere that it stands: the person behind the number in rolls, the register's
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
