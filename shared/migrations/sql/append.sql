-- The append: three functions (entries, sessions, rolls), one shape. Each takes what a batch says as parallel arrays
-- and, in the caller's one transaction: locks the chain heads of its schools in order, refuses if a roll it was checked
-- against has moved, writes what is new or different, links each school's chain, leaves an outbox row a school, and
-- returns one row a school. A school that learns nothing new gets no chain entry.

-- What every append is told beside its rows.
create type ledger.request as (
    batch_id uuid,
    client_id text,
    request_id text,
    district boolean,
    visible_schools text,
    body_digest bytea,
    received integer,
    schools text[],
    roll_versions integer[],
    traceparent text
);

-- What every append answers, a row a school; where nothing is new, one row that only says when that was so.
create type ledger.appended as (
    school_id text,
    seq bigint,
    head bytea,
    created integer,
    revised integer,
    recorded_at timestamptz
);

-- A record that a batch revises, on a day that the revision touches; key: as in the record's leaf.
create type ledger.revised as (
    school_id text,
    service_date date,
    key text
);

-- Whether a revision says nothing of why it is made; a reason of spaces says nothing.
create function ledger.unexplained(p_reason text) returns boolean
language sql immutable parallel safe as $$
    select coalesce(btrim(p_reason, E' \t\r\n\u3000'), '') = ''
$$;

-- The name of a record in a chain entry: canonical JSON, so that anyone can rebuild the bytes.
-- p_number: the short number that rolls carry, in a person's first leaf; so that nobody can exchange two people's numbers.
create function ledger.leaf(
    p_resource text, p_key text, p_revision integer, p_digest bytea, p_reason text, p_number integer default null
) returns text
language sql stable parallel safe as $$
    select '[' || to_json(p_resource)::text || ',' || to_json(p_key)::text || ',' || p_revision::text
        || ',"' || encode(p_digest, 'hex') || '",' || coalesce(to_json(p_reason)::text, 'null')
        || coalesce(',' || p_number, '') || ']'
$$;

-- The digest and the words of what names a pupil, blinded with the record's own salt; of anything else (no salt), as they are.
-- Without the salt nobody can tell whom they named by trying names.
create function ledger.salted(p_salt uuid, p_digest bytea) returns bytea
language sql immutable parallel safe as $$
    select case when p_salt is null then p_digest else sha256(uuid_send(p_salt) || p_digest) end
$$;

create function ledger.blinded(p_salt uuid, p_words text) returns text
language sql stable parallel safe as $$
    select case when p_salt is null then p_words else encode(sha256(uuid_send(p_salt) || convert_to(p_words, 'UTF8')), 'hex') end
$$;

-- What became of a body that this client sent before, if nothing of its schools was corrected since; else no row.
create function ledger.replayed(p_request ledger.request, p_resource text) returns table (
    batch_id uuid, received integer, school_id text, seq bigint, head bytea, created integer, revised integer,
    recorded_at timestamptz
)
language plpgsql as $$
declare
    shown text;
begin
    shown := ledger.show(p_request);
    -- created and revised are 0: a replay writes nothing.
    return query
    with earlier as (
        select batch.batch_id, batch.received, batch.recorded_at
        from ledger.batch
        where
            batch.body_digest = p_request.body_digest
            and batch.resource = p_resource
            and batch.client_id = p_request.client_id
        order by batch.recorded_at desc
        limit 1
    )
    select
        earlier.batch_id, earlier.received, chain_entry.school_id, chain_entry.seq, chain_entry.head, 0, 0, earlier.recorded_at
    from earlier
    inner join ledger.chain_entry on chain_entry.batch_id = earlier.batch_id
    where not exists (
        select from ledger.chain_entry as own
        inner join ledger.chain_entry as later on later.school_id = own.school_id and later.seq > own.seq
        where own.batch_id = earlier.batch_id and later.resource = p_resource and later.revised > 0
    )
    order by chain_entry.school_id;
end $$;

-- Let the transaction see what the request may see. Assigned and not performed: an expression costs a tenth of a query.
create function ledger.show(p_request ledger.request) returns text
language plpgsql as $$
begin
    return set_config('taizhang.district', case when p_request.district then 'on' else '' end, true)
        || set_config('taizhang.schools', p_request.visible_schools, true);
end $$;

-- What a batch finds when its schools are locked: when this is, later than anything they recorded before; the last day that
-- any of them may have sealed (chain_head.sealed_to), null when there is none.
create type ledger.opened as (
    moment timestamptz,
    sealed_to date
);

