-- The ledger: facts, append-only. Its writer may insert and read, nobody may update or delete a fact.
-- The rows that do move are named at the end: a school's chain head, the outbox, API clients.
create schema ledger;

do $$
declare
    service_role text;
begin
    foreach service_role in array array['taizhang_ledger', 'taizhang_audit', 'taizhang_reporting'] loop
        if not exists (select from pg_roles where rolname = service_role) then
            execute format('create role %I nologin', service_role);
        end if;
        if not pg_has_role(current_user, service_role, 'usage') then
            execute format('grant %I to current_user', service_role);
        end if;
    end loop;
end $$;

grant usage on schema ledger to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- One row per accepted request that wrote something: who sent what, when, and what became of it.
create table ledger.batch (
    batch_id uuid primary key,
    client_id text not null,
    resource text not null,
    schools text[] not null,
    body_digest bytea,
    received integer not null,
    created integer not null,
    revised integer not null,
    unchanged integer not null,
    request_id text,
    recorded_at timestamptz not null
);

-- An exact replay is recognised by its body before it is decoded.
create index batch_body_digest on ledger.batch (body_digest);

-- Where the span of a traced request is (W3C traceparent): the audit and the webhook go on from there. No fact: it goes after a while.
create table ledger.batch_trace (
    batch_id uuid primary key,
    traceparent text not null,
    noted_at timestamptz not null default now()
);

create index batch_trace_noted_at on ledger.batch_trace (noted_at);

-- What a request in partial mode was not given credit for: the record as sent and what was wrong, kept for a while.
-- school_id: whose client sent it; centre-… for a stage centre's, empty for the bureau's.
create table ledger.rejection (
    batch_id uuid not null,
    place integer not null,
    school_id text not null,
    resource text not null,
    client_id text not null,
    record text not null,
    errors jsonb not null,
    recorded_at timestamptz not null,
    primary key (batch_id, place)
);

create index rejection_recorded_at on ledger.rejection (recorded_at);

-- One row per batch and school: the school's proof that nothing was changed, dropped, added or reordered.
create table ledger.chain_entry (
    school_id text not null,
    seq bigint not null,
    batch_id uuid not null,
    resource text not null,
    records integer not null,
    revised integer not null,
    digest bytea not null,
    previous bytea not null,
    head bytea not null,
    recorded_at timestamptz not null,
    primary key (school_id, seq)
);

create index chain_entry_batch on ledger.chain_entry (batch_id);

-- The end of a school's chain; locking its row serialises the school's writes.
-- sealed_to: no later day was ever closed, nor lies in a month or term that was published or submitted; null when none was.
-- roll_version counts changes of the registers that a record is checked against (pupils, staff, slots, terms).
create table ledger.chain_head (
    school_id text primary key,
    seq bigint not null default 0,
    head bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000',
    roll_version integer not null default 0,
    sealed_to date,
    recorded_at timestamptz not null default '-infinity'
);

-- Terms, closures and providers belong to no school; their chain is the district's.
insert into ledger.chain_head (school_id) values ('district');

-- One row per revision of a register, a day, a duty or a document; the reading layer gives each its typed view.
-- key: the natural key within the school, parts joined by '/'. salt: of what names a pupil, what its digest and its leaf are
-- blinded with (append.sql); it goes when the pupil's identity is erased, and nobody can try names on the digests any more.
create table ledger.entry (
    school_id text not null,
    resource text not null,
    key text not null,
    revision integer not null,
    service_date date,
    state text not null check (state in ('recorded', 'void')),
    content jsonb not null,
    digest bytea not null,
    reason text,
    batch_id uuid not null,
    recorded_at timestamptz not null,
    salt uuid,
    primary key (school_id, resource, key, revision)
);

create index entry_service_date on ledger.entry (school_id, resource, service_date) where service_date is not null;

-- A person is looked up across schools: their register entry, and their leaves.
create index entry_staff on ledger.entry (key) where resource = 'staff';
create index entry_leave on ledger.entry ((content ->> 'staff_id')) where resource = 'leaves';

-- What a school has published or submitted for a month or a term.
create index entry_period on ledger.entry (school_id, coalesce(content ->> 'period', content ->> 'term_id'))
where resource in ('publications', 'submissions');

