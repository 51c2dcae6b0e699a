/*
code: E06
name: {zh: 管理人员报酬占比偏高, en: Pay concentrates on managers}
clause: [一(一)5]
grain: school_term
severity: review
reads: [publications, submissions, sessions, duties, staff]
claims: The managers' share of a term's pay is clearly above their share of the class hours in the ledger.
spares: >-
  A school whose register does not say who is a manager (`post`); one with few people; managers who have much of the pay
  and as much of the work, rostered duty included.
misses: Work that is recorded for managers and was done by others; managers that the register calls teachers.
parameters:
  least_people: {default: 8, why: "In a small school everybody manages something, and a share is one person."}
  more_points: {default: 10, why: "Percentage points of pay above work. The notice gives no number and no district has been measured: room for rates that differ by activity and role."}
says:
  zh: "{when} 管理人员{found}，高于其课时占比（{expected}）。"
  en: "{when}: managers have {found}, above their share of the class hours ({expected})."
version: 2
*/
with paid as (
    select line.school_id, line.term_id, line.staff_id, line.amount_fen, staff.post
    from ledger.term_statement_line as line
    inner join ledger.term using (term_id)
    inner join ledger.staff on staff.staff_id = line.staff_id
    where
        line.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
        and line.amount_fen > 0
),

worked as (
    select stated.school_id, stated.term_id, worked.staff_id, sum(worked.class_hours_hundredths) as hundredths
    from (select distinct school_id, term_id from paid) as stated
    inner join ledger.term using (term_id)
    inner join audit.worked
        on worked.school_id = stated.school_id and worked.service_date between term.starts_on and term.ends_on
    group by stated.school_id, stated.term_id, worked.staff_id
),

school as (
    select
        paid.school_id,
        paid.term_id,
        count(*) as people,
        count(*) filter (where paid.post = 'manager') as managers,
        sum(paid.amount_fen) as fen,
        coalesce(sum(paid.amount_fen) filter (where paid.post = 'manager'), 0) as managers_fen,
        sum(worked.hundredths) as hundredths,
        coalesce(sum(worked.hundredths) filter (where paid.post = 'manager'), 0) as managers_hundredths
    from paid
    left join worked using (school_id, term_id, staff_id)
    group by paid.school_id, paid.term_id
)

select
    school.school_id,
    'school' as subject_kind,
    school.school_id as subject,
    null::date as service_date,
    school.term_id as period,
    format('%s %% of the class hours', round(100.0 * managers_hundredths / hundredths)) as expected,
    format('%s of %s people, %s %% of the pay', managers, people, round(100.0 * managers_fen / fen)) as found,
    null::integer as hours_at_risk_hundredths,
    round(managers_fen - fen::numeric * managers_hundredths / hundredths)::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(statement.record_key),
        'values', jsonb_build_object(
            'people', people,
            'managers', managers,
            'amount_fen', fen,
            'managers_fen', managers_fen,
            'class_hours_hundredths', hundredths,
            'managers_class_hours_hundredths', managers_hundredths
        )
    ) as evidence
from school
inner join ledger.term_statement as statement using (school_id, term_id)
where
    people >= :least_people
    and managers > 0
    and hundredths > 0
    and 100.0 * managers_fen / fen - 100.0 * managers_hundredths / hundredths > :more_points::integer