-- Take the locks, in the order of the request's schools, which everybody sorts alike.
create function ledger.open_batch(p_request ledger.request) returns ledger.opened
language plpgsql as $$
declare
    shown text;
    latest timestamptz;
    sealed_to date;
    head record;
begin
    shown := ledger.show(p_request);
    for place in 1 .. cardinality(p_request.schools) loop
        select chain_head.roll_version, chain_head.recorded_at, chain_head.sealed_to
        into head
        from ledger.chain_head
        where school_id = p_request.schools[place]
        for update;
        if not found then
            raise exception 'unknown school' using errcode = 'TZ002';
        end if;
        if head.roll_version <> p_request.roll_versions[place] then
            raise exception 'roll of % has moved', p_request.schools[place] using errcode = 'TZ001';
        end if;
        latest := greatest(latest, head.recorded_at);
        sealed_to := greatest(sealed_to, head.sealed_to);
    end loop;
    return row(greatest(clock_timestamp(), latest + interval '1 microsecond'), sealed_to)::ledger.opened;
end $$;

-- Of the records that a batch revises without a reason: those on a day that the school had closed, or in a month or term
-- that it had published or submitted. One object a record and day, at most 10,000: school_id, key, date, sealed_by (the
-- records that say so); null when there is none. Asked under the school's lock, so that no closing slips in between.
-- The owner's rights: only so does an expression reach its index; the schools are those of the caller's own batch.
create function ledger.sealed(p_batch_id uuid, p_revised ledger.revised[]) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
begin
    return (
        with day as materialized (
            select distinct
                revised.school_id, revised.service_date, revised.service_date::text as key,
                array[to_char(revised.service_date, 'YYYY-MM')] || array(
                    select term.key
                    from ledger.current_entry as term
                    where
                        term.school_id = 'district'
                        and term.resource = 'terms'
                        and revised.service_date between (term.content ->> 'starts_on')::date and (term.content ->> 'ends_on')::date
                ) as periods
            from unnest(p_revised) as revised
        ),
        sealed as (
            select day.school_id, day.service_date, string_agg(seal.record_key, ', ' order by seal.record_key) as sealed_by
            from day
            cross join lateral (
                select 'days/' || latest.school_id || '/' || latest.key || '#' || latest.revision as record_key
                from (
                    select *
                    from ledger.entry
                    where
                        entry.school_id = day.school_id
                        and entry.resource = 'days'
                        and entry.key = day.key
                        -- What holds is what held before: a batch of days asks about the days that it changes.
                        and entry.batch_id <> p_batch_id
                    order by entry.revision desc
                    limit 1
                ) as latest
                where latest.state = 'recorded' and latest.content ->> 'state' = 'closed'
                union all
                select document.resource || '/' || document.key || '#' || document.revision
                from ledger.entry as document
                where
                    document.school_id = day.school_id
                    and document.resource in ('publications', 'submissions')
                    and coalesce(document.content ->> 'period', document.content ->> 'term_id') = any (day.periods)
                    and document.state = 'recorded'
                    and not exists (
                        select from ledger.entry as later
                        where
                            later.school_id = document.school_id
                            and later.resource = document.resource
                            and later.key = document.key
                            and later.revision > document.revision
                    )
            ) as seal
            group by day.school_id, day.service_date
        )
        select jsonb_agg(jsonb_build_object(
            'school_id', named.school_id, 'key', named.key, 'date', named.service_date, 'sealed_by', named.sealed_by
        ))
        from (
            select revised.school_id, revised.key, revised.service_date, sealed.sealed_by
            from unnest(p_revised) as revised
            inner join sealed on sealed.school_id = revised.school_id and sealed.service_date = revised.service_date
            limit 10000
        ) as named
    );
end $$;

revoke execute on function ledger.sealed from public;
grant execute on function ledger.sealed to taizhang_ledger;

-- A correction of what is closed or published says why (一(一)6, 一(二)2): raises TZ005 with the records that do not, else
-- true. p_unexplained: the revisions of a batch without a reason.
create function ledger.require_reasons(p_batch_id uuid, p_unexplained ledger.revised[]) returns boolean
language plpgsql as $$
declare
    sealed constant jsonb := ledger.sealed(p_batch_id, p_unexplained);
begin
    if sealed is not null then
        raise exception 'a reason is needed' using errcode = 'TZ005', detail = sealed::text;
    end if;
    return true;
end $$;

