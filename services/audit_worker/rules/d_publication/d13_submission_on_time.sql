/*
code: D13
name: {zh: 学期上报迟延或缺失, en: Term submitted late or never}
clause: [一(二)3]
grain: school_term
severity: medium
reads: [submissions, reviews, sessions, duties, terms]
claims: >
  A term with class hours in the ledger was submitted later than the district allows, or the school is long at work in
  the next term and has not submitted it.
spares: >
  A term without class hours of the school; one whose time is not over by the school's last service day of the next term.
  Of several submissions the earliest counts, and of one that was returned and submitted again the day of its first review;
  one that does not say its day is not late.
misses: A school that never serves again after the term; its last term is nobody's.
parameters:
  within_days: {default: 30, why: "The notice says at fixed times and gives no day; a month after the term leaves time for the display."}
says:
  zh: "{when}：学期 {subject} 应于 {expected} 前上报，实际：{found}。"
  en: "{when}: term {subject} was to be submitted by {expected}; found: {found}."
version: 3
*/
with terms as (
    select term_id, starts_on, ends_on, lag(term_id) over (order by starts_on) as before_id
    from ledger.term
),

late as (
    select
        submission.school_id,
        terms.term_id,
        terms.term_id as period,
        terms.ends_on,
        -- What was returned and submitted again says its later day; it was there when it was first reviewed.
        min(least(submission.submitted_on, first_review.reviewed_on)) as submitted_on,
        jsonb_agg(submission.record_key order by submission.record_key) as record_keys
    from terms
    inner join ledger.submission using (term_id)
    left join lateral (
        select min(review.reviewed_on) as reviewed_on
        from ledger.review
        where review.school_id = submission.school_id and review.submission_id = submission.submission_id
    ) as first_review on true
    where submission.school_id = any(:school_ids) and terms.starts_on <= :last_day and terms.ends_on >= :first_day
    group by submission.school_id, terms.term_id, terms.ends_on
    having
        bool_and(submission.submitted_on is not null)
        and min(least(submission.submitted_on, first_review.reviewed_on)) > terms.ends_on + :within_days::integer
),

-- Shown in the term that the school is at work in now.
missing as (
    select
        school.school_id,
        before.term_id,
        terms.term_id as period,
        before.ends_on,
        null::date as submitted_on,
        '[]'::jsonb as record_keys
    from unnest(:school_ids::text[]) as school (school_id)
    cross join terms
    inner join terms as before on before.term_id = terms.before_id
    where
        terms.starts_on <= :last_day
        and terms.ends_on >= :first_day
        and exists (
            select from audit.work_day
            where
                work_day.school_id = school.school_id
                and work_day.service_date between terms.starts_on and terms.ends_on
                and work_day.service_date > before.ends_on + :within_days::integer
        )
        and exists (
            select from audit.work_day
            where
                work_day.school_id = school.school_id
                and work_day.service_date between before.starts_on and before.ends_on
                and 0 < any(work_day.class_hours_hundredths)
        )
        and not exists (
            select from ledger.submission
            where submission.school_id = school.school_id and submission.term_id = before.term_id
        )
)

select
    school_id,
    'term' as subject_kind,
    term_id as subject,
    null::date as service_date,
    period,
    (ends_on + :within_days::integer)::text as expected,
    coalesce(submitted_on::text, 'not submitted') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) as evidence
from (
    select * from late
    union all
    select * from missing
) as overdue
