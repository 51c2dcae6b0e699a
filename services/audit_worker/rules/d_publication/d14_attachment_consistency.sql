/*
code: D14
name: {zh: 附件与数据不一致, en: Papers do not agree with the figures}
clause: [一(二)3]
grain: school_term
severity: high
reads: [submissions, publications, deliberations, sessions, terms]
claims: >
  A paper of the term's submission says something else than the figures: the arrangement table has fewer sessions than
  the ledger holds, or many more than it records; the decision record or the minutes give another total than was
  submitted; the publication material is not what was posted.
spares: >
  A paper that gives no figure and no digest; sessions that were arranged and cancelled. A total that is the
  publication's: then the submission differs from the publication, and D07 names the lines.
misses: A paper that agrees and is not the one the school keeps.
parameters:
  sessions_percent: {default: 10, why: "Illness, rain and examinations take sessions away that nobody records one by one; more than a tenth is a timetable of another school."}
says:
  zh: "{when} 上报附件 {subject}：{found}，应为 {expected}。"
  en: "{when}, {subject} of the submission: {found}; expected {expected}."
version: 1
*/
with submitted as (
    select
        submission.school_id,
        submission.term_id,
        submission.submission_id,
        submission.attachments,
        submission.record_key,
        term.starts_on,
        term.ends_on,
        publication.publication_id,
        publication.content_hash as posted_hash,
        publication.record_key as publication_key,
        totals.submitted_fen,
        totals.posted_fen
    from ledger.latest_submission as submission
    inner join ledger.term using (term_id)
    left join ledger.latest_publication as publication
        on
            publication.school_id = submission.school_id
            and publication.kind = 'term_remuneration'
            and publication.period = submission.term_id
    cross join lateral (
        select
            (select sum((line ->> 'amount_fen')::bigint) from jsonb_array_elements(submission.lines) as line) as submitted_fen,
            (select sum((line ->> 'amount_fen')::bigint) from jsonb_array_elements(publication.lines) as line) as posted_fen
    ) as totals
    where submission.school_id = any(:school_ids) and term.starts_on <= :last_day and term.ends_on >= :first_day
),

papers as (
    select
        submitted.*,
        attachment ->> 'kind' as kind,
        attachment ->> 'content_hash' as content_hash,
        (attachment ->> 'sessions')::integer as sessions,
        (attachment ->> 'amount_fen')::bigint as amount_fen,
        null::text as minutes_key
    from submitted
    cross join lateral jsonb_array_elements(submitted.attachments) as attachment
    union all
    select submitted.*, 'minutes', null, null, item.amount_fen, item.record_key
    from submitted
    inner join ledger.deliberation_item as item
        on
            item.school_id = submitted.school_id
            and item.kind = 'term_remuneration'
            and item.period = submitted.term_id
            and item.decision = 'approved'
    where
        item.amount_fen is not null
        -- The last approval counts.
        and not exists (
            select from ledger.deliberation_item as later
            where
                later.school_id = item.school_id
                and later.kind = item.kind
                and later.period = item.period
                and later.decision = 'approved'
                and later.held_on > item.held_on
        )
),

counted as (
    select
        papers.*,
        held.held,
        held.recorded
    from papers
    left join lateral (
        select count(*) filter (where session.state = 'held') as held, count(*) as recorded
        from ledger.session
        where session.school_id = papers.school_id and session.service_date between papers.starts_on and papers.ends_on
    ) as held on papers.sessions is not null
),

judged as (
    select
        counted.*,
        case
            when held > sessions or recorded * 100 < sessions * (100 - :sessions_percent::integer) then format('%s sessions', held)
            when amount_fen is distinct from submitted_fen and amount_fen is distinct from posted_fen and amount_fen is not null
                then coalesce(round(submitted_fen / 100.0, 2)::text, '—')
            when kind = 'publication_material' and content_hash <> posted_hash then 'what was posted'
        end as wanted,
        case
            when held > sessions or recorded * 100 < sessions * (100 - :sessions_percent::integer) then format('%s sessions', sessions)
            when amount_fen is distinct from submitted_fen and amount_fen is distinct from posted_fen and amount_fen is not null
                then round(amount_fen / 100.0, 2)::text
            when kind = 'publication_material' and content_hash <> posted_hash then 'another content'
        end as given
    from counted
)

select
    school_id,
    'attachment' as subject_kind,
    kind as subject,
    null::date as service_date,
    term_id as period,
    min(wanted) as expected,
    min(given) as found,
    null::integer as hours_at_risk_hundredths,
    max(abs(submitted_fen - amount_fen)) filter (where amount_fen < submitted_fen)::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', to_jsonb(array_remove(array[min(record_key), min(publication_key), min(minutes_key)], null))
    ) as evidence
from judged
where given is not null
group by school_id, kind, term_id