-- Link a school's chain to what a batch wrote of it, and leave the audit its work. Short statements, a school at a time: most
-- batches are of one school, and a plan for all of them would cost each of those more than it saves the others.
-- p_leaves: the leaves of the school's records in key order, joined by newlines.
create function ledger.link(
    p_request ledger.request,
    p_resource text,
    p_recorded_at timestamptz,
    p_moves_roll boolean,
    p_school_id text,
    p_leaves text,
    p_created integer,
    p_revised integer,
    p_service_dates date[]
) returns ledger.appended
language plpgsql as $$
declare
    -- One expression, one header: what it costs to begin an expression is paid by each batch.
    digest_now constant bytea := sha256(convert_to(concat(
        '["', p_request.batch_id, '",', to_json(p_request.client_id), ',', to_json(p_resource), ',',
        coalesce(to_json(p_request.request_id)::text, 'null'), ',',
        coalesce('"' || encode(p_request.body_digest, 'hex') || '"', 'null'), ',', p_request.received, ',',
        p_created + p_revised, ',', p_revised, ',', (extract(epoch from p_recorded_at) * 1000000)::bigint, ']', chr(10),
        p_leaves
    ), 'UTF8'));
    previous bytea;
    linked record;
begin
    -- Read beforehand, under the lock: PostgreSQL returns what an update replaces only from 18 on.
    select chain_head.head into previous from ledger.chain_head where school_id = p_school_id;
    update ledger.chain_head
    set
        seq = seq + 1,
        head = sha256(head || digest_now),
        recorded_at = p_recorded_at,
        roll_version = roll_version + p_moves_roll::integer
    where school_id = p_school_id
    returning chain_head.seq, chain_head.head
    into linked;
    insert into ledger.chain_entry values (
        p_school_id, linked.seq, p_request.batch_id, p_resource, p_created + p_revised, p_revised, digest_now,
        previous, linked.head, p_recorded_at
    );
    insert into ledger.outbox (school_id, resource, batch_id, service_dates, recorded_at)
    values (p_school_id, p_resource, p_request.batch_id, p_service_dates, p_recorded_at);
    return row(p_school_id, linked.seq, linked.head, p_created, p_revised, p_recorded_at)::ledger.appended;
end $$;

-- Where a traced request's span is, for the audit to go on from.
create function ledger.trace_batch(p_request ledger.request) returns void
language plpgsql as $$
begin
    if p_request.traceparent is not null then
        insert into ledger.batch_trace (batch_id, traceparent) values (p_request.batch_id, p_request.traceparent);
    end if;
end $$;

-- Link the chain of each school that learnt something (p_schools; null when none did), and note the batch. The rest as in
-- `link`, one a school.
create function ledger.close_batch(
    p_request ledger.request,
    p_resource text,
    p_recorded_at timestamptz,
    p_moves_roll boolean,
    p_schools text[],
    p_leaves text[],
    p_created integer[],
    p_revised integer[],
    p_service_dates text[]
) returns ledger.appended[]
language plpgsql as $$
declare
    appended ledger.appended[];
    created integer := 0;
    revised integer := 0;
begin
    if p_schools is null then
        return array[row(null, null, null, 0, 0, p_recorded_at)::ledger.appended];
    end if;
    for place in 1 .. cardinality(p_schools) loop
        appended := appended || ledger.link(
            p_request, p_resource, p_recorded_at, p_moves_roll, p_schools[place], p_leaves[place], p_created[place],
            p_revised[place], p_service_dates[place]::date[]
        );
        created := created + p_created[place];
        revised := revised + p_revised[place];
    end loop;
    insert into ledger.batch values (
        p_request.batch_id, p_request.client_id, p_resource, p_schools, p_request.body_digest, p_request.received,
        created, revised, p_request.received - created - revised, p_request.request_id, p_recorded_at
    );
    perform ledger.trace_batch(p_request);
    return appended;
end $$;

-- Registers, days, duties and documents, each column one array literal. A digest that the latest revision already has is unchanged and writes nothing.
create function ledger.append_entries(
    p_request ledger.request,
    p_resource text,
    p_moves_roll boolean,
    p_school_ids text,
    p_keys text,
    p_service_dates text,
    p_states text,
    p_contents text,
    p_digests text,
    p_reasons text
) returns setof ledger.appended
language plpgsql as $$
declare
    shown text;
    opened ledger.opened;
    this_moment timestamptz;
    sums record;
    explained boolean;
    taken text;
    linked ledger.appended;
