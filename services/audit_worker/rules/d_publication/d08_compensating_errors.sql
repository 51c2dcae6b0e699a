/*
code: D08
name: {zh: 总数一致而逐人不一致, en: Totals agree and lines differ}
clause: [一(二)2, 一(二)3]
grain: school_term
severity: critical
reads: [publications, submissions, reviews, payments, sessions, duties, terms]
claims: >
  Two statements of a term have the same total while persons' lines differ: publication and submission in class hours
  or in money, submission and what was paid for the term in money.
spares: Lines that agree; totals that differ (D07 and E07 name the lines); a submission that a review adjusted (E07).
misses: Two wrong lines that are wrong alike on both sides. Of the months D04 names each person, whatever their total.
says:
  zh: "{when} 前后两份数据总数都是 {expected}，但逐人不一致：{found}。"
  en: "{when}: the totals are both {expected}, yet lines differ: {found}."
version: 2
*/
with terms as (
    select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day
),

submitted as (
    select school_id, term_id, submission_id, record_key
    from ledger.latest_submission
    where school_id = any(:school_ids) and term_id in (select term_id from terms)
),

reported as (
    select submitted.school_id, submitted.term_id, line.staff_id, line.class_hours_hundredths, line.amount_fen
    from submitted
    inner join ledger.submission_line as line
        on line.school_id = submitted.school_id and line.submission_id = submitted.submission_id
),

published as (
    select school_id, period as term_id, publication_id, record_key
    from ledger.latest_publication
    where school_id = any(:school_ids) and kind = 'term_remuneration' and period in (select term_id from terms)
),

posted as (
    select published.school_id, published.term_id, line.staff_id, line.class_hours_hundredths, line.amount_fen
    from published
    inner join ledger.publication_line as line
        on line.school_id = published.school_id and line.publication_id = published.publication_id
),

paid as (
    select school_id, period as term_id, staff_id, sum(amount_fen) as amount_fen, min(record_key) as record_key
    from ledger.payment_line
    where school_id = any(:school_ids) and period in (select term_id from terms)
    group by school_id, period, staff_id
),

compared as (
    select
        school_id,
        term_id,
        sum(posted.class_hours_hundredths) as posted_hours,
        sum(reported.class_hours_hundredths) as reported_hours,
        sum(posted.amount_fen) as posted_fen,
        sum(reported.amount_fen) as reported_fen,
        count(*) filter (
            where coalesce(posted.class_hours_hundredths, 0) <> coalesce(reported.class_hours_hundredths, 0)
        ) as hours_differ,
        count(*) filter (where coalesce(posted.amount_fen, 0) <> coalesce(reported.amount_fen, 0)) as fen_differ,
        sum(greatest(coalesce(reported.class_hours_hundredths, 0) - coalesce(posted.class_hours_hundredths, 0), 0)) as moved_hours,
        sum(greatest(coalesce(reported.amount_fen, 0) - coalesce(posted.amount_fen, 0), 0)) as moved_fen
    from posted
    full join reported using (school_id, term_id, staff_id)
    group by school_id, term_id
),

settled as (
    select
        school_id,
        term_id,
        sum(reported.amount_fen) as reported_fen,
        sum(paid.amount_fen) as paid_fen,
        count(*) filter (where coalesce(paid.amount_fen, 0) <> coalesce(reported.amount_fen, 0)) as fen_differ,
        sum(greatest(coalesce(paid.amount_fen, 0) - coalesce(reported.amount_fen, 0), 0)) as moved_fen,
        min(paid.record_key) as record_key
    from reported
    full join paid using (school_id, term_id, staff_id)
    group by school_id, term_id
)

select
    compared.school_id,
    'school' as subject_kind,
    compared.school_id as subject,
    null::date as service_date,
    compared.term_id as period,
    case
        when posted_hours = reported_hours and hours_differ > 0 then round(posted_hours / 100.0, 2)::text
        else round(posted_fen / 100.0, 2)::text
    end as expected,
    concat_ws(
        ', ',
        case when posted_hours = reported_hours and hours_differ > 0 then hours_differ || ' in class hours' end,
        case when posted_fen = reported_fen and fen_differ > 0 then fen_differ || ' in money' end
    ) as found,
    case when posted_hours = reported_hours and hours_differ > 0 then moved_hours end::integer as hours_at_risk_hundredths,
    case when posted_fen = reported_fen and fen_differ > 0 then moved_fen end::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(published.record_key, submitted.record_key)) as evidence
from compared
inner join published using (school_id, term_id)
inner join submitted using (school_id, term_id)
where
    (posted_hours = reported_hours and hours_differ > 0)
    or (posted_fen = reported_fen and fen_differ > 0)
union all
select
    settled.school_id,
    'submission',
    submitted.submission_id,
    null,
    settled.term_id,
    round(settled.reported_fen / 100.0, 2)::text,
    settled.fen_differ || ' paid otherwise',
    null,
    settled.moved_fen::bigint,
    jsonb_build_object('records', jsonb_build_array(submitted.record_key, settled.record_key))
from settled
inner join submitted using (school_id, term_id)
where
    settled.reported_fen = settled.paid_fen
    and settled.fen_differ > 0
    and not exists (
        select from ledger.latest_review as review
        where
            review.school_id = submitted.school_id
            and review.submission_id = submitted.submission_id
            and review.decision = 'adjusted'
    )
