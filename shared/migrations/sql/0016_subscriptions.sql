-- Webhooks. What owners ask for stands in `ledger` and is written by the ledger API alone; what became of it stands in `audit`
-- and is written by the audit worker alone.

-- Who wants to be told, where, of what. These rows move: an owner changes, disables and removes them.
create table ledger.subscription (
    subscription_id text primary key,
    -- Whose it is, and what they might see when they subscribed; of a client that is registered, what it may see now counts.
    client_id text not null,
    client_kind text not null,
    client_schools text[] not null,
    client_stage text,
    url text not null,
    description text,
    -- Empty: of every severity, rule, school that the owner may see.
    severities text[] not null,
    rules text[] not null,
    schools text[] not null,
    -- Sealed (shared/sealing.py): the key is in no table. The one before is good until `previous_until`.
    secret bytea not null,
    previous_secret bytea,
    previous_until timestamptz,
    rotation_key text,
    state text not null check (state in ('active', 'disabled')),
    -- Rises each time that the owner activates it: the worker disables one activation, and not the next.
    activation integer not null default 1,
    version integer not null default 1,
    -- Events after this position are delivered.
    starts_after bigint not null,
    idempotency_key text,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    removed_at timestamptz
);

create unique index subscription_idempotency on ledger.subscription (client_id, idempotency_key);

-- What an owner asks the worker to do once: send a test, go back to a position.
create table ledger.subscription_request (
    request_id bigint generated always as identity primary key,
    subscription_id text not null,
    kind text not null check (kind in ('test', 'replay')),
    from_position bigint,
    idempotency_key text,
    requested_at timestamptz not null default now()
);

create unique index subscription_request_idempotency
on ledger.subscription_request (subscription_id, kind, idempotency_key);

-- How far a subscription's events have been shared out to its schools' queues, and which activation has been disabled, why.
create table audit.subscription_progress (
    subscription_id text primary key,
    shared_out_to bigint not null,
    disabled_activation integer not null default 0,
    disabled_reason text,
    disabled_at timestamptz
);

-- A school's queue in a subscription: delivered up to `position`, events of it up to `pending_to`.
create table audit.delivery_queue (
    subscription_id text not null,
    school_id text not null,
    position bigint not null,
    pending_to bigint not null,
    attempts integer not null default 0,
    failing_since timestamptz,
    next_attempt_at timestamptz not null,
    primary key (subscription_id, school_id)
);

create index delivery_queue_waiting on audit.delivery_queue (subscription_id, next_attempt_at) where position < pending_to;

-- Every attempt, for as long as the worker keeps it.
create table audit.delivery (
    delivery_id bigint generated always as identity primary key,
    subscription_id text not null,
    webhook_id text not null,
    event_type text not null,
    -- Of a test: null.
    position bigint,
    school_id text,
    attempt integer not null,
    delivered boolean not null,
    status_code integer,
    error text,
    took_ms integer not null,
    attempted_at timestamptz not null,
    next_attempt_at timestamptz
);

create index delivery_subscription on audit.delivery (subscription_id, delivery_id);
create index delivery_age on audit.delivery (attempted_at);

create table audit.subscription_request_done (
    request_id bigint primary key,
    done_at timestamptz not null default now()
);

-- A school's queue reads on from its own last one.
create index finding_event_school on audit.finding_event (school_id, position);

-- Where a new subscription begins: behind what there is. Not whose: only how far.
create function audit.last_position() returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(max(position), 0) from audit.finding_event
$$;

-- Behind what there was at an instant: a replay from then.
create function audit.position_at(p_at timestamptz) returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(min(position) - 1, audit.last_position()) from audit.finding_event where at >= p_at
$$;

revoke execute on function audit.last_position, audit.position_at from public;
grant execute on function audit.last_position, audit.position_at to taizhang_ledger;
grant execute on function ledger.schools_of_stage to taizhang_audit;

-- A subscription is its owner's alone: a request names its client in taizhang.client. The worker sees all.
alter table ledger.subscription enable row level security, force row level security;
create policy own on ledger.subscription to taizhang_ledger
using (client_id = (select current_setting('taizhang.client', true)))
with check (client_id = (select current_setting('taizhang.client', true)));
create policy audit_reads on ledger.subscription for select to taizhang_audit using (true);
create policy owner_reads on ledger.subscription for select to current_user using (true);

alter table ledger.subscription_request enable row level security, force row level security;
create policy own on ledger.subscription_request to taizhang_ledger
using (exists (select from ledger.subscription where subscription.subscription_id = subscription_request.subscription_id))
with check (exists (select from ledger.subscription where subscription.subscription_id = subscription_request.subscription_id));
create policy audit_reads on ledger.subscription_request for select to taizhang_audit using (true);
create policy owner_reads on ledger.subscription_request for select to current_user using (true);

do $$
declare
    kept text;
begin
    foreach kept in array array['subscription_progress', 'delivery_queue', 'delivery'] loop
        execute format('alter table audit.%I enable row level security', kept);
        execute format('create policy audit_writes on audit.%I for all to taizhang_audit using (true)', kept);
        execute format(
            'create policy own on audit.%1$I for select to taizhang_ledger using ('
            'exists (select from ledger.subscription where subscription.subscription_id = %1$I.subscription_id))',
            kept
        );
    end loop;
end $$;

grant select, insert, update on ledger.subscription to taizhang_ledger;
grant select, insert on ledger.subscription_request to taizhang_ledger;
grant select on ledger.subscription, ledger.subscription_request to taizhang_audit;
-- Whether the owner may still sign in and what it sees; never its secret.
grant select (client_id, kind, schools, stage, revoked_at) on ledger.api_client to taizhang_audit;
grant select, insert, update, delete on
    audit.subscription_progress, audit.delivery_queue, audit.delivery, audit.subscription_request_done
to taizhang_audit;
grant select on audit.subscription_progress, audit.delivery_queue, audit.delivery to taizhang_ledger;