begin
    if p_resource = 'schools' then
        shown := ledger.show(p_request);
        insert into ledger.chain_head (school_id)
        select unnest(p_request.schools)
        on conflict do nothing;
    end if;
    opened := ledger.open_batch(p_request);
    this_moment := opened.moment;

    if p_resource in ('staff', 'students') then
        -- In one order for everybody: an id that another school is just registering is waited for.
        insert into ledger.person (resource, person_id, school_id)
        select p_resource, incoming.key, incoming.school_id
        from unnest(p_school_ids::text[], p_keys::text[]) as incoming (school_id, key)
        order by incoming.key
        on conflict do nothing;
        -- Another school's row is out of sight here: what cannot be seen after the insert is theirs.
        -- By look-ups and not by a join: the plan may have been made while the register was empty.
        select incoming.key
        into taken
        from unnest(p_school_ids::text[], p_keys::text[]) as incoming (school_id, key)
        where incoming.school_id is distinct from (
            select person.school_id
            from ledger.person
            where person.resource = p_resource and person.person_id = incoming.key
        )
        limit 1;
        if taken is not null then
            raise exception '%', taken using errcode = 'TZ003';
        end if;
    end if;

    with incoming as (
        select *
        from unnest(p_school_ids::text[], p_keys::text[], p_service_dates::date[], p_states::text[], p_contents::text[], p_digests::bytea[], p_reasons::text[])
            as incoming (school_id, key, service_date, state, content, digest, reason)
    ),
    changed as materialized (
        select
            incoming.*, coalesce(latest.revision, 0) + 1 as revision, latest.service_date as left_date,
            case when p_resource in ('students', 'consents') then gen_random_uuid() end as salt
        from incoming
        left join lateral (
            select entry.revision, entry.digest, entry.service_date, entry.salt
            from ledger.entry
            where entry.school_id = incoming.school_id and entry.resource = p_resource and entry.key = incoming.key
            order by entry.revision desc
            limit 1
        ) as latest on true
        where latest.digest is distinct from ledger.salted(latest.salt, incoming.digest)
    ),
    written as (
        insert into ledger.entry
        select
            school_id, p_resource, key, revision, service_date, state, content::jsonb, ledger.salted(salt, digest), reason,
            p_request.batch_id, this_moment, salt
        from changed
    ),
    by_school as (
        select
            changed.school_id,
            string_agg(
                ledger.leaf(
                    p_resource, ledger.blinded(salt, key), revision, ledger.salted(salt, digest), ledger.blinded(salt, reason), number
                ),
                chr(10) order by ledger.blinded(salt, key) collate "C", revision
            ) as leaves,
            (count(*) filter (where revision = 1))::integer as created,
            (count(*) filter (where revision > 1))::integer as revised,
            -- A duty that comes back with another date changes the day it left as well.
            (
                coalesce(array_agg(distinct service_date) filter (where service_date is not null), '{}')
                || coalesce(array_agg(distinct left_date) filter (where left_date <> service_date), '{}')
            )::text as service_dates
        from (
            select
                changed.*,
                case when changed.revision = 1 then (
                    select person.number
                    from ledger.person
                    where person.resource = p_resource and person.person_id = changed.key
                ) end as number
            from changed
        ) as changed
        group by changed.school_id
    )
    select
        array_agg(school_id order by school_id) as schools, array_agg(leaves order by school_id) as leaves,
        array_agg(created order by school_id) as created, array_agg(revised order by school_id) as revised,
        array_agg(service_dates order by school_id) as service_dates,
        (
            select array_agg(row (school_id, touched.service_date, key)::ledger.revised)
            from changed
            cross join lateral (
                select changed.service_date
                union
                select changed.left_date
            ) as touched
            where revision > 1 and p_resource in ('days', 'duties') and ledger.unexplained(reason)
        ) as unexplained
    into sums
    from by_school;

    explained := sums.unexplained is null or opened.sealed_to is null or ledger.require_reasons(p_request.batch_id, sums.unexplained);

    -- A school may enter a term or a provider that nobody has yet; what all rely on is changed by the bureau alone.
    -- A stage centre's own is its own to change: their keys begin with the stage, which the API holds against the caller's.
    if
        not p_request.district
        and sums.schools[1] = 'district'
        and sums.revised[1] > 0
        and p_resource not in ('review-schemes', 'indicator-sets')
    then
        raise exception '%', p_resource using errcode = 'TZ004';
    end if;

    if p_resource in ('days', 'publications', 'submissions') then
        update ledger.chain_head
        set sealed_to = greatest(chain_head.sealed_to, sealing.sealed_to)
        from (
            select
                incoming.school_id,
                max(
                    case
                        when p_resource = 'days' then incoming.service_date
                        when incoming.content ->> 'period' ~ '^\d{4}-(0[1-9]|1[0-2])$'
                            then ((incoming.content ->> 'period') || '-01')::date + interval '1 month -1 day'
                        -- A term's dates can still be corrected.
                        else 'infinity'
                    end
                )::date as sealed_to
            from unnest(p_school_ids::text[], p_service_dates::date[], p_contents::jsonb[])
                as incoming (school_id, service_date, content)
            where p_resource <> 'days' or incoming.content ->> 'state' = 'closed'
            group by incoming.school_id
        ) as sealing
        where chain_head.school_id = sealing.school_id;
    end if;

    if p_resource = 'terms' then
        perform ledger.ensure_partitions((content::jsonb ->> 'starts_on')::date, (content::jsonb ->> 'ends_on')::date)
        from unnest(p_contents::text[]) as content;
    end if;

    foreach linked in array ledger.close_batch(
        p_request, p_resource, this_moment, p_moves_roll,
        sums.schools, sums.leaves, sums.created, sums.revised, sums.service_dates
    ) loop
        return next linked;
    end loop;
