-- One row per matter between schools and offices: a plan filed, a review, a demand for rectification, a complaint, a clawback, a
-- disqualification, a training, a visit of a campaign. state: as stated, or as its facts tell. from_day: when it began; due_on:
-- by when it is to be settled; settled_on: when it was; amount_fen and settled_fen of money.
-- Where one matter's nature is restricted (restricted), schools do not read it.
with matter as (
    -- What an office keeps in its own chain says itself which school it is about, and its key begins with that.
    select
        coalesce(entry.content ->> 'school_id', entry.school_id) as school_id,
        entry.resource,
        case when entry.school_id like 'centre-%' then substr(entry.key, strpos(entry.key, '/') + 1) else entry.key end as key,
        entry.content as said,
        entry.content ->> 'state' as state
    from ledger.current_entry as entry
    where
        entry.resource in (
            'plans', 'reviews', 'rectifications', 'complaints', 'clawbacks', 'disqualifications', 'trainings', 'inspections'
        )
        and (:school_id::text is null or coalesce(entry.content ->> 'school_id', entry.school_id) = :school_id)
        and (:resource::text is null or entry.resource = :resource)
        and (:restricted or entry.resource not in ('complaints', 'disqualifications', 'inspections'))
),

told as (
    select
        matter.school_id, matter.resource, matter.key, matter.state,
        matter.said ->> 'demand' as about,
        (matter.said ->> 'demanded_on')::date as from_day,
        rectification.due_on,
        rectification.verified_on as settled_on,
        null::bigint as amount_fen,
        null::bigint as settled_fen,
        case when jsonb_array_length(rectification.answers) > 0 then 'answered' else 'demanded' end as reached,
        matter.said ->> 'issue' as issue
    from matter
    inner join ledger.rectification
        on rectification.school_id = matter.school_id and rectification.rectification_id = matter.key
    where matter.resource = 'rectifications'
    union all
    select
        school_id, resource, key, state, said ->> 'issue', (said ->> 'received_on')::date, (said ->> 'due_on')::date,
        (said ->> 'closed_on')::date, null, null,
        case
            when said ->> 'closed_on' is not null then 'closed'
            when jsonb_array_length(coalesce(said -> 'handling', '[]')) > 0 then 'handled'
            when said ->> 'acknowledged_on' is not null then 'accepted'
            else 'received'
        end,
        said ->> 'outcome'
    from matter where resource = 'complaints'
    union all
    select
        matter.school_id, matter.resource, matter.key, matter.state, matter.said ->> 'legal_basis',
        (matter.said ->> 'determined_on')::date, (matter.said ->> 'due_on')::date,
        coalesce(
            (matter.said ->> 'cancelled_on')::date,
            case when recovered.amount_fen >= (matter.said ->> 'amount_fen')::bigint then recovered.last_on end
        ),
        (matter.said ->> 'amount_fen')::bigint, coalesce(recovered.amount_fen, 0)::bigint,
        case
            when matter.said ->> 'cancelled_on' is not null then 'cancelled'
            when recovered.amount_fen >= (matter.said ->> 'amount_fen')::bigint then 'recovered'
            when matter.said ->> 'referral' is not null then 'referred'
            when recovered.amount_fen > 0 then 'partly_recovered'
            when matter.said ->> 'ordered_on' is not null then 'ordered'
            else 'proposed'
        end,
        null
    from matter
    left join lateral (
        select sum((each ->> 'amount_fen')::bigint) as amount_fen, max((each ->> 'recovered_on')::date) as last_on
        from jsonb_array_elements(coalesce(matter.said -> 'recovered', '[]')) as each
    ) as recovered on true
    where matter.resource = 'clawbacks'
    union all
    select
        matter.school_id, matter.resource, matter.key, matter.state, matter.said ->> 'academic_year',
        (matter.said ->> 'submitted_on')::date, null,
        (review.content ->> 'reviewed_on')::date, null, null,
        case
            when review.content ->> 'decision' in ('accepted', 'adjusted') then 'approved'
            when review.key is not null then review.content ->> 'decision'
            when matter.said ->> 'submitted_on' is not null then 'filed'
            else 'draft'
        end,
        review.content ->> 'filing_number'
    from matter
    left join lateral (
        select entry.key, entry.content
        from ledger.current_entry as entry
        where
            entry.resource = 'reviews'
            and entry.school_id = matter.school_id
            and entry.content ->> 'plan_id' = matter.key
        order by entry.content ->> 'reviewed_on' desc
        limit 1
    ) as review on true
    where matter.resource = 'plans'
    union all
    select
        school_id, resource, key, state, coalesce(said ->> 'submission_id', said ->> 'plan_id'),
        (said ->> 'reviewed_on')::date, null, (said ->> 'reviewed_on')::date, null, null, said ->> 'decision', said ->> 'scheme_id'
    from matter where resource = 'reviews'
    union all
    select
        school_id, resource, key, state, said ->> 'academic_year', null, null, (said ->> 'annulled_on')::date, null, null,
        case when said ->> 'annulled_on' is null then 'in_force' else 'annulled' end, null
    from matter where resource = 'disqualifications'
    union all
    select
        school_id, resource, key, state, said ->> 'kind', (said ->> 'held_on')::date, null, (said ->> 'held_on')::date, null, null,
        'held', jsonb_array_length(coalesce(said -> 'attendees', '[]'))::text
    from matter where resource = 'trainings'
    union all
    select
        school_id, resource, key, state, said ->> 'kind', (said ->> 'date')::date, null,
        case when said ->> 'conclusion' is not null then (said ->> 'date')::date end, null, null,
        case when said ->> 'conclusion' is not null then 'concluded' else 'under_way' end,
        said ->> 'campaign_id'
    from matter where resource = 'inspections'
)

select
    told.school_id, told.resource, told.key, told.about, told.issue, told.from_day, told.due_on, told.settled_on,
    told.amount_fen, told.settled_fen,
    coalesce(told.state, case when told.resource = 'rectifications' and told.settled_on is not null then 'verified' else told.reached end) as state,
    coalesce(told.settled_on is null and told.due_on < :today, false) as is_overdue,
    told.resource = 'rectifications' and told.issue is not null
    and count(*) over (partition by told.school_id, told.resource, told.issue) > 1 as is_repeated
from told
where
    (:stage::text is null and :town::text is null)
    or told.school_id = any(
        array(
            select school.school_id from ledger.school
            where (:stage::text is null or :stage = any(school.stages)) and (:town::text is null or school.town = :town)
        )
    )
    or told.school_id = 'centre-' || :stage
order by is_overdue desc, told.due_on nulls last, told.from_day desc nulls last, told.resource, told.school_id, told.key