-- Ids that are unique in the district, with the school that registered them first, and the short number that rolls carry.
create table ledger.person (
    resource text not null check (resource in ('staff', 'students')),
    person_id text not null,
    school_id text not null,
    number integer not null generated always as identity,
    primary key (resource, person_id)
);

create unique index person_number on ledger.person (number);

-- One row per revision of a session; its staff are parallel arrays, one element a person.
create table ledger.session_revision (
    school_id text not null,
    service_date date not null,
    session_id text not null,
    revision integer not null,
    state text not null check (state in ('held', 'cancelled', 'void', 'moved')),
    slot text,
    starts_at time,
    ends_at time,
    activity text,
    category text,
    room text,
    grade smallint,
    class_no text,
    planned_headcount integer,
    headcount integer,
    staff_ids text[],
    staff_roles text[],
    staff_class_hours_hundredths integer[],
    staff_shares numeric[],
    staff_replaces text[],
    digest bytea not null,
    reason text,
    batch_id uuid not null,
    recorded_at timestamptz not null,
    primary key (school_id, service_date, session_id, revision)
) partition by range (service_date);

-- The natural key has no date: a session corrected to another day is found by this.
create index session_revision_natural_key on ledger.session_revision (school_id, session_id, revision);

-- One row per revision of a session's roll; pupils are sorted numbers (ledger.person), an empty list is null.
create table ledger.attendance_revision (
    school_id text not null,
    service_date date not null,
    session_id text not null,
    revision integer not null,
    state text not null check (state in ('recorded', 'void')),
    present integer[],
    late integer[],
    left_early integer[],
    absent integer[],
    excused integer[],
    taken_by text,
    taken_at timestamptz,
    digest bytea not null,
    reason text,
    batch_id uuid not null,
    recorded_at timestamptz not null,
    primary key (school_id, service_date, session_id, revision)
) partition by range (service_date);

-- What the audit still has to look at; written in the same commit as the facts.
create table ledger.outbox (
    outbox_id bigint generated always as identity primary key,
    school_id text not null,
    resource text not null,
    batch_id uuid not null,
    service_dates date[] not null,
    recorded_at timestamptz not null,
    -- The rules of a day have looked at it; those of weeks, months and terms have not.
    days_audited boolean not null default false
);