end $$;

-- Sessions. One that comes back with another date leaves a 'moved' revision on the day it left.
-- Each column is one array literal. A column that does not travel says the same of every record: the batch's one school, 'held', nothing.
-- p_staff_…: one array literal a session, so that ragged lists travel as flat ones.
create function ledger.append_sessions(
    p_request ledger.request,
    p_first_day date,
    p_last_day date,
    p_school_ids text,
    p_service_dates text,
    p_session_ids text,
    p_states text,
    p_slots text,
    p_starts_at text,
    p_ends_at text,
    p_activities text,
    p_categories text,
    p_rooms text,
    p_grades text,
    p_class_nos text,
    p_planned_headcounts text,
    p_headcounts text,
    p_staff_ids text,
    p_staff_roles text,
    p_staff_class_hours_hundredths text,
    p_staff_shares text,
    p_staff_replaces text,
    p_digests text,
    p_reasons text
) returns setof ledger.appended
language plpgsql as $$
declare
    opened ledger.opened;
    this_moment timestamptz;
    sums record;
    explained boolean;
    linked ledger.appended;
begin
    opened := ledger.open_batch(p_request);
    this_moment := opened.moment;

    -- Materialized: row level security lets a plain column reach the index, and no expression that might fail.
    with incoming as materialized (
        select
            coalesce(school_id, p_request.schools[1]) as school_id, service_date, session_id, coalesce(state, 'held') as state,
            slot, starts_at, ends_at, activity, category, room, grade, class_no, planned_headcount, headcount, staff_ids,
            staff_roles, staff_class_hours_hundredths, staff_shares, staff_replaces, digest, reason
        from unnest(
            p_school_ids::text[], p_service_dates::date[], p_session_ids::text[], p_states::text[], p_slots::text[], p_starts_at::text[], p_ends_at::text[], p_activities::text[],
            p_categories::text[], p_rooms::text[], p_grades::smallint[], p_class_nos::text[], p_planned_headcounts::integer[], p_headcounts::integer[], p_staff_ids::text[], p_staff_roles::text[],
            p_staff_class_hours_hundredths::text[], p_staff_shares::text[], p_staff_replaces::text[], p_digests::bytea[], p_reasons::text[]
        ) as incoming (
            school_id, service_date, session_id, state, slot, starts_at, ends_at, activity,
            category, room, grade, class_no, planned_headcount, headcount, staff_ids, staff_roles,
            staff_class_hours_hundredths, staff_shares, staff_replaces, digest, reason
        )
    ),
    changed as materialized (
        select
            incoming.*,
            coalesce(latest.revision, 0) as latest_revision,
            latest.service_date as latest_date,
            coalesce(latest.state in ('held', 'cancelled') and latest.service_date <> incoming.service_date, false) as moves
        from incoming
        left join lateral (
            select revision, service_date, digest, state
            from ledger.session_revision
            where
                session_revision.school_id = incoming.school_id
                and session_revision.session_id = incoming.session_id
                and session_revision.service_date between p_first_day and p_last_day
            order by revision desc
            limit 1
        ) as latest on true
        where latest.digest is distinct from incoming.digest
    ),
    written as (
        insert into ledger.session_revision
        select
            school_id, service_date, session_id, latest_revision + 1 + moves::integer, state, slot, starts_at::time, ends_at::time,
            activity, category, room, grade, class_no, planned_headcount, headcount, staff_ids::text[], staff_roles::text[],
            staff_class_hours_hundredths::integer[], staff_shares::numeric[], staff_replaces::text[], digest, reason,
            p_request.batch_id, this_moment
        from changed
        union all
        select
            school_id, latest_date, session_id, latest_revision + 1, 'moved', null, null, null,
            null, null, null, null, null, null, null, null, null,
            null, null, null,
            sha256(convert_to(
                '["' || school_id || '","' || latest_date || '","' || session_id || '","moved"]', 'UTF8'
            )),
            reason, p_request.batch_id, this_moment
        from changed
        where moves
        returning school_id, service_date, session_id, revision, digest, state, reason
    ),
    by_school as (
        select
            school_id,
            string_agg(
                ledger.leaf('sessions', session_id, revision, digest, reason), chr(10) order by session_id collate "C", revision
            ) as leaves,
            (count(*) filter (where revision = 1))::integer as created,
            (count(*) filter (where revision > 1 and state <> 'moved'))::integer as revised,
            array_agg(distinct service_date)::text as service_dates
        from written
        group by school_id
    )
    select
        array_agg(school_id order by school_id) as schools, array_agg(leaves order by school_id) as leaves,
        array_agg(created order by school_id) as created, array_agg(revised order by school_id) as revised,
        array_agg(service_dates order by school_id) as service_dates,
        (
            select array_agg(row (school_id, service_date, session_id)::ledger.revised)
            from written
            where revision > 1 and ledger.unexplained(reason)
        ) as unexplained
    into sums
    from by_school;

    explained := sums.unexplained is null or opened.sealed_to is null or ledger.require_reasons(p_request.batch_id, sums.unexplained);

    foreach linked in array ledger.close_batch(
        p_request, 'sessions', this_moment, false, sums.schools, sums.leaves, sums.created, sums.revised, sums.service_dates
    ) loop
        return next linked;
    end loop;
