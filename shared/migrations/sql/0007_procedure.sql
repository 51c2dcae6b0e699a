-- The procedure around the figures: what was deliberated, displayed, objected to, archived, signed, sealed and reviewed;
-- and what the rules of the months and terms of a school share.

-- One row per school, kind and period: the publication that counts, the last one recorded.
create view ledger.latest_publication with (security_invoker = true) as
select distinct on (school_id, kind, period) *
from ledger.publication
order by school_id, kind, period, recorded_at desc, publication_id desc;

-- One row per publication and objection of a participant (异议).
create view ledger.objection with (security_invoker = true) as
select
    publication.school_id,
    publication.publication_id,
    publication.kind,
    publication.period,
    objection ->> 'objection_id' as objection_id,
    objection ->> 'staff_id' as staff_id,
    (objection ->> 'made_on')::date as made_on,
    (objection ->> 'answered_on')::date as answered_on,
    publication.record_key
from ledger.publication
cross join lateral jsonb_array_elements(publication.objections) as objection;

-- One row per publication and thing kept of it (存档).
create view ledger.archive_item with (security_invoker = true) as
select
    publication.school_id,
    publication.publication_id,
    publication.kind,
    publication.period,
    item ->> 'content_hash' as content_hash,
    (item ->> 'stored_on')::date as stored_on,
    (item ->> 'keep_until')::date as keep_until,
    publication.record_key
from ledger.publication
cross join lateral jsonb_array_elements(publication.archive) as item;

-- participants: how many took part; null when the record does not say.
create view ledger.deliberation with (security_invoker = true) as
select
    school_id,
    key as deliberation_id,
    (content ->> 'held_on')::date as held_on,
    content ->> 'form' as form,
    content ->> 'decision' as decision,
    case when jsonb_typeof(content -> 'participants') = 'array' then jsonb_array_length(content -> 'participants') end as participants,
    (content ->> 'eligible')::integer as eligible,
    coalesce(content -> 'items', '[]') as items,
    'deliberations/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'deliberations';

-- One row per deliberation and matter on the table (“三重一大”事项).
create view ledger.deliberation_item with (security_invoker = true) as
select
    deliberation.school_id,
    deliberation.deliberation_id,
    deliberation.held_on,
    deliberation.decision,
    item ->> 'kind' as kind,
    item ->> 'period' as period,
    item ->> 'document_id' as document_id,
    item ->> 'content_hash' as content_hash,
    (item ->> 'amount_fen')::bigint as amount_fen,
    deliberation.record_key
from ledger.deliberation
cross join lateral jsonb_array_elements(deliberation.items) as item;

-- One row per school and term: the submission that counts, the last one recorded.
create view ledger.latest_submission with (security_invoker = true) as
select distinct on (school_id, term_id) *
from ledger.submission
order by school_id, term_id, recorded_at desc, submission_id desc;

-- One row per submission and paper that goes with it (安排表, 记录表, 公示材料).
create view ledger.submission_attachment with (security_invoker = true) as
select
    submission.school_id,
    submission.submission_id,
    submission.term_id,
    attachment ->> 'kind' as kind,
    attachment ->> 'content_hash' as content_hash,
    (attachment ->> 'sessions')::integer as sessions,
    (attachment ->> 'amount_fen')::bigint as amount_fen,
    submission.record_key
from ledger.submission
cross join lateral jsonb_array_elements(submission.attachments) as attachment;

create view ledger.review with (security_invoker = true) as
select
    school_id,
    key as review_id,
    content ->> 'submission_id' as submission_id,
    content ->> 'decision' as decision,
    (content ->> 'reviewed_on')::date as reviewed_on,
    coalesce(content -> 'lines', '[]') as lines,
    'reviews/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'reviews';

-- One row per school and submission: the decision that counts, the last one recorded.
create view ledger.latest_review with (security_invoker = true) as
select distinct on (school_id, submission_id) *
from ledger.review
order by school_id, submission_id, recorded_at desc, review_id desc;

-- One row per month of a term in which a school of these has class hours in the ledger.
create function audit.served_month(p_school_ids text[], p_first_day date, p_last_day date)
returns table (school_id text, term_id text, period text, last_day date)
language sql stable as $$
    select school.school_id, term.term_id, to_char(month_start, 'YYYY-MM'), (month_start + interval '1 month - 1 day')::date
    from unnest(p_school_ids) as school (school_id)
    cross join ledger.term
    cross join lateral generate_series(
        date_trunc('month', term.starts_on::timestamp), term.ends_on, interval '1 month'
    ) as month_start
    where
        term.starts_on <= p_last_day
        and term.ends_on >= p_first_day
        and exists (
            select from audit.staff_day
            where
                staff_day.school_id = school.school_id
                and staff_day.service_date
                between greatest(month_start::date, term.starts_on)
                and least((month_start + interval '1 month - 1 day')::date, term.ends_on)
                and staff_day.class_hours_hundredths > 0
        )
$$;

-- The latest day that the facts of a school's term speak of: its last service day, or the day it published, submitted or
-- paid the term. What a school owes by a date is judged by it and by no clock: the same facts give the same findings.
create function audit.known_until(p_school_id text, p_term_id text, p_first_day date, p_last_day date) returns date
language sql stable as $$
    select greatest(
        (
            select max(service_date) from audit.staff_day
            where school_id = p_school_id and service_date between p_first_day and p_last_day
        ),
        (
            select max(displayed_from) from ledger.publication
            where school_id = p_school_id and kind = 'term_remuneration' and period = p_term_id
        ),
        (select max(submitted_on) from ledger.submission where school_id = p_school_id and term_id = p_term_id),
        (select max(paid_on) from ledger.payment_line where school_id = p_school_id and period = p_term_id)
    )
$$;

grant select on
    ledger.latest_publication, ledger.objection, ledger.archive_item, ledger.deliberation, ledger.deliberation_item,
    ledger.latest_submission, ledger.submission_attachment, ledger.review, ledger.latest_review
to taizhang_ledger, taizhang_audit, taizhang_reporting;
