-- The steps of documents that are led through their procedure here: each an entry of the chain that keeps the document.

-- The steps of one document.
create index entry_step on ledger.entry (school_id, (content ->> 'resource'), (content ->> 'document_id'))
where resource = 'steps';

create view ledger.step with (security_invoker = true) as
select
    school_id,
    content ->> 'resource' as resource,
    content ->> 'document_id' as document_id,
    (content ->> 'number')::integer as number,
    content ->> 'step' as step,
    content ->> 'from_state' as from_state,
    content ->> 'to_state' as to_state,
    content ->> 'content_hash' as content_hash,
    (content ->> 'on')::date as taken_on,
    content ->> 'by_kind' as by_kind,
    content -> 'facts' as facts,
    content ->> 'why' as why,
    recorded_at,
    batch_id
from ledger.entry
where resource = 'steps';

grant select on ledger.step to taizhang_ledger, taizhang_audit, taizhang_reporting;
