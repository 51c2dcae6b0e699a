/*
code: B08
name: {zh: 以课后服务名义收费, en: Charged for the service}
clause: [一(一)5]
grain: school_term
severity: critical
reads: [fund-lines, complaints, terms]
claims: >
  The school's own book shows money taken from pupils or their parents for the service; or a complaint about charges was
  closed as substantiated.
spares: Complaints that are open, not substantiated or referred; complaints about other things; receipts that are no charge.
misses: What nobody booked and nobody reported; a charge under another name; what is booked or received before the first term.
parameters:
  complaint_issues:
    default: [charge, 收费, 违规收费, 变相收费]
    why: The issue of a complaint is free text; these are the contract's word and those that the notice and offices use.
says:
  zh: "{when} {subject}：{found}（应为 {expected}）。"
  en: "{when}, {subject}: {found} (expected {expected})."
version: 1
*/
with book_term as (
    select term_id, starts_on, lead(starts_on, 1, 'infinity') over (order by starts_on) as next_starts_on
    from ledger.term
),

term as (
    select term_id, starts_on, next_starts_on
    from book_term
    where starts_on <= :last_day and next_starts_on > :first_day
),

charged as (
    select
        school_id,
        'fund_line' as subject_kind,
        line_id as subject,
        booked_on as happened_on,
        format('%s yuan charged to pupils or parents', round(amount_fen / 100.0, 2)) as found,
        amount_fen,
        record_key
    from ledger.fund_line
    where school_id = any(:school_ids) and direction = 'receipt' and category = 'charge' and amount_fen > 0
    union all
    select
        school_id,
        'complaint',
        complaint_id,
        received_on,
        'a complaint about charges that was substantiated',
        null,
        record_key
    from ledger.complaint
    where school_id = any(:school_ids) and outcome = 'substantiated' and issue = any(:complaint_issues::text[])
)

select
    charged.school_id,
    charged.subject_kind,
    charged.subject,
    null::date as service_date,
    term.term_id as period,
    'no charge' as expected,
    charged.found,
    null::integer as hours_at_risk_hundredths,
    charged.amount_fen::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', array[charged.record_key],
        'values', jsonb_build_object('on', charged.happened_on, 'amount_fen', charged.amount_fen)
    ) as evidence
from charged
inner join term on charged.happened_on >= term.starts_on and charged.happened_on < term.next_starts_on