end $$;

-- The canonical bytes of a roll: what its digest is over (shared/chain.py says the same in Python).
create function ledger.roll_canonical(
    p_school_id text, p_service_date date, p_session_id text, p_state text,
    p_present integer[], p_late integer[], p_left_early integer[], p_absent integer[], p_excused integer[],
    p_taken_by text, p_taken_at timestamptz
) returns text
language sql stable parallel safe as $$
    select '["' || p_school_id || '","' || p_service_date || '","' || p_session_id || '","' || p_state
        || '",[' || coalesce(array_to_string(p_present, ','), '')
        || '],[' || coalesce(array_to_string(p_late, ','), '')
        || '],[' || coalesce(array_to_string(p_left_early, ','), '')
        || '],[' || coalesce(array_to_string(p_absent, ','), '')
        || '],[' || coalesce(array_to_string(p_excused, ','), '')
        || '],' || coalesce('"' || p_taken_by || '"', 'null')
        || ',' || coalesce((extract(epoch from p_taken_at) * 1000000)::bigint::text, 'null') || ']'
$$;

-- A status's pupils after a patch: without whom the patch names, with those that it gives this status; in rising order.
create function ledger.moved(p_were integer[], p_touched integer[], p_come integer[]) returns integer[]
language plpgsql immutable parallel safe as $$
declare
    pupil integer;
    place integer;
begin
    foreach pupil in array p_touched loop
        p_were := array_remove(p_were, pupil);
    end loop;
    p_were := coalesce(p_were, '{}');
    foreach pupil in array coalesce(p_come, '{}') loop
        place := width_bucket(pupil, p_were);
        p_were := p_were[:place] || pupil || p_were[place + 1:];
    end loop;
    return nullif(p_were, '{}');
end $$;

-- Rolls. A whole sheet replaces the roll before it; a patch (single marks) moves only the pupils it names.
-- Each column is one array literal. A column that does not travel says the same of every record: the batch's one school, 'recorded', no patch, weight 1.
-- p_present … p_excused: one array literal a roll, pupils' numbers in rising order, or null.
-- p_first_day, p_last_day: the batch's own first and last day, so that only their months are opened.
-- p_weights: how many records of the request make up the roll (1 a sheet; as many as its marks otherwise).
create function ledger.append_attendance(
    p_request ledger.request,
    p_first_day date,
    p_last_day date,
    p_school_ids text,
    p_service_dates text,
    p_session_ids text,
    p_states text,
    p_patches text,
    p_present text,
    p_late text,
    p_left_early text,
    p_absent text,
    p_excused text,
    p_taken_by text,
    p_taken_at text,
    p_weights text,
    p_reasons text
) returns setof ledger.appended
language plpgsql as $$
declare
    opened ledger.opened;
    this_moment timestamptz;
    sums record;
    explained boolean;
    linked ledger.appended;
