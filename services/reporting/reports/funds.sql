-- One row per school of these and term: what the district granted, what its book of the special subsidy says of the term (its
-- holidays belong to it), and what was stated, accepted and paid to people; amounts in fen, null where nothing says it.
-- arrears: what people were paid less than was accepted, person by person; overpaid: what they were paid more.
with term as (
    select * from ledger.book_term where term_id = :term_id
),

granted as (
    select school_id, sum(amount_fen)::bigint as disbursed_fen, max(paid_on) as disbursed_on
    from ledger.disbursement
    where term_id = :term_id and school_id = any(:school_ids)
    group by school_id
),

booked as (
    select
        line.school_id,
        line.category,
        sum(line.amount_fen) filter (where line.direction = 'receipt' and line.booked_on >= term.starts_on) as received_fen,
        sum(line.amount_fen) filter (where line.direction = 'spending' and line.booked_on >= term.starts_on) as spent_fen,
        sum(line.signed_fen) as balance_fen
    from ledger.fund_line as line
    cross join term
    where line.school_id = any(:school_ids) and line.booked_on < term.next_starts_on
    group by line.school_id, line.category
),

book as (
    select
        school_id,
        sum(received_fen)::bigint as received_fen,
        sum(spent_fen)::bigint as spent_fen,
        sum(balance_fen)::bigint as balance_fen,
        jsonb_object_agg(category, spent_fen::bigint) filter (where spent_fen is not null) as spent_by_category
    from booked
    group by school_id
),

submitted as (
    select submission.school_id, submission.submission_id, submission.lines, review.decision, review.lines as review_lines
    from ledger.latest_submission as submission
    left join ledger.latest_review as review
        on review.school_id = submission.school_id and review.submission_id = submission.submission_id
    where submission.term_id = :term_id and submission.school_id = any(:school_ids)
),

stated as (
    select school_id, line ->> 'staff_id' as staff_id, sum((line ->> 'amount_fen')::bigint) as amount_fen
    from submitted
    cross join lateral jsonb_array_elements(lines) as line
    group by school_id, line ->> 'staff_id'
),

adjusted as (
    select school_id, line ->> 'staff_id' as staff_id, (line ->> 'amount_fen')::bigint as amount_fen
    from submitted
    cross join lateral jsonb_array_elements(coalesce(review_lines, '[]')) as line
    where decision in ('accepted', 'adjusted') and line ->> 'amount_fen' is not null
),

paid as (
    select payment.school_id, payment.staff_id, sum(payment.amount_fen) as amount_fen, max(payment.paid_on) as paid_on
    from ledger.payment_line as payment
    cross join term
    where
        payment.school_id = any(:school_ids)
        and (
            payment.period = :term_id
            or (
                length(payment.period) = 7
                and payment.period between to_char(term.starts_on, 'YYYY-MM') and to_char(term.ends_on, 'YYYY-MM')
            )
        )
    group by payment.school_id, payment.staff_id
),

person as (
    select
        school_id,
        stated.amount_fen as stated_fen,
        case when submitted.decision in ('accepted', 'adjusted')
            then coalesce(adjusted.amount_fen, stated.amount_fen)
        end as accepted_fen,
        paid.amount_fen as paid_fen,
        paid.paid_on
    from stated
    full join adjusted using (school_id, staff_id)
    full join paid using (school_id, staff_id)
    left join submitted using (school_id)
),

pay as (
    select
        school_id,
        sum(stated_fen)::bigint as stated_fen,
        sum(accepted_fen)::bigint as accepted_fen,
        sum(paid_fen)::bigint as paid_fen,
        max(paid_on) as paid_on,
        (sum(greatest(accepted_fen - coalesce(paid_fen, 0), 0)) filter (where accepted_fen is not null))::bigint as arrears_fen,
        count(*) filter (where accepted_fen > coalesce(paid_fen, 0)) as people_in_arrears,
        sum(greatest(paid_fen - coalesce(accepted_fen, stated_fen, 0), 0))::bigint as overpaid_fen
    from person
    group by school_id
)

select
    school.school_id, granted.disbursed_fen, granted.disbursed_on, book.received_fen, book.spent_fen, book.balance_fen,
    book.spent_by_category, pay.stated_fen, pay.accepted_fen, pay.paid_fen, pay.paid_on, pay.arrears_fen, pay.overpaid_fen,
    coalesce(pay.people_in_arrears, 0) as people_in_arrears
from unnest(:school_ids::text[]) as school (school_id)
left join granted using (school_id)
left join book using (school_id)
left join pay using (school_id)
order by school.school_id
