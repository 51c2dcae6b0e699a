/*
code: E01
name: {zh: 报酬与分配方案不符, en: Pay is not the plan's}
clause: [一(一)5, 三(六)]
grain: school_term
severity: critical
reads: [publications, submissions, allocation-plans, sessions, duties, staff, evaluations, payments]
claims: A person's amount in the term's statement (the submission, or the publication while there is none) is not what the allocation plan in force makes of their work in the ledger, to the fen.
spares: >-
  A line whose class hours are not the ledger's, since its hours are what is wrong with it (D04, D06, D07); work that no
  plan in force has a rate for, which is worth an unknown amount (E02); a plan that refuses to go over its budget, and did.
misses: >-
  Two mistakes of one person that cancel out to the fen. Effect and satisfaction (优绩优酬) that a school weighs outside its
  recorded plan: record them in the plan and in the term's evaluation. Whether a correction that the line states
  (correction_fen) is what the compensation report makes of an earlier paid term.
parameters:
  tolerance_fen: {default: 0, why: "Amounts are exact until the one rounding of each line; a school that rounds otherwise says here by how much."}
says:
  zh: "{when} {subject} 的拟发放报酬为 {found} 元，按分配方案和台账应为 {expected} 元。"
  en: "{when}, {subject}: the statement says {found} yuan; the plan in force makes {expected} of the ledger."
version: 5
*/
-- One row per school and term with a statement: its lines, every version of the plan, and the work they are applied to.
-- e01_pay_formula.py applies them.
with statement as (
    select term_statement.*, term.starts_on, term.ends_on
    from ledger.term_statement
    inner join ledger.term using (term_id)
    where
        term_statement.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
)

select
    statement.school_id,
    statement.term_id as period,
    statement.lines,
    statement.record_key,
    plan.contents as plans,
    plan.record_keys as plan_keys,
    worked.days as work,
    staff.kinds as staff_kinds,
    graded.qualities,
    exists (
        select from ledger.payment_line
        left join ledger.term as paid on paid.term_id = payment_line.period
        where
            payment_line.school_id = statement.school_id
            and case
                when paid.term_id is not null then paid.ends_on
                when payment_line.period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then (payment_line.period || '-28')::date
            end < statement.starts_on
    ) as paid_before
from statement
cross join lateral (
    select
        coalesce(jsonb_agg(content), '[]') as contents,
        array_agg('allocation-plans/' || school_id || '/' || version || '#' || revision order by version) as record_keys
    from ledger.allocation_plan
    where allocation_plan.school_id = statement.school_id
) as plan
cross join lateral (
    select coalesce(array_agg(work_day.work order by work_day.service_date), '{}') as days
    from audit.work_day
    where
        work_day.school_id = statement.school_id
        and work_day.service_date between statement.starts_on and statement.ends_on
) as worked
cross join lateral (
    select coalesce(jsonb_object_agg(member.staff_id, member.kind), '{}') as kinds
    from ledger.staff as member
    where member.staff_id in (
        select day.staff_id
        from audit.worked as day
        where
            day.school_id = statement.school_id
            and day.service_date between statement.starts_on and statement.ends_on
    )
) as staff
cross join lateral (
    select coalesce(jsonb_object_agg(staff_id, quality), '{}') as qualities
    from ledger.quality_grade
    where quality_grade.school_id = statement.school_id and quality_grade.term_id = statement.term_id
) as graded
