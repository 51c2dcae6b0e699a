/*
code: D08
name: {zh: 总数一致而逐人不一致, en: Totals agree and lines differ}
clause: [一(二)2]
grain: school_term
severity: critical
reads: [publications, submissions]
claims: The term's publication and submission have the same total of class hours while persons' lines differ.
spares: Lines that agree; totals that differ (D07 names the lines).
misses: Two wrong lines that are wrong alike on both sides.
says:
  zh: "{when} 公示与上报总课时都是 {expected}，但有 {found} 人的课时不一致。"
  en: "{when}: published and submitted totals are both {expected} class hours, yet {found} lines differ."
version: 1
*/
with terms as (
    select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day
),

latest_publication as (
    select distinct on (school_id, period) school_id, period as term_id, publication_id, record_key
    from ledger.publication
    where
        school_id = any(:school_ids)
        and kind = 'term_remuneration'
        and period in (select term_id from terms)
    order by school_id, period, recorded_at desc
),

latest_submission as (
    select distinct on (school_id, term_id) school_id, term_id, submission_id, record_key
    from ledger.submission
    where school_id = any(:school_ids) and term_id in (select term_id from terms)
    order by school_id, term_id, recorded_at desc
),

posted as (
    select latest_publication.school_id, latest_publication.term_id, line.staff_id, line.class_hours_hundredths
    from latest_publication
    inner join ledger.publication_line as line
        on line.school_id = latest_publication.school_id and line.publication_id = latest_publication.publication_id
),

reported as (
    select latest_submission.school_id, latest_submission.term_id, line.staff_id, line.class_hours_hundredths
    from latest_submission
    inner join ledger.submission_line as line
        on line.school_id = latest_submission.school_id and line.submission_id = latest_submission.submission_id
),

compared as (
    select
        school_id,
        term_id,
        sum(posted.class_hours_hundredths) as posted_total,
        sum(reported.class_hours_hundredths) as reported_total,
        count(*) filter (
            where posted.class_hours_hundredths is distinct from reported.class_hours_hundredths
        ) as lines_that_differ,
        sum(greatest(coalesce(reported.class_hours_hundredths, 0) - coalesce(posted.class_hours_hundredths, 0), 0)) as moved
    from posted
    full join reported using (school_id, term_id, staff_id)
    group by school_id, term_id
)

select
    compared.school_id,
    'school' as subject_kind,
    compared.school_id as subject,
    null::date as service_date,
    compared.term_id as period,
    round(posted_total / 100.0, 2)::text as expected,
    lines_that_differ::text as found,
    moved::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(latest_publication.record_key, latest_submission.record_key)) as evidence
from compared
inner join latest_publication using (school_id, term_id)
inner join latest_submission using (school_id, term_id)
where posted_total = reported_total and lines_that_differ > 0
