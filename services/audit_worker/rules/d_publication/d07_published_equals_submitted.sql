/*
code: D07
name: {zh: 公示数据与上报数据不一致, en: Published is not submitted}
clause: [一(二)2]
grain: school_term
severity: critical
reads: [publications, submissions, sessions, duties]
claims: A person's class hours or remuneration in the term's publication and in the submission differ, or one side lacks them.
spares: A term of which only one of the two is there yet.
misses: A figure that is wrong on both sides.
says:
  zh: "{when} {subject}：公示（课时 / 元）{expected}，上报 {found}。"
  en: "{when}, {subject}: published (class hours / yuan) {expected}, submitted {found}."
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
    select latest_publication.school_id, latest_publication.term_id, line.staff_id, line.class_hours_hundredths, line.amount_fen
    from latest_publication
    inner join ledger.publication_line as line
        on line.school_id = latest_publication.school_id and line.publication_id = latest_publication.publication_id
),

reported as (
    select latest_submission.school_id, latest_submission.term_id, line.staff_id, line.class_hours_hundredths, line.amount_fen
    from latest_submission
    inner join ledger.submission_line as line
        on line.school_id = latest_submission.school_id and line.submission_id = latest_submission.submission_id
),

compared as (
    select
        school_id,
        term_id,
        staff_id,
        posted.staff_id is not null as is_posted,
        reported.staff_id is not null as is_reported,
        posted.class_hours_hundredths as posted_hours,
        reported.class_hours_hundredths as reported_hours,
        posted.amount_fen as posted_fen,
        reported.amount_fen as reported_fen
    from posted
    full join reported using (school_id, term_id, staff_id)
)

select
    compared.school_id,
    'staff' as subject_kind,
    compared.staff_id as subject,
    null::date as service_date,
    compared.term_id as period,
    case
        when compared.is_posted
            then format('%s / %s', round(posted_hours / 100.0, 2), coalesce(round(posted_fen / 100.0, 2)::text, '—'))
        else '—'
    end as expected,
    case
        when compared.is_reported
            then format('%s / %s', round(reported_hours / 100.0, 2), coalesce(round(reported_fen / 100.0, 2)::text, '—'))
        else '—'
    end as found,
    greatest(coalesce(reported_hours, 0) - coalesce(posted_hours, 0), 0)::integer as hours_at_risk_hundredths,
    case
        when compared.is_posted and compared.is_reported then greatest(reported_fen - posted_fen, 0)
        when compared.is_reported then reported_fen
    end as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(latest_publication.record_key, latest_submission.record_key),
        'values', jsonb_build_object(
            'published_class_hours_hundredths', posted_hours,
            'submitted_class_hours_hundredths', reported_hours,
            'published_fen', posted_fen,
            'submitted_fen', reported_fen
        )
    ) as evidence
from compared
inner join latest_publication using (school_id, term_id)
inner join latest_submission using (school_id, term_id)
where
    posted_hours is distinct from reported_hours
    or posted_fen is distinct from reported_fen
