-- One row per source and person of a school and period: what the months' publications, the term's publication,
-- the submission, its review and the payments say, as the ledger knew it at an instant. staff_id is null in the row that
-- stands for the document itself. Source: 一(二)2 公示数据需与上报数据保持一致.
with document as (
    select
        entry.*,
        coalesce(entry.content ->> 'period', entry.content ->> 'term_id') as period,
        entry.resource || '/' || entry.key || '#' || entry.revision as record_key
    from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as entry
    where
        entry.school_id = :school_id
        and entry.resource in ('publications', 'submissions', 'reviews', 'payments')
),

-- The publication that counts is the last one recorded of its kind and period; so with submissions and reviews.
publication as (
    select distinct on (content ->> 'kind', period) *, content ->> 'kind' as kind
    from document
    where resource = 'publications' and (period = :period or period = any(:months::text[]))
    order by content ->> 'kind', period, recorded_at desc, key desc
),

submission as (
    select * from document
    where resource = 'submissions' and period = :period
    order by recorded_at desc, key desc
    limit 1
),

review as (
    select document.*
    from document
    inner join submission on document.content ->> 'submission_id' = submission.key
    where document.resource = 'reviews'
    order by document.recorded_at desc, document.key desc
    limit 1
),

payment as (
    select * from document
    where resource = 'payments' and (period = :period or period = any(:months::text[]))
),

stated as (
    select
        case when kind = 'term_remuneration' or :month::text is not null then 'publication' else 'months' end as source,
        record_key,
        content
    from publication
    union all
    select 'submission', record_key, content from submission
    union all
    select 'payment', record_key, content from payment
),

line as (
    select
        stated.source,
        stated.record_key,
        each ->> 'staff_id' as staff_id,
        ((each ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
        (each ->> 'amount_fen')::bigint as amount_fen
    from stated
    cross join lateral jsonb_array_elements(stated.content -> 'lines') as each
),

-- A person without a line in the review is accepted as submitted; a review that returns the submission accepts nothing.
reviewed as (
    select
        staff_id,
        review.record_key,
        coalesce(((adjusted.each ->> 'class_hours')::numeric * 100)::integer, submitted.class_hours_hundredths) as class_hours_hundredths,
        coalesce((adjusted.each ->> 'amount_fen')::bigint, submitted.amount_fen) as amount_fen
    from (
        select staff_id, sum(class_hours_hundredths) as class_hours_hundredths, sum(amount_fen) as amount_fen
        from line
        where source = 'submission'
        group by staff_id
    ) as submitted
    full join (
        select each ->> 'staff_id' as staff_id, each
        from review
        cross join lateral jsonb_array_elements(coalesce(review.content -> 'lines', '[]')) as each
    ) as adjusted using (staff_id)
    inner join review on review.content ->> 'decision' in ('accepted', 'adjusted')
)

select
    source,
    staff_id,
    sum(class_hours_hundredths)::bigint as class_hours_hundredths,
    sum(amount_fen)::bigint as amount_fen,
    count(*) as records,
    null::text[] as record_keys
from line
group by source, staff_id
union all
select 'review', staff_id, class_hours_hundredths::bigint, amount_fen::bigint, 1, null
from reviewed
union all
select source, null, null, null, count(*), array_agg(record_key order by record_key)
from stated
group by source
union all
select 'review', null, null, null, 1, array[record_key]
from review
where content ->> 'decision' in ('accepted', 'adjusted')
