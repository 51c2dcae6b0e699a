/*
code: D09
name: {zh: 上报材料不完整, en: Submission not complete}
clause: [一(二)3]
grain: school_term
severity: critical
reads: [submissions, reviews, terms]
claims: >
  A term's submission lacks one of its three papers (arrangement table, collective decision record, publication
  material), the principal's signature or the Party organisation's seal, or what was signed or sealed is not what was
  submitted.
spares: A submission that is not sent yet, as it says no day and nobody reviewed it; digests that only one side gives.
misses: A paper that is there and says something else (D14); who signed without holding the post.
parameters:
  papers:
    default: [arrangement_table, decision_record, publication_material]
    why: The three that the notice names.
says:
  zh: "{when} 上报 {subject} 不完整：{found}。"
  en: "{when}, submission {subject}: {found}."
version: 2
*/
with reviewed as (
    select distinct school_id, submission_id
    from ledger.review
    where school_id = any(:school_ids)
),

submitted as (
    select submission.*
    from ledger.latest_submission as submission
    left join reviewed on reviewed.school_id = submission.school_id and reviewed.submission_id = submission.submission_id
    where
        submission.school_id = any(:school_ids)
        and submission.term_id in (select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day)
        and (
            submission.submitted_on is not null
            or reviewed.submission_id is not null
        )
),

judged as (
    select
        submitted.*,
        array(
            select 'no ' || paper
            from unnest(:papers::text[]) with ordinality as wanted (paper, place)
            where not submitted.attachments @> jsonb_build_array(jsonb_build_object('kind', paper))
            order by place
        ) || array_remove(
            array[
                case when principal_signed_on is null then 'no signature of the principal' end,
                case when principal_signed_hash <> content_hash then 'the signature is on another content' end,
                case when party_seal_on is null then 'no seal of the Party organisation' end,
                case when party_seal_hash <> content_hash then 'the seal is on another content' end,
                case when principal_signed_hash <> party_seal_hash and content_hash is null
                    then 'signature and seal are on different contents'
                end
            ], null
        ) as wrong
    from submitted
)

select
    school_id,
    'submission' as subject_kind,
    submission_id as subject,
    null::date as service_date,
    term_id as period,
    'three papers, signature and seal on what was submitted' as expected,
    array_to_string(wrong, ', ') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from judged
where wrong <> '{}'
