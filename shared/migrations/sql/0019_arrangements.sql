-- What a school arranges: activities, agreements, provisions, measures, and when parents end their work.

-- There is little of each, and a rule asks for it school by school.
create index entry_arrangement on ledger.entry (resource, school_id, key, revision)
where resource in ('activities', 'agreements', 'provisions', 'measures');

-- One row per activity of a school's catalogue.
create view ledger.activity with (security_invoker = true) as
select
    school_id,
    key as activity_id,
    content ->> 'title' as title,
    content ->> 'category' as category,
    content ->> 'source' as source,
    (content ->> 'active_from')::date as active_from,
    (content ->> 'active_to')::date as active_to,
    content ->> 'admitted_by' as admitted_by,
    (content ->> 'admitted_on')::date as admitted_on,
    (content ->> 'admitted_to')::date as admitted_to,
    'activities/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'activities';

-- One row per agreement. in_force_to: its last day, 'infinity' without one; the day it was ended on is none of it.
create view ledger.agreement with (security_invoker = true) as
select
    school_id,
    key as agreement_id,
    content ->> 'kind' as kind,
    content ->> 'provider_id' as provider_id,
    content ->> 'staff_id' as staff_id,
    (content ->> 'starts_on')::date as starts_on,
    least(
        coalesce((content ->> 'ends_on')::date, 'infinity'),
        coalesce((content ->> 'ended_on')::date - 1, 'infinity')
    ) as in_force_to,
    (content ->> 'signed_by_school_on')::date as signed_by_school_on,
    (content ->> 'signed_by_partner_on')::date as signed_by_partner_on,
    content ->> 'deliberation_id' as deliberation_id,
    content ->> 'paid_by' as paid_by,
    (content ->> 'amount_fen')::bigint as amount_fen,
    'agreements/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'agreements';

-- One row per provision; what holds for all stands under 'district'.
create view ledger.provision with (security_invoker = true) as
select
    school_id,
    key as provision_id,
    content ->> 'matter' as matter,
    (content ->> 'starts_on')::date as starts_on,
    (content ->> 'ends_on')::date as ends_on,
    content ->> 'staff_id' as staff_id,
    (content ->> 'acknowledged_on')::date as acknowledged_on,
    'provisions/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'provisions';

-- One row per measure taken at or for a school.
create view ledger.measure with (security_invoker = true) as
select
    school_id,
    key as measure_id,
    content ->> 'matter' as matter,
    content ->> 'organiser' as organiser,
    (content ->> 'done_on')::date as done_on,
    content ->> 'asks' as asks,
    (content ->> 'due_on')::date as due_on,
    (content ->> 'answered_on')::date as answered_on,
    'measures/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'measures';

create or replace view ledger.survey with (security_invoker = true) as
select
    school_id,
    key as survey_id,
    content ->> 'term_id' as term_id,
    content ->> 'kind' as kind,
    (content ->> 'opened_on')::date as opened_on,
    (content ->> 'closed_on')::date as closed_on,
    (content ->> 'asked')::integer as asked,
    (content ->> 'answered')::integer as answered,
    (content ->> 'agreeing')::integer as agreeing,
    'surveys/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at,
    (content ->> 'work_ends_at')::time as work_ends_at
from ledger.current_entry
where resource = 'surveys';

grant select on ledger.activity, ledger.agreement, ledger.provision, ledger.measure
to taizhang_ledger, taizhang_audit, taizhang_reporting;