begin
    opened := ledger.open_batch(p_request);
    this_moment := opened.moment;

    -- Materialized: row level security lets a plain column reach the index, and no expression that might fail.
    with incoming as materialized (
        select
            coalesce(school_id, p_request.schools[1]) as school_id, service_date, session_id,
            coalesce(state, 'recorded') as state, coalesce(is_patch, false) as is_patch,
            present::integer[], late::integer[], left_early::integer[], absent::integer[], excused::integer[],
            taken_by, taken_at, coalesce(weight, 1) as weight, reason
        from unnest(
            p_school_ids::text[], p_service_dates::date[], p_session_ids::text[], p_states::text[], p_patches::boolean[],
            p_present::text[], p_late::text[], p_left_early::text[], p_absent::text[], p_excused::text[], p_taken_by::text[], p_taken_at::timestamptz[], p_weights::integer[], p_reasons::text[]
        ) as incoming (
            school_id, service_date, session_id, state, is_patch,
            present, late, left_early, absent, excused, taken_by, taken_at, weight, reason
        )
    ),
    beside_latest as materialized (
        select
            incoming.*,
            coalesce(latest.revision, 0) as latest_revision,
            latest.digest as latest_digest,
            coalesce(incoming.is_patch and latest.state = 'recorded', false) as patches,
            case
                when incoming.is_patch
                    then incoming.present || incoming.late || incoming.left_early || incoming.absent || incoming.excused
            end as touched,
            latest.present as was_present, latest.late as was_late, latest.left_early as was_left_early,
            latest.absent as was_absent, latest.excused as was_excused,
            latest.taken_by as was_taken_by, latest.taken_at as was_taken_at
        from incoming
        left join lateral (
            select *
            from ledger.attendance_revision as before
            where
                before.school_id = incoming.school_id
                and before.service_date = incoming.service_date
                and before.session_id = incoming.session_id
                and before.service_date between p_first_day and p_last_day
            order by before.revision desc
            limit 1
        ) as latest on true
    ),
    merged as (
        select
            school_id, service_date, session_id, state, latest_revision, latest_digest, weight, reason,
            -- Whoever the patch names leaves the status they had and comes to the one it says; the others stay.
            case
                when not patches then present
                when present is null and not coalesce(was_present && touched, false) then was_present
                else ledger.moved(was_present, touched, present)
            end as present,
            case
                when not patches then late
                when late is null and not coalesce(was_late && touched, false) then was_late
                else ledger.moved(was_late, touched, late)
            end as late,
            case
                when not patches then left_early
                when left_early is null and not coalesce(was_left_early && touched, false) then was_left_early
                else ledger.moved(was_left_early, touched, left_early)
            end as left_early,
            case
                when not patches then absent
                when absent is null and not coalesce(was_absent && touched, false) then was_absent
                else ledger.moved(was_absent, touched, absent)
            end as absent,
            case
                when not patches then excused
                when excused is null and not coalesce(was_excused && touched, false) then was_excused
                else ledger.moved(was_excused, touched, excused)
            end as excused,
            case when patches then coalesce(taken_by, was_taken_by) else taken_by end as taken_by,
            case when patches then coalesce(taken_at, was_taken_at) else taken_at end as taken_at
        from beside_latest
    ),
    digested as materialized (
        select
            merged.*,
            sha256(convert_to(ledger.roll_canonical(
                school_id, service_date, session_id, state, present, late, left_early, absent, excused, taken_by, taken_at
            ), 'UTF8')) as digest
        from merged
    ),
    written as (
        insert into ledger.attendance_revision
        select
            school_id, service_date, session_id, latest_revision + 1, state, present, late, left_early, absent, excused,
            taken_by, taken_at, digest, reason, p_request.batch_id, this_moment
        from digested
        where latest_digest is distinct from digest
    ),
    by_school as (
        select
            school_id,
            string_agg(
                ledger.leaf('attendance', service_date || '/' || session_id, latest_revision + 1, digest, reason), chr(10)
                order by (service_date || '/' || session_id) collate "C"
            ) as leaves,
            (coalesce(sum(weight) filter (where latest_revision = 0), 0))::integer as created,
            (coalesce(sum(weight) filter (where latest_revision > 0), 0))::integer as revised,
            array_agg(distinct service_date)::text as service_dates
        from digested
        where latest_digest is distinct from digest
        group by school_id
    )
    select
        array_agg(school_id order by school_id) as schools, array_agg(leaves order by school_id) as leaves,
        array_agg(created order by school_id) as created, array_agg(revised order by school_id) as revised,
        array_agg(service_dates order by school_id) as service_dates,
        (
            select array_agg(row (school_id, service_date, service_date || '/' || session_id)::ledger.revised)
            from digested
            where latest_revision > 0 and latest_digest is distinct from digest and ledger.unexplained(reason)
        ) as unexplained
    into sums
    from by_school;

    explained := sums.unexplained is null or opened.sealed_to is null or ledger.require_reasons(p_request.batch_id, sums.unexplained);

    foreach linked in array ledger.close_batch(
        p_request, 'attendance', this_moment, false, sums.schools, sums.leaves, sums.created, sums.revised, sums.service_dates
    ) loop
        return next linked;
    end loop;
