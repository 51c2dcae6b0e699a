/*
code: E08
name: {zh: 报酬逾期未足额发放, en: Not paid in time and in full}
clause: [三(六)]
grain: school_term
severity: high
reads: [publications, submissions, payments, sessions, duties]
claims: >-
  Service of a later day than the due date is in the school's ledger, and what the payments show for a term is less than its
  statement promises.
spares: >-
  A school that has no service after the due date yet: the ledger does not know that it has passed. A term that has been paid
  as a term: each difference is E07's.
misses: >-
  Money that came late and has come; a term after which the school serves no more; a school that records no payments at all is
  shown as one that did not pay.
parameters:
  due_days: {default: 60, why: "After the term's last day. The notice asks for in time (及时) and gives no number; review and disbursement take weeks, two months are no longer in time."}
says:
  zh: "{subject} 至 {when} 尚有 {found} 元报酬未发放（应付 {expected} 元）。"
  en: "{subject}: by {when}, {found} yuan of {expected} had not been paid."
version: 2
*/
-- The finding is dated on the first day of service after the due date, which lies in a later term.
with statement as (
    select
        term_statement.school_id,
        term_statement.term_id,
        term_statement.record_key,
        term.starts_on,
        term.ends_on,
        term.ends_on + :due_days::integer as due_on,
        overdue.service_date
    from ledger.term_statement
    inner join ledger.term using (term_id)
    cross join lateral (
        select work_day.service_date
        from audit.work_day
        where
            work_day.school_id = term_statement.school_id
            and work_day.service_date > term.ends_on + :due_days::integer
        order by work_day.service_date
        limit 1
    ) as overdue
    where
        term_statement.school_id = any(:school_ids)
        and term.ends_on + :due_days::integer < :last_day
        and overdue.service_date between :first_day and :last_day
),

paid as (
    select
        statement.school_id,
        statement.term_id,
        payment.staff_id,
        sum(payment.amount_fen) as amount_fen
    from statement
    inner join ledger.payment_line as payment
        on
            payment.school_id = statement.school_id
            and payment.period between to_char(statement.starts_on, 'YYYY-MM') and to_char(statement.ends_on, 'YYYY-MM')
    group by statement.school_id, statement.term_id, payment.staff_id
),

short as (
    select
        statement.school_id,
        statement.term_id,
        statement.record_key,
        statement.due_on,
        statement.service_date,
        line.staff_id,
        line.amount_fen,
        greatest(line.amount_fen - coalesce(paid.amount_fen, 0), 0) as unpaid_fen
    from statement
    inner join ledger.term_statement_line as line
        on line.school_id = statement.school_id and line.term_id = statement.term_id
    left join paid
        on paid.school_id = statement.school_id and paid.term_id = statement.term_id and paid.staff_id = line.staff_id
    where
        not exists (
            select from ledger.payment_line as whole
            where whole.school_id = statement.school_id and whole.period = statement.term_id
        )
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    service_date,
    null::text as period,
    round(sum(amount_fen) / 100.0, 2)::text as expected,
    round(sum(unpaid_fen) / 100.0, 2)::text as found,
    null::integer as hours_at_risk_hundredths,
    sum(unpaid_fen)::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object(
            'term_id', term_id,
            'due_on', due_on,
            'people', count(*) filter (where unpaid_fen > 0),
            'unpaid', jsonb_object_agg(staff_id, unpaid_fen) filter (where unpaid_fen > 0)
        )
    ) as evidence
from short
group by school_id, term_id, record_key, due_on, service_date
having sum(unpaid_fen) > 0
