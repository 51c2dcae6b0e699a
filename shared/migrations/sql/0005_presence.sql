-- What was seen, signed or billed beside the ledger's own records; rules hold it against the sessions.

create view ledger.patrol with (security_invoker = true) as
select
    school_id,
    service_date,
    key as patrol_id,
    content ->> 'kind' as kind,
    (content ->> 'time')::time as seen_at,
    content ->> 'session_id' as session_id,
    content ->> 'slot' as slot,
    content ->> 'by' as seen_by,
    (content ->> 'observed_headcount')::integer as observed_headcount,
    -- Nobody seen is an empty list; not looked is null.
    case when jsonb_typeof(content -> 'staff_present') = 'array'
        then array(select jsonb_array_elements_text(content -> 'staff_present'))
    end as staff_present,
    'patrols/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'patrols';

-- One row per session that inspectors looked at: found by its id, or by its slot and room.
create view ledger.observed_session with (security_invoker = true) as
select
    entry.school_id,
    entry.service_date,
    entry.key as inspection_id,
    entry.content ->> 'kind' as kind,
    observed.place::integer as place,
    observed.seen ->> 'session_id' as session_id,
    observed.seen ->> 'slot' as slot,
    observed.seen ->> 'room' as room,
    (observed.seen ->> 'observed_headcount')::integer as observed_headcount,
    case when jsonb_typeof(observed.seen -> 'staff_present') = 'array'
        then array(select jsonb_array_elements_text(observed.seen -> 'staff_present'))
    end as staff_present,
    'inspections/' || entry.school_id || '/' || entry.key || '#' || entry.revision as record_key,
    entry.recorded_at
from ledger.current_entry as entry
cross join lateral jsonb_array_elements(entry.content -> 'observed') with ordinality as observed (seen, place)
where entry.resource = 'inspections';

create view ledger.sign_in with (security_invoker = true) as
select
    school_id,
    service_date,
    key as sign_in_id,
    content ->> 'staff_id' as staff_id,
    (content ->> 'at')::timestamptz as signed_at,
    content ->> 'kind' as kind,
    content ->> 'device' as device,
    content ->> 'by' as signed_by,
    'sign-ins/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'sign-ins';

-- One row per line of a provider's invoice: a session it bills for.
create view ledger.provider_invoice_line with (security_invoker = true) as
select
    entry.school_id,
    entry.key as invoice_id,
    entry.content ->> 'provider_id' as provider_id,
    entry.content ->> 'period' as period,
    billed.place::integer as place,
    billed.line ->> 'session_id' as session_id,
    (billed.line ->> 'billed_on')::date as billed_on,
    billed.line ->> 'staff_id' as staff_id,
    (billed.line ->> 'sessions')::integer as sessions,
    (billed.line ->> 'pupils')::integer as pupils,
    (billed.line ->> 'amount_fen')::bigint as amount_fen,
    'provider-invoices/' || entry.school_id || '/' || entry.key || '#' || entry.revision as record_key,
    entry.recorded_at
from ledger.current_entry as entry
cross join lateral jsonb_array_elements(entry.content -> 'lines') with ordinality as billed (line, place)
where entry.resource = 'provider-invoices';

grant select on ledger.patrol, ledger.observed_session, ledger.sign_in, ledger.provider_invoice_line
to taizhang_ledger, taizhang_audit, taizhang_reporting;
