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

-- What is only drafted has not been published or submitted yet: nothing of it counts before it hangs, or goes out.
create or replace view ledger.publication with (security_invoker = true) as
select
    school_id,
    key as publication_id,
    content ->> 'kind' as kind,
    content ->> 'period' as period,
    (content ->> 'displayed_from')::date as displayed_from,
    (content ->> 'displayed_to')::date as displayed_to,
    content ->> 'place' as place,
    content ->> 'deliberation_id' as deliberation_id,
    content -> 'lines' as lines,
    'publications/' || key || '#' || revision as record_key,
    revision,
    recorded_at,
    content ->> 'content_hash' as content_hash,
    coalesce(content -> 'objections', '[]') as objections,
    coalesce(content -> 'archive', '[]') as archive
from ledger.current_entry
where
    resource = 'publications'
    and not (coalesce((content ->> 'draft')::boolean, false) and content ->> 'displayed_from' is null);

create or replace view ledger.submission with (security_invoker = true) as
select
    school_id,
    key as submission_id,
    content ->> 'term_id' as term_id,
    (content ->> 'submitted_on')::date as submitted_on,
    content ->> 'principal_signed_by' as principal_signed_by,
    (content ->> 'principal_signed_on')::date as principal_signed_on,
    content ->> 'party_seal_by' as party_seal_by,
    (content ->> 'party_seal_on')::date as party_seal_on,
    content -> 'lines' as lines,
    'submissions/' || key || '#' || revision as record_key,
    revision,
    recorded_at,
    content ->> 'publication_id' as publication_id,
    content ->> 'content_hash' as content_hash,
    content ->> 'principal_signed_hash' as principal_signed_hash,
    content ->> 'party_seal_hash' as party_seal_hash,
    coalesce(content -> 'attachments', '[]') as attachments
from ledger.current_entry
where
    resource = 'submissions'
    and not (coalesce((content ->> 'draft')::boolean, false) and content ->> 'submitted_on' is null);

create or replace view ledger.posting with (security_invoker = true) as
select
    revision.school_id,
    coalesce(term.starts_on, revision.month_starts_on) as first_day,
    coalesce(term.ends_on, (revision.month_starts_on + interval '1 month' - interval '1 day')::date) as last_day,
    revision.posted_at,
    coalesce(revision.withdrawn_at, 'infinity') as withdrawn_at,
    revision.record_key
from (
    select
        school_id,
        state,
        coalesce(content ->> 'period', content ->> 'term_id') as period,
        case when content ->> 'period' ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])$'
            then (content ->> 'period' || '-01')::date
        end as month_starts_on,
        recorded_at as posted_at,
        coalesce((content ->> 'draft')::boolean, false)
        and coalesce(content ->> 'displayed_from', content ->> 'submitted_on') is null as draft,
        lead(recorded_at) over (partition by school_id, resource, key order by revision) as withdrawn_at,
        resource || '/' || key || '#' || revision as record_key
    from ledger.entry
    where resource in ('publications', 'submissions')
) as revision
left join ledger.term on term.term_id = revision.period
where revision.state = 'recorded' and not revision.draft and (term.term_id is not null or revision.month_starts_on is not null);
