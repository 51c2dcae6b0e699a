-- Feeds in readers that can send no bearer token, and what owners of webhooks are told in theirs.

-- What lets a feed reader read its owner's feeds and nothing else. The token is kept as its digest only: 256 random bits.
create table ledger.feed_token (
    token_id text primary key,
    -- Whose it is, and what they saw when they made it; of a client that is registered, what it may see now counts.
    client_id text not null,
    client_kind text not null,
    client_schools text[] not null,
    client_stage text,
    name text,
    token_digest bytea not null unique,
    idempotency_key text,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create unique index feed_token_idempotency on ledger.feed_token (client_id, idempotency_key);

-- A token is its owner's alone: a request names its client in taizhang.client.
alter table ledger.feed_token enable row level security, force row level security;
create policy own on ledger.feed_token to taizhang_ledger
using (client_id = (select current_setting('taizhang.client', true)))
with check (client_id = (select current_setting('taizhang.client', true)));
create policy owner_reads on ledger.feed_token for select to current_user using (true);

grant select, insert, update (token_digest, revoked_at) on ledger.feed_token to taizhang_ledger;

-- Who reads by a token: nobody when it is revoked, or its client is. Who knows the digest asks; nobody lists.
create function ledger.reader_of_feed(p_digest bytea)
returns table (client_id text, kind text, schools text[], stage text)
language sql stable security definer set search_path = pg_catalog as $$
    select
        token.client_id,
        coalesce(client.kind, token.client_kind),
        coalesce(client.schools, token.client_schools),
        case when client.client_id is null then token.client_stage else client.stage end
    from ledger.feed_token as token
    left join ledger.api_client as client on client.client_id = token.client_id
    where token.token_digest = p_digest and token.revoked_at is null and client.revoked_at is null
$$;

-- The client's webhooks that the worker has given up: its feeds say so.
create function audit.given_up(p_client_id text)
returns table (subscription_id text, activation integer, reason text, at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select subscription.subscription_id, subscription.activation, progress.disabled_reason, progress.disabled_at
    from ledger.subscription
    inner join audit.subscription_progress as progress on progress.subscription_id = subscription.subscription_id
    where
        subscription.client_id = p_client_id and subscription.removed_at is null and subscription.state = 'active'
        and progress.disabled_activation >= subscription.activation
    order by progress.disabled_at, subscription.subscription_id
$$;

revoke execute on function ledger.reader_of_feed, audit.given_up from public;
grant execute on function ledger.reader_of_feed, audit.given_up to taizhang_reporting;
