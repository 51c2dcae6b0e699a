/*
code: E11
name: {zh: 专项经费大额结余, en: The fund lies idle}
clause: [三(六)]
grain: school_term
severity: review
reads: [fund-lines, disbursements]
claims: >-
  Some time after a term's end the book of the special subsidy still has much of what was received, and the book has gone on
  since.
spares: >-
  A school that keeps no book here; one whose book ends before that day; small sums; what is received for the next term.
misses: Money carried over from before the book's first line; surplus that is spent in haste.
parameters:
  settle_days: {default: 60, why: "After the term's last day, as for the remuneration that is due by then (E08)."}
  idle_percent: {default: 20, why: "Of what the term received. The notice gives no number and no district has been measured; a careful default, for review only."}
  least_fen: {default: 100000, why: "A thousand yuan: less is not worth a question."}
says:
  zh: "{when} 结束后专项经费仍结余 {found} 元（一般不超过 {expected} 元）。"
  en: "After {when}, {found} yuan of the special subsidy are still there (usually up to {expected})."
version: 1
*/
with settled as (
    select
        line.school_id,
        term.term_id,
        term.starts_on,
        term.ends_on + :settle_days::integer as settled_on,
        count(*) filter (where line.direction = 'receipt') as receipts,
        -- What comes in after the next term's first day is the next term's.
        sum(line.amount_fen) filter (
            where
            line.direction = 'receipt'
            and line.booked_on <= term.ends_on + :settle_days::integer
            and line.booked_on < term.next_starts_on
        ) as received_fen,
        sum(line.amount_fen) filter (
            where
            line.direction = 'receipt'
            and line.booked_on >= term.starts_on
            and line.booked_on <= term.ends_on + :settle_days::integer
            and line.booked_on < term.next_starts_on
        ) as of_term_fen,
        sum(line.amount_fen) filter (
            where line.direction = 'spending' and line.booked_on <= term.ends_on + :settle_days::integer
        ) as spent_fen
    from ledger.book_term as term
    inner join ledger.fund_line as line on line.school_id = any(:school_ids)
    where term.starts_on <= :last_day and term.ends_on >= :first_day
    group by line.school_id, term.term_id, term.starts_on, term.ends_on
    having max(line.booked_on) > term.ends_on + :settle_days::integer
),

-- A book that shows no receipts: what the district says that it paid.
granted as (
    select
        settled.school_id,
        settled.term_id,
        sum(disbursement.amount_fen) as received_fen,
        sum(disbursement.amount_fen) filter (where disbursement.term_id = settled.term_id) as of_term_fen
    from settled
    inner join ledger.disbursement on disbursement.school_id = settled.school_id
    inner join ledger.term on term.term_id = disbursement.term_id and term.starts_on <= settled.starts_on
    where disbursement.paid_on <= settled.settled_on
    group by settled.school_id, settled.term_id
),

balance as (
    select
        settled.school_id,
        settled.term_id,
        settled.settled_on,
        case when settled.receipts > 0 then settled.received_fen else granted.received_fen end as received_fen,
        coalesce(case when settled.receipts > 0 then settled.of_term_fen else granted.of_term_fen end, 0) as of_term_fen,
        coalesce(settled.spent_fen, 0) as spent_fen
    from settled
    left join granted using (school_id, term_id)
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    term_id as period,
    round(of_term_fen * :idle_percent::integer / 10000.0, 2)::text as expected,
    round((received_fen - spent_fen) / 100.0, 2)::text as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', '[]'::jsonb,
        'values', jsonb_build_object(
            'on', settled_on, 'received_fen', received_fen, 'of_term_fen', of_term_fen, 'spent_fen', spent_fen
        )
    ) as evidence
from balance
where
    received_fen - spent_fen >= :least_fen::integer
    and (received_fen - spent_fen) * 100 > of_term_fen * :idle_percent::integer