-- Programs that may sign in. The secret is kept as an argon2 hash only.
create table ledger.api_client (
    client_id text primary key,
    secret_hash text not null,
    kind text not null,
    name text,
    schools text[] not null default '{}',
    stage text,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- Public halves of the keys that sign access tokens: what every service verifies them with.
create table ledger.signing_key (
    kid text primary key,
    public_jwk jsonb not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz
);

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

-- School years (学年, from September) are made ahead, for whoever records a term or looks after the store; neither owns the tables.
-- A year is made apart and then attached: that waits for no reader and no writer of the years that are there, and none
-- of them for it. `create table … partition of` would shut them all out, and wait for one that waits for it.
-- Not for a year that lies in an archive: what is recorded of it is refused, not kept beside it.
create function ledger.ensure_partitions(p_first_day date, p_last_day date) returns integer
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

-- Rejections and traces are no facts: they go when nobody will ask for them any more.
create function ledger.drop_rejections(p_before timestamptz) returns bigint
language sql security definer set search_path = pg_catalog as $$
    with gone as (delete from ledger.rejection where recorded_at < p_before returning 1),
    untraced as (delete from ledger.batch_trace where noted_at < p_before)
    select count(*) from gone
$$;

-- Staff may serve at a school that is not theirs (走校): which of these ids does any school of the district know?
create function ledger.known_staff(p_staff_ids text[]) returns setof text
language sql stable security definer set search_path = pg_catalog as $$
    select person_id from ledger.person where resource = 'staff' and person_id = any (p_staff_ids)
$$;

-- What a stage centre sees, joined by commas: itself (centre-primary, centre-junior), and the schools that it looks after.
-- Null when no stage is asked for.
create function ledger.schools_of_stage(p_stage text) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select 'centre-' || p_stage || coalesce(',' || string_agg(school_id, ','), '')
    from (
        select distinct on (key) key as school_id, state, content
        from ledger.entry
        where resource = 'schools'
        order by key, revision desc
    ) as latest
    where state = 'recorded' and content -> 'stages' ? p_stage and left(school_id, 5) <> '99999'
    having p_stage is not null
$$;

-- Tenancy: a request names what it may see in two settings, taizhang.district ('on' or unset) and taizhang.schools
-- (ids joined by commas). A request that names nothing sees nothing. The audit sees the whole district.
do $$
declare
    kept text;
    seen constant text :=
        -- Who sees the district does not see the made-up schools of sandbox clients (99999…): no report counts them.
        '((select current_setting(''taizhang.district'', true)) = ''on'' and left(school_id, 5) <> ''99999'') '
        'or school_id = any ((select string_to_array(current_setting(''taizhang.schools'', true), '',''))::text[])';
begin
    foreach kept in array array[
        'chain_entry', 'chain_head', 'entry', 'session_revision', 'attendance_revision', 'outbox', 'person'
    ] loop
        -- Forced: the owner, too, reads by a policy and writes by none.
        execute format('alter table ledger.%I enable row level security, force row level security', kept);
        execute format('create policy owner_reads on ledger.%I for select to current_user using (true)', kept);
        execute format(
            'create policy read_own on ledger.%I for select to taizhang_ledger, taizhang_reporting using (%s or school_id = ''district'')',
            kept, seen
        );
        execute format('create policy write_own on ledger.%I for insert to taizhang_ledger with check (%s)', kept, seen);
        execute format('create policy audit_reads on ledger.%I for select to taizhang_audit using (true)', kept);
    end loop;
    execute format('create policy move_own on ledger.chain_head for update to taizhang_ledger using (%s)', seen);
    alter table ledger.rejection enable row level security, force row level security;
    execute format('create policy read_own on ledger.rejection for select to taizhang_ledger using (%s)', seen);
    execute format('create policy write_own on ledger.rejection for insert to taizhang_ledger with check (%s)', seen);
    create policy owner_drops on ledger.rejection to current_user using (true);
    alter table ledger.batch enable row level security, force row level security;
    create policy owner_reads on ledger.batch for select to current_user using (true);
    create policy read_own on ledger.batch for select to taizhang_ledger, taizhang_reporting using (
        ((select current_setting('taizhang.district', true)) = 'on' and left(schools[1], 5) is distinct from '99999')
        -- Who has a part in it sees it: its header is in their chain. What it wrote of others stays out of sight.
        or schools && ((select string_to_array(current_setting('taizhang.schools', true), ','))::text[] || 'district'::text)
    );
    create policy write_own on ledger.batch for insert to taizhang_ledger with check (true);
    create policy audit_reads on ledger.batch for select to taizhang_audit using (true);
    create policy audit_claims on ledger.outbox for all to taizhang_audit using (true);
end $$;

-- Erasure (PIPL art. 47): the owner alone, by one function (ledger.erase_pupil), puts in the place of what names a pupil what does not.
create policy owner_erases on ledger.entry for update to current_user using (resource in ('students', 'consents'));
create policy owner_erases on ledger.person for update to current_user using (resource = 'students');

grant select, insert on
    ledger.batch, ledger.chain_entry, ledger.entry, ledger.person, ledger.session_revision, ledger.attendance_revision,
    ledger.signing_key, ledger.rejection, ledger.batch_trace
to taizhang_ledger;
grant select on ledger.batch_trace to taizhang_audit;
grant select on
    ledger.batch, ledger.chain_entry, ledger.chain_head, ledger.entry, ledger.person,
    ledger.session_revision, ledger.attendance_revision, ledger.signing_key
to taizhang_audit, taizhang_reporting;

-- What may move, all of it: a school's chain head (inside an append), the outbox (claimed by the audit), API clients.
grant select, insert, update on ledger.chain_head to taizhang_ledger;
grant insert on ledger.outbox to taizhang_ledger;
grant select, update, delete on ledger.outbox to taizhang_audit;
grant select, insert, update on ledger.api_client to taizhang_ledger;
revoke execute on function
    ledger.ensure_partitions, ledger.known_staff, ledger.schools_of_stage, ledger.drop_rejections, ledger.archived_years
from public;
grant execute on function ledger.drop_rejections to taizhang_audit;
grant execute on function ledger.archived_years to taizhang_ledger, taizhang_audit, taizhang_reporting;
grant execute on function ledger.ensure_partitions to taizhang_ledger, taizhang_audit;
grant execute on function ledger.known_staff to taizhang_ledger;
grant execute on function ledger.schools_of_stage to taizhang_ledger, taizhang_reporting;
