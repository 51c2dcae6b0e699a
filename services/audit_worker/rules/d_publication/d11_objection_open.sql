/*
code: D11
name: {zh: 异议未答复即上报, en: Submitted over an open objection}
clause: [一(二)2]
grain: school_term
severity: high
reads: [publications, submissions, terms]
claims: A term was submitted while an objection to its publication, or to one of its months', had no answer yet.
spares: An objection that was made after the submission or answered on its day; a submission that does not say its day.
misses: An objection that the school did not record.
says:
  zh: "{when} 公示 {subject} 有 {found} 条异议在上报时尚未答复。"
  en: "{when}, publication {subject}: {found} objections had no answer when the term was submitted."
version: 1
*/
select
    objection.school_id,
    'publication' as subject_kind,
    objection.publication_id as subject,
    null::date as service_date,
    submission.term_id as period,
    '0' as expected,
    count(*)::text as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(objection.record_key, submission.record_key),
        'values', jsonb_build_object(
            'objections', jsonb_agg(objection.objection_id order by objection.objection_id),
            'submitted_on', submission.submitted_on
        )
    ) as evidence
from ledger.latest_submission as submission
inner join ledger.term using (term_id)
inner join ledger.objection
    on
        objection.school_id = submission.school_id
        and (
            objection.period = submission.term_id
            or (
                objection.kind = 'monthly_workload'
                and objection.period between to_char(term.starts_on, 'YYYY-MM') and to_char(term.ends_on, 'YYYY-MM')
            )
        )
where
    submission.school_id = any(:school_ids)
    and objection.school_id = any(:school_ids)
    and term.starts_on <= :last_day
    and term.ends_on >= :first_day
    and objection.made_on <= submission.submitted_on
    and coalesce(objection.answered_on, 'infinity') > submission.submitted_on
group by
    objection.school_id, objection.publication_id, objection.record_key,
    submission.term_id, submission.record_key, submission.submitted_on
