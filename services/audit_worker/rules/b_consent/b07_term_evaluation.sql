/*
code: B07
name: {zh: 学期质量评价缺失或整改未完成, en: Evaluation of a term missing or not acted on}
clause: [一(一)6]
grain: school_term
severity: low
reads: [evaluations, sessions, payments, terms]
claims: >
  A school served in a term and has no quality evaluation of it, although the term has been paid, or the school has served
  well into the next one. Or an improvement that an evaluation set a date for is not done, and the school has served past
  that date.
spares: >
  A term for which no school of the district has posted an evaluation: they are kept elsewhere then. Improvements without
  a date.
misses: An evaluation of a term that is neither paid nor followed by another here; an improvement that is done on paper.
parameters:
  due_days:
    default: 30
    why: The notice names no day; the first month of the next term leaves time to evaluate and to plan by it.
says:
  zh: "{when}：学期质量评价 {subject} 未完成（{found}）。"
  en: "{when}: the quality evaluation {subject} is not done ({found})."
version: 2
*/
with served as (
    -- The school's terms of the scope, each with the one before and the school's own last day in it.
    select
        school.school_id,
        term.term_id,
        term.starts_on,
        earlier.term_id as earlier_term_id,
        earlier.starts_on as earlier_starts_on,
        earlier.ends_on as earlier_ends_on,
        (
            select service_date from ledger.session_revision as session
            where
                session.school_id = school.school_id
                and session.service_date between term.starts_on and term.ends_on
            order by session.service_date desc
            limit 1
        ) as last_served_on,
        -- Paid is paid: a term's pay run or the first of several.
        (
            select payment_line.record_key from ledger.payment_line
            where payment_line.school_id = school.school_id and payment_line.period = term.term_id
            limit 1
        ) as payment
    -- A school's chain lies where its sessions do: a cluster can ask there for the last of them.
    from ledger.chain_head as school
    cross join ledger.term
    left join lateral (
        select before.term_id, before.starts_on, before.ends_on from ledger.term as before
        where before.ends_on < term.starts_on
        order by before.ends_on desc
        limit 1
    ) as earlier on true
    where school.school_id = any(:school_ids) and term.ends_on between :first_day and :last_day
),

due as (
    select school_id, term_id as period, term_id, payment
    from served
    where payment is not null and last_served_on is not null
    union all
    select school_id, term_id, earlier_term_id, null
    from served
    where
        last_served_on >= starts_on + :due_days::integer
        and exists (
            select from ledger.session_revision as session
            where
                session.school_id = served.school_id
                and session.service_date between served.earlier_starts_on and served.earlier_ends_on
        )
        -- Found in the term itself then.
        and not exists (
            select from ledger.payment_line
            where payment_line.school_id = served.school_id and payment_line.period = served.earlier_term_id
        )
),

missing as (
    select
        due.school_id,
        due.term_id as subject,
        due.period,
        '1' as expected,
        '0' as found,
        jsonb_build_object(
            'records', case when due.payment is null then '[]'::jsonb else jsonb_build_array(due.payment) end
        ) as evidence
    from due
    where
        exists (
            select from ledger.evaluation as any_school
            where any_school.term_id = due.term_id and any_school.school_id not like '99999%'
        )
        and not exists (
            select from ledger.evaluation
            where evaluation.school_id = due.school_id and evaluation.term_id = due.term_id
        )
),

overdue as (
    select
        action.school_id,
        action.evaluation_id as subject,
        served.term_id as period,
        max(action.due_on)::text as expected,
        count(*)::text as found,
        jsonb_build_object(
            'records', jsonb_build_array(action.record_key),
            'values', jsonb_build_object(
                'actions', jsonb_agg(action.place order by action.place), 'last_served_on', max(served.last_served_on)
            )
        ) as evidence
    from served
    inner join ledger.evaluation_action as action
        on
            action.school_id = served.school_id
            and action.done_on is null
            and action.due_on < served.last_served_on
            and (served.earlier_ends_on is null or action.due_on > served.earlier_ends_on)
    where action.school_id = any(:school_ids)
    group by action.school_id, action.evaluation_id, action.record_key, served.term_id
)

select
    school_id,
    'evaluation' as subject_kind,
    subject,
    null::date as service_date,
    period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    evidence
from (select * from missing union all select * from overdue) as either
