/*
code: G04
name: {zh: 无审核方案即审核或上报未审核, en: Reviewed without a scheme or not reviewed at all}
clause: [二(三)]
grain: year
severity: high
reads: [reviews, review-schemes, submissions, progress, terms, schools]
claims: >
  A stage centre reviewed submissions of its schools on days on which no review scheme of it was in force; or a submission
  has no review, although the centre reviews submissions here and the time that the district allows has passed.
spares: >
  A centre that has recorded no review of a submission: it reviews elsewhere then. A submission without its day. Earlier
  submissions of a term that another followed. Reviews of plans need no such scheme.
misses: >
  Whether a review keeps to its scheme. A submission whose time ends after the last day of service of the school year. Now is
  the district's latest day of service in the ledger, and no clock.
parameters:
  review_days: {default: 60, why: "The notice says strictly and gives no time; two months reach past the winter holiday."}
  shown: {default: 50, why: The evidence names so many reviews; the rest is behind the same query.}
says:
  zh: "{subject}：应有 {expected}，实际：{found}（{when}）。"
  en: "{subject} in {when}: {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

-- Asked once, and only where something is due.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached from year
),

reviewed as materialized (
    select review.school_id, review.submission_id, review.reviewed_on, review.record_key, school.stage
    from ledger.review
    inner join ledger.stage_school as school on school.school_id = review.school_id and school.leads
    where review.submission_id is not null
),

unruled as (
    select
        'centre-' || reviewed.stage as school_id,
        'centre' as subject_kind,
        reviewed.stage as subject,
        year.academic_year,
        'a review scheme in force' as expected,
        count(*) || ' reviews without one, the first on ' || min(reviewed.reviewed_on) as found,
        jsonb_path_query_array(
            jsonb_agg(reviewed.record_key order by reviewed.reviewed_on, reviewed.record_key),
            '$[0 to $last]', jsonb_build_object('last', :shown::integer - 1)
        ) as record_keys
    from reviewed
    inner join year on year.first_calendar_year = extract(year from reviewed.reviewed_on - interval '8 months')
    where
        not exists (
            select from ledger.review_scheme as scheme
            where
                scheme.stage = reviewed.stage
                and reviewed.reviewed_on between scheme.effective_from and scheme.effective_to
        )
    group by reviewed.stage, year.academic_year
),

unreviewed as (
    select
        'centre-' || school.stage as school_id,
        'submission' as subject_kind,
        submission.school_id || '/' || submission.submission_id as subject,
        year.academic_year,
        'a review by ' || submission.submitted_on + :review_days::integer as expected,
        'none' as found,
        jsonb_build_array(submission.record_key) as record_keys
    from ledger.latest_submission as submission
    inner join ledger.stage_school as school on school.school_id = submission.school_id and school.leads
    inner join year
        on
            submission.submitted_on + :review_days::integer > year.due_after
            and submission.submitted_on + :review_days::integer <= year.ends_on
    where
        submission.submitted_on + :review_days::integer
        < (select progress.reached from progress where progress.academic_year = year.academic_year)
        and exists (select from reviewed where reviewed.stage = school.stage)
        and not exists (
            select from reviewed
            where reviewed.school_id = submission.school_id and reviewed.submission_id = submission.submission_id
        )
)

select
    school_id,
    subject_kind,
    subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) as evidence
from (
    select * from unruled
    union all
    select * from unreviewed
) as either