end $$;

-- One roll, the commonest batch: what append_attendance says, in short statements, at a third of its cost.
create function ledger.append_roll(
    p_request ledger.request,
    p_school_id text,
    p_service_date date,
    p_session_id text,
    p_state text,
    p_is_patch boolean,
    p_present text,
    p_late text,
    p_left_early text,
    p_absent text,
    p_excused text,
    p_taken_by text,
    p_taken_at timestamptz,
    p_weight integer,
    p_reason text
) returns setof ledger.appended
language plpgsql as $$
declare
    opened ledger.opened;
    this_moment timestamptz;
    latest record;
    touched integer[];
    present_now integer[] := p_present;
    late_now integer[] := p_late;
    left_early_now integer[] := p_left_early;
    absent_now integer[] := p_absent;
    excused_now integer[] := p_excused;
    digest_now bytea;
    explained boolean;
    next_revision integer;
    key text := p_service_date || '/' || p_session_id;
    linked ledger.appended;
begin
    opened := ledger.open_batch(p_request);
    this_moment := opened.moment;

    select revision, digest, state, present, late, left_early, absent, excused, taken_by, taken_at
    into latest
    from ledger.attendance_revision
    where school_id = p_school_id and service_date = p_service_date and session_id = p_session_id
    order by revision desc
    limit 1;
    next_revision := coalesce(latest.revision, 0) + 1;

    if p_is_patch and latest.state = 'recorded' then
        touched := present_now || late_now || left_early_now || absent_now || excused_now;
        present_now := ledger.moved(latest.present, touched, present_now);
        late_now := ledger.moved(latest.late, touched, late_now);
        left_early_now := ledger.moved(latest.left_early, touched, left_early_now);
        absent_now := ledger.moved(latest.absent, touched, absent_now);
        excused_now := ledger.moved(latest.excused, touched, excused_now);
        p_taken_by := coalesce(p_taken_by, latest.taken_by);
        p_taken_at := coalesce(p_taken_at, latest.taken_at);
    end if;
    digest_now := sha256(convert_to(ledger.roll_canonical(
        p_school_id, p_service_date, p_session_id, p_state, present_now, late_now, left_early_now, absent_now, excused_now,
        p_taken_by, p_taken_at
    ), 'UTF8'));

    if latest.digest is not distinct from digest_now then
        return next row(null, null, null, 0, 0, this_moment)::ledger.appended;
        return;
    end if;
    -- Most corrections are of a day that comes after all that the school has closed or published.
    explained := next_revision = 1 or opened.sealed_to is null or p_service_date > opened.sealed_to
        or not ledger.unexplained(p_reason) or ledger.require_reasons(
        p_request.batch_id, array[row(p_school_id, p_service_date, key)::ledger.revised]
    );
    insert into ledger.attendance_revision values (
        p_school_id, p_service_date, p_session_id, next_revision, p_state, present_now, late_now, left_early_now, absent_now,
        excused_now, p_taken_by, p_taken_at, digest_now, p_reason, p_request.batch_id, this_moment
    );
    linked := ledger.link(
        p_request, 'attendance', this_moment, false, p_school_id,
        ledger.leaf('attendance', key, next_revision, digest_now, p_reason),
        case when next_revision = 1 then p_weight else 0 end, case when next_revision = 1 then 0 else p_weight end,
        array[p_service_date]
    );
    insert into ledger.batch values (
        p_request.batch_id, p_request.client_id, 'attendance', p_request.schools, p_request.body_digest, p_request.received,
        linked.created, linked.revised, p_request.received - p_weight, p_request.request_id, this_moment
    );
    perform ledger.trace_batch(p_request);
    return next linked;
end $$;

-- A plan made while a partition is new and empty stays with its session: let it be the one that is right when it is full,
-- each record's latest revision by the index that has it first.
do $$
declare
    appends text;
begin
    foreach appends in array array['append_entries', 'append_sessions', 'append_attendance'] loop
        execute format(
            'alter function ledger.%I set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off '
            'set plan_cache_mode = force_generic_plan', appends
        );
    end loop;
    alter function ledger.append_roll set plan_cache_mode = force_generic_plan;
end $$;
