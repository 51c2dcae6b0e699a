-- One row per document of a school that bears on a term or its year, with the state it has reached: as it is stated, or as its
-- facts tell. on_day: the date that shows it.
with document as (
    select
        entry.resource,
        entry.key,
        entry.revision,
        entry.recorded_at,
        entry.content,
        coalesce(entry.content ->> 'period', entry.content ->> 'term_id', entry.content ->> 'academic_year') as period
    from ledger.current_entry as entry
    where
        entry.school_id = :school_id
        and entry.resource in (
            'plans', 'allocation-plans', 'deliberations', 'publications', 'submissions', 'payments', 'surveys', 'evaluations'
        )
),

review as (
    select
        content ->> 'submission_id' as submission_id,
        content ->> 'plan_id' as plan_id,
        content ->> 'decision' as decision,
        (content ->> 'reviewed_on')::date as reviewed_on
    from ledger.current_entry
    where school_id = :school_id and resource = 'reviews'
)

select
    document.resource,
    document.key,
    document.revision,
    document.recorded_at,
    document.period,
    document.content ->> 'kind' as kind,
    coalesce(
        document.content ->> 'state',
        case
            when latest.decision in ('accepted', 'adjusted') then 'approved'
            when latest.decision is not null then latest.decision
            when document.resource = 'publications' then case
                when jsonb_array_length(coalesce(document.content -> 'archive', '[]')) > 0 then 'archived'
                when document.content @? '$.objections[*] ? (!exists(@.answered_on) || @.answered_on == null)' then 'objected'
                when (document.content ->> 'displayed_to')::date < :today then 'closed'
                when document.content ->> 'displayed_from' is not null then 'displayed'
                when document.content ->> 'deliberation_id' is not null then 'deliberated'
                else 'draft'
            end
            when document.resource = 'submissions' then case
                when document.content ->> 'submitted_on' is not null then 'submitted'
                when document.content ->> 'principal_signed_on' is not null then 'signed'
                else 'draft'
            end
            when document.resource = 'plans' then case
                when document.content ->> 'submitted_on' is not null then 'filed' else 'draft'
            end
            when document.resource = 'deliberations' then document.content ->> 'decision'
            else 'recorded'
        end
    ) as state,
    coalesce(
        latest.reviewed_on,
        coalesce(
            document.content ->> 'displayed_from', document.content ->> 'submitted_on', document.content ->> 'held_on',
            document.content ->> 'evaluated_on', document.content ->> 'closed_on', document.content ->> 'effective_from'
        )::date
    ) as on_day
from document
left join lateral (
    select decision, reviewed_on
    from review
    where
        (document.resource = 'submissions' and review.submission_id = document.key)
        or (document.resource = 'plans' and review.plan_id = document.key)
    order by reviewed_on desc
    limit 1
) as latest on true
where
    document.period is null
    or document.period in (:term_id, left(:term_id, 9))
    or document.period between :first_month and :last_month and length(document.period) = 7
order by document.resource, document.period, document.key
