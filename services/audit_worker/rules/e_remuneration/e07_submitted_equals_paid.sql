/*
code: E07
name: {zh: 上报、审核与发放不一致, en: "Submitted, reviewed and paid differ"}
clause: [一(二)3]
grain: school_term
severity: critical
reads: [submissions, reviews, payments, sessions, duties, terms]
claims: >
  What was paid to a person for the term is not, to the fen, what was submitted, or what the review decided where it
  decided about the line; or a review decided on more than was submitted.
spares: >
  A term of which nothing is paid yet, neither under its own name nor under its months'; a month's payments until the
  term is paid under its own name or every month with service is. A person paid without a line and without work (E05).
misses: Money paid outside the recorded payments.
says:
  zh: "{when} {subject}：应发 {expected} 元，{found} 元。"
  en: "{when}, {subject}: {expected} yuan due, {found}."
version: 3
*/
with terms as (
    select
        term_id, starts_on, ends_on,
        to_char(starts_on, 'YYYY-MM') as first_month, to_char(ends_on, 'YYYY-MM') as last_month
    from ledger.term
    where starts_on <= :last_day and ends_on >= :first_day
),

submitted as (
    select
        submission.school_id,
        submission.term_id,
        submission.submission_id,
        submission.record_key,
        terms.starts_on,
        terms.ends_on,
        review.record_key as review_key,
        review.lines as review_lines
    from ledger.latest_submission as submission
    inner join terms using (term_id)
    left join ledger.latest_review as review
        on
            review.school_id = submission.school_id
            and review.submission_id = submission.submission_id
            and review.decision in ('accepted', 'adjusted')
    where submission.school_id = any(:school_ids)
),

reviewed as (
    select submitted.school_id, submitted.term_id, line ->> 'staff_id' as staff_id, (line ->> 'amount_fen')::bigint as amount_fen
    from submitted
    cross join lateral jsonb_array_elements(submitted.review_lines) as line
    where line ->> 'amount_fen' is not null
),

reported as (
    select submitted.school_id, submitted.term_id, line.staff_id, line.amount_fen
    from submitted
    inner join ledger.submission_line as line
        on line.school_id = submitted.school_id and line.submission_id = submitted.submission_id
),

due as (
    select
        school_id,
        term_id,
        staff_id,
        reported.amount_fen as submitted_fen,
        reviewed.amount_fen as reviewed_fen,
        coalesce(reviewed.amount_fen, reported.amount_fen) as amount_fen
    from reported
    full join reviewed using (school_id, term_id, staff_id)
),

payments as (
    select payment.school_id, terms.term_id, payment.period, payment.staff_id, payment.amount_fen, payment.record_key
    from ledger.payment_line as payment
    inner join terms
        on
            payment.period = terms.term_id
            -- A month has seven characters, a term_id eleven.
            or (length(payment.period) = 7 and payment.period between terms.first_month and terms.last_month)
    where payment.school_id = any(:school_ids)
),

paid as (
    select school_id, term_id, staff_id, sum(amount_fen) as amount_fen, min(record_key) as record_key
    from payments
    group by school_id, term_id, staff_id
),

served as materialized (
    select school_id, term_id, period from audit.served_month(:school_ids, :first_day, :last_day)
),

settled as (
    select submitted.*
    from submitted
    where
        exists (
            select from payments
            where payments.school_id = submitted.school_id and payments.period = submitted.term_id
        )
        or (
            exists (
                select from payments
                where payments.school_id = submitted.school_id and payments.term_id = submitted.term_id
            )
            and not exists (
                select from served
                where
                    served.school_id = submitted.school_id
                    and served.term_id = submitted.term_id
                    and not exists (
                        select from payments
                        where payments.school_id = submitted.school_id and payments.period = served.period
                    )
            )
        )
),

judged as (
    select
        school_id,
        term_id,
        staff_id,
        due.submitted_fen,
        due.reviewed_fen,
        due.amount_fen as due_fen,
        paid.amount_fen as paid_fen,
        paid.record_key as payment_key,
        settled.record_key is not null
        and coalesce(due.amount_fen, 0) <> coalesce(paid.amount_fen, 0)
        -- Whoever is paid without a line and without work is E05's.
        and (
            due.staff_id is not null
            or exists (
                select from audit.worked
                where
                    worked.school_id = settled.school_id
                    and worked.staff_id = paid.staff_id
                    and worked.service_date between settled.starts_on and settled.ends_on
                    and worked.class_hours_hundredths > 0
            )
        ) as paid_otherwise,
        coalesce(due.reviewed_fen > coalesce(due.submitted_fen, 0), false) as reviewed_upwards
    from due
    full join paid using (school_id, term_id, staff_id)
    left join settled using (school_id, term_id)
)

select
    judged.school_id,
    'staff' as subject_kind,
    judged.staff_id as subject,
    null::date as service_date,
    judged.term_id as period,
    coalesce(round(case when paid_otherwise then due_fen else submitted_fen end / 100.0, 2)::text, '—') as expected,
    case
        when paid_otherwise then 'paid ' || coalesce(round(paid_fen / 100.0, 2)::text, '0.00')
        else 'reviewed ' || round(reviewed_fen / 100.0, 2)
    end as found,
    null::integer as hours_at_risk_hundredths,
    case
        when paid_otherwise then greatest(coalesce(paid_fen, 0) - coalesce(due_fen, 0), 0)
        else reviewed_fen - coalesce(submitted_fen, 0)
    end::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', to_jsonb(array_remove(array[submitted.record_key, submitted.review_key, payment_key], null)),
        'values', jsonb_build_object('submitted_fen', submitted_fen, 'reviewed_fen', reviewed_fen, 'paid_fen', paid_fen)
    ) as evidence
from judged
inner join submitted using (school_id, term_id)
where paid_otherwise or reviewed_upwards
