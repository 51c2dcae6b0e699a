-- Who read pupils' records, and when the ledger was last verified.

-- One row for each answer that names pupils: who asked, when, for whose pupils, how many; never which (PIPL).
-- Append-only: nobody is granted more than to read it, and one function adds to it.
create table ledger.pupil_reading (
    reading_id bigint generated always as identity primary key,
    read_at timestamptz not null default clock_timestamp(),
    client_id text not null,
    client_kind text not null,
    request_id text not null,
    resource text not null,
    school_ids text[] not null,
    records integer not null,
    of_one_pupil boolean not null
);

create index pupil_reading_school on ledger.pupil_reading using gin (school_ids);

-- Both HTTP services note it, before they answer; reporting, which writes nothing else, too.
create function ledger.note_reading(
    p_client_id text, p_client_kind text, p_request_id text, p_resource text, p_school_ids text[], p_records integer,
    p_of_one_pupil boolean
) returns void
language sql security definer set search_path = pg_catalog as $$
    insert into ledger.pupil_reading (
        client_id, client_kind, request_id, resource, school_ids, records, of_one_pupil
    )
    values (p_client_id, p_client_kind, p_request_id, p_resource, p_school_ids, p_records, p_of_one_pupil)
$$;

revoke execute on function ledger.note_reading from public;
grant execute on function ledger.note_reading to taizhang_ledger, taizhang_reporting;

-- Read by those who look after the district, and by nobody else: who looks into it is no school's to know.
alter table ledger.pupil_reading enable row level security, force row level security;
create policy owner_notes on ledger.pupil_reading to current_user using (true) with check (true);
create policy district_reads on ledger.pupil_reading for select to taizhang_reporting using (
    (select current_setting('taizhang.district', true)) = 'on'
);
grant select on ledger.pupil_reading to taizhang_reporting;

-- What each verification of the whole ledger came to; the alert about a broken chain reads the last one.
create table audit.verification (
    verification_id bigint generated always as identity primary key,
    verified_at timestamptz not null default clock_timestamp(),
    schools integer not null,
    broken_schools integer not null
);

grant select on audit.verification to taizhang_audit, taizhang_reporting;
