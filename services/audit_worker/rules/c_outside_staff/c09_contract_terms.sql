/*
code: C09
name: {zh: 合同由家长付费或未经集体审议, en: Contract that families pay for or that nobody decided}
clause: [一(一)5, 一(一)4]
grain: school_term
severity: critical
reads: [agreements, terms]
needs: [agreements]
claims: >
  An agreement that is in force in a term has families or a parents' committee pay for it; or a contract with a provider
  names no deliberation that decided it.
spares: >
  An agreement that does not say who pays. Engagements, pairings and partnerships, which a leading group may make alone.
  A contract that was over before the term.
misses: What is paid beside the contract; whether the deliberation was held and about this contract.
says:
  zh: "{when} 协议 {subject}：{found}（应为 {expected}）。"
  en: "{when}: agreement {subject}: {found}; {expected} was wanted."
version: 1
*/
select
    agreement.school_id,
    'agreement' as subject_kind,
    agreement.agreement_id as subject,
    null::date as service_date,
    term.term_id as period,
    'decided together, paid by the school' as expected,
    wrong.found,
    null::integer as hours_at_risk_hundredths,
    case when agreement.paid_by in ('families', 'parents_committee') then agreement.amount_fen end as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(agreement.record_key)) as evidence
from ledger.agreement
inner join ledger.term on agreement.starts_on <= term.ends_on and agreement.in_force_to >= term.starts_on
cross join lateral (
    select concat_ws(
        ', ',
        case agreement.paid_by when 'families' then 'paid by families' when 'parents_committee' then 'paid through a parents'' committee' end,
        case when agreement.kind = 'service_contract' and agreement.deliberation_id is null then 'not deliberated' end
    ) as found
) as wrong
where
    agreement.school_id = any(:school_ids)
    and term.starts_on <= :last_day and term.ends_on >= :first_day
    and wrong.found <> ''
