-- The audit: everything here is derived from the ledger and the rules, and can be rebuilt from them.
create schema audit;
grant usage on schema audit to taizhang_audit, taizhang_reporting, taizhang_ledger;

-- What people decided about findings, in their order: `state` is where that leads (null: nowhere), `says` the digest of what
-- the finding said then. It holds while the finding says the same.
create view ledger.disposition with (security_invoker = true) as
select
    school_id,
    key as disposition_id,
    content ->> 'finding_id' as finding_id,
    (content ->> 'number')::integer as number,
    content ->> 'kind' as kind,
    content ->> 'from_state' as from_state,
    content ->> 'state' as state,
    decode(content ->> 'says', 'hex') as says,
    content ->> 'text' as text,
    content ->> 'reason_code' as reason_code,
    content ->> 'assignee' as assignee,
    content ->> 'by_kind' as by_kind,
    content ->> 'idempotency_key' as idempotency_key,
    batch_id,
    recorded_at
from ledger.entry
where resource = 'dispositions';

grant select on ledger.disposition to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- One row per finding ever made. Its identity is rule + school + subject + period, so that a rerun never doubles it.
create table audit.finding (
    finding_id text primary key,
    rule text not null,
    rule_version integer not null,
    severity text not null,
    school_id text not null,
    subject_kind text not null,
    subject text not null,
    service_date date,
    period text,
    state text not null check (state in ('open', 'acknowledged', 'explained', 'confirmed', 'dismissed', 'cleared')),
    expected text,
    found text,
    hours_at_risk_hundredths integer,
    amount_at_risk_fen bigint,
    evidence jsonb not null,
    parameters jsonb not null,
    -- title, explanation (zh, en) and clauses, as the rule said them when it was found.
    wording jsonb not null,
    -- Rules that saw the same records and yielded to this one.
    related text[] not null default '{}',
    fingerprint bytea not null,
    -- What it says, whatever the rule's version: the content that people's decisions are about.
    says bytea not null,
    first_seen timestamptz not null,
    last_changed timestamptz not null,
    -- Since when it waits for an explanation or a decision, and when it was said to be overdue; null when it does not wait.
    waiting_since timestamptz,
    escalated_at timestamptz
);

create index finding_school on audit.finding (school_id, rule, service_date);
create index finding_period on audit.finding (rule, school_id, period);
create index finding_waiting on audit.finding (waiting_since) where escalated_at is null and waiting_since is not null;

-- What a rule would say and another rule's finding (said_by) says for it: one cause, one finding.
create table audit.held_back (
    said_by text not null,
    finding_id text not null,
    rule text not null,
    school_id text not null,
    subject text not null,
    service_date date,
    period text,
    primary key (said_by, finding_id)
);

create index held_back_scope on audit.held_back (rule, school_id);

-- Every change of every finding. position rises without gaps in the order of commits: subscribers page by it.
create table audit.finding_event (
    position bigint primary key,
    finding_id text not null,
    change text not null check (
        change in ('opened', 'updated', 'cleared', 'reopened', 'disposed', 'escalated')
    ),
    school_id text not null,
    rule text not null,
    severity text not null,
    state text not null,
    at timestamptz not null,
    batch_ids uuid[] not null default '{}',
    finding jsonb not null,
    -- Of a change that people made: ledger.disposition.
    disposition_id text
);

create index finding_event_finding on audit.finding_event (finding_id, position);

-- One row per person, date and school: when they worked and for how many class hours. Recomputed for the school-days a
-- batch touched, never patched; read by the rules that follow a person across schools and by the reports.
create table audit.staff_day (
    school_id text not null,
    service_date date not null,
    staff_id text not null,
    starts_at time[] not null,
    ends_at time[] not null,
    activities text[] not null,
    rooms text[] not null,
    record_keys text[] not null,
    class_hours_hundredths_each integer[] not null,
    class_hours_hundredths integer not null,
    primary key (staff_id, service_date, school_id)
) partition by range (service_date);

create index staff_day_school on audit.staff_day (school_id, service_date);

-- How far each school-day has been audited: the position of the school's chain that its findings and rollup reflect.
create table audit.audited_day (
    school_id text not null,
    service_date date not null,
    chain_seq bigint not null,
    audited_at timestamptz not null,
    primary key (school_id, service_date)
);

-- A scope whose rule raised: kept with its error, tried again, in nobody's way.
create table audit.parked_scope (
    rule text not null,
    scope jsonb not null,
    error text not null,
    attempts integer not null,
    next_attempt_at timestamptz not null,
    parked_at timestamptz not null,
    primary key (rule, scope)
);

alter table audit.finding enable row level security;
alter table audit.held_back enable row level security;
create policy audit_writes on audit.held_back for all to taizhang_audit using (true);
alter table audit.finding_event enable row level security;
alter table audit.staff_day enable row level security;
alter table audit.audited_day enable row level security;

do $$
declare
    kept text;
begin
    foreach kept in array array['finding', 'finding_event', 'staff_day', 'audited_day'] loop
        execute format(
            'create policy read_own on audit.%I for select to taizhang_reporting using ('
            '((select current_setting(''taizhang.district'', true)) = ''on'' and left(school_id, 5) <> ''99999'') '
            'or school_id = any ((select string_to_array(current_setting(''taizhang.schools'', true), '',''))::text[]))',
            kept
        );
        execute format('create policy audit_writes on audit.%I for all to taizhang_audit using (true)', kept);
    end loop;
end $$;

grant select, insert, update, delete on
    audit.finding, audit.finding_event, audit.held_back, audit.staff_day, audit.audited_day, audit.parked_scope
to taizhang_audit;
revoke update, delete on audit.finding_event from taizhang_audit;

-- The ledger API takes decisions about findings: it sees which there are, whose, in what state, and no more of them.
create policy ledger_sees_own on audit.finding for select to taizhang_ledger using (
    ((select current_setting('taizhang.district', true)) = 'on' and left(school_id, 5) <> '99999')
    or school_id = any ((select string_to_array(current_setting('taizhang.schools', true), ','))::text[])
);
grant select (finding_id, school_id, rule, state, says) on audit.finding to taizhang_ledger;
grant select on audit.finding, audit.finding_event, audit.staff_day, audit.audited_day to taizhang_reporting;
