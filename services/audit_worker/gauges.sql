-- One row: how the store stands, for the worker's gauges. `findings`: [severity, state, number] each.
select
    outbox.rows as outbox_rows,
    outbox.oldest_seconds as outbox_oldest_seconds,
    (select count(*) from audit.parked_scope) as parked_scopes,
    (
        select coalesce(jsonb_agg(jsonb_build_array(severity, state, number)), '[]')
        from (
            select severity, state, count(*) as number
            from audit.finding
            where left(school_id, 5) <> '99999'
            group by severity, state
        ) as standing
    ) as findings,
    (select count(*) from audit.delivery_queue where position < pending_to) as queues_waiting,
    (
        select count(*)
        from ledger.subscription
        inner join audit.subscription_progress as progress using (subscription_id)
        where subscription.removed_at is null and progress.disabled_activation >= subscription.activation
    ) as subscriptions_disabled,
    -- To the end of the school year of the last partition; none at all is no day ahead.
    (
        select coalesce(
            make_date(max(right(relname, 4))::integer + 1, 9, 1) - current_date, 0
        )
        from pg_catalog.pg_inherits
        inner join pg_catalog.pg_class on pg_class.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'ledger.session_revision'::regclass
    ) as partitions_ahead_days,
    coalesce((select extract(epoch from max(verified_at)) from audit.verification), 0) as verified_at,
    coalesce(
        (select broken_schools from audit.verification order by verified_at desc limit 1), 0
    ) as verify_broken
from (
    select
        count(*) as rows,
        coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0) as oldest_seconds
    from ledger.outbox
) as outbox
