/*
code: E10
name: {zh: 经费拨付与标准或期限不符, en: Not granted by the standard or in time}
clause: [三(六)]
grain: school_term
severity: medium
reads: [disbursements, sessions, duties]
claims: >-
  A grant to a school is not the standard times its basis, or was paid after its due date, or was not paid though the school
  served in that term after the due date.
spares: A grant that says no standard, no basis and no due date.
misses: >-
  A basis that is not the school's true number of pupils or class hours; a grant that nobody entered; one due after the term's
  last day of service and never paid.
says:
  zh: "对 {school_id} 的拨付 {subject}（{when}）：{found}，应为 {expected}。"
  en: "Grant {subject} to {school_id} ({when}): {found}, expected {expected}."
version: 2
*/
with granted as (
    select
        disbursement.*,
        disbursement.standard_fen * disbursement.basis as due_fen,
        case
            when disbursement.paid_on > disbursement.due_on then 'paid on ' || disbursement.paid_on
            when
                disbursement.paid_on is null
                and exists (
                    select from audit.work_day
                    where
                        work_day.school_id = disbursement.school_id
                        and work_day.service_date > disbursement.due_on
                        and work_day.service_date between term.starts_on and term.ends_on
                )
                then 'not paid'
        end as late
    from ledger.disbursement
    inner join ledger.term using (term_id)
    where
        disbursement.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
)

select
    school_id,
    'disbursement' as subject_kind,
    disbursement_id as subject,
    null::date as service_date,
    term_id as period,
    concat_ws(
        ', ',
        case when amount_fen <> due_fen then round(due_fen / 100.0, 2) || ' yuan' end,
        case when late is not null then 'by ' || due_on end
    ) as expected,
    concat_ws(', ', case when amount_fen <> due_fen then round(amount_fen / 100.0, 2) || ' yuan' end, late) as found,
    null::integer as hours_at_risk_hundredths,
    case when due_fen is not null then greatest(amount_fen - due_fen, 0) end::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object(
            'amount_fen', amount_fen, 'standard_fen', standard_fen, 'basis', basis, 'basis_kind', basis_kind,
            'due_on', due_on, 'paid_on', paid_on
        )
    ) as evidence
from granted
where amount_fen <> due_fen or late is not null
