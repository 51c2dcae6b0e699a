/*
code: E02
name: {zh: 分配方案缺失或不合要求, en: No valid allocation plan}
clause: [一(一)5]
grain: school_term
severity: high
reads: [publications, submissions, allocation-plans, sessions, duties]
claims: >-
  A term has amounts in its statement, and no allocation plan was in force on a day whose class hours they pay for; or the
  plan in force names no deliberation that approved it, or weighs so little that it is one flat rate, and says no reason.
spares: A term whose amounts are not stated yet; a plan that says in its reason why it weighs so few of the seven factors.
misses: A deliberation that came after the plan took effect; a plan that weighs a factor and gives it no effect.
parameters:
  least_factors:
    default: 2
    why: >-
      The notice names seven (slot, duration, content, duty, effect, pupils served, satisfaction) and gives no number; pay by
      the hour alone weighs one of them.
says:
  zh: "{when} 的报酬所依据的分配方案不合要求（{subject}）：{found}。"
  en: "The allocation plan behind the pay of {when} is not valid ({subject}): {found}."
version: 2
*/
with statement as (
    select term_statement.school_id, term_statement.term_id, term_statement.record_key, term.starts_on, term.ends_on
    from ledger.term_statement
    inner join ledger.term using (term_id)
    where
        term_statement.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
        and jsonb_path_exists(term_statement.lines, '$[*].amount_fen ? (@ != null)')
),

-- Days with class hours, and the version in force on each: the latest that began.
day as (
    select
        statement.school_id,
        statement.term_id,
        statement.record_key,
        worked.service_date,
        worked.class_hours_hundredths,
        plan.version,
        plan.content,
        plan.revision
    from statement
    cross join lateral (
        select service_date, sum(class_hours_hundredths) as class_hours_hundredths
        from audit.worked as day
        where
            day.school_id = statement.school_id
            and day.service_date between statement.starts_on and statement.ends_on
            and day.class_hours_hundredths > 0
        group by service_date
    ) as worked
    left join lateral (
        select version, content, revision
        from ledger.allocation_plan
        where
            allocation_plan.school_id = statement.school_id
            and allocation_plan.effective_from <= worked.service_date
            and (allocation_plan.effective_to is null or allocation_plan.effective_to >= worked.service_date)
        order by allocation_plan.effective_from desc, version desc
        limit 1
    ) as plan on true
),

plan as (
    select
        school_id,
        term_id,
        record_key,
        version,
        content,
        revision,
        count(*) as days,
        -- Duration is weighed by any rate for each class hour; effect and satisfaction are the plan's quality table.
        1
        + (content -> 'factors' -> 'slot' <> '{}')::integer
        + ((select count(*) from jsonb_object_keys(content -> 'rate_fen_per_class_hour')) > 1)::integer
        + (content -> 'factors' -> 'role' <> '{}' or content -> 'duty_rate_fen' <> '{}')::integer
        + 2 * (content -> 'factors' -> 'quality' <> '{}')::integer
        + (content -> 'factors' -> 'headcount' <> '[]')::integer as factors
    from day
    where version is not null
    group by school_id, term_id, record_key, version, content, revision
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    term_id as period,
    'a plan in force on every day' as expected,
    format('%s days without a plan, the first %s', count(*), min(service_date)) as found,
    sum(class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object('days', count(*), 'first_day', min(service_date), 'last_day', max(service_date))
    ) as evidence
from day
where version is null
group by school_id, term_id, record_key
union all
select
    school_id,
    'allocation_plan',
    version,
    null,
    term_id,
    format('deliberated, at least %s of seven factors', :least_factors::integer),
    concat_ws(
        ', ',
        case when content ->> 'deliberation_id' is null then 'no deliberation named' end,
        case when factors < :least_factors and content ->> 'reason' is null then factors || ' of seven factors' end
    ),
    null,
    null,
    jsonb_build_object(
        'records', jsonb_build_array('allocation-plans/' || school_id || '/' || version || '#' || revision, record_key),
        'values', jsonb_build_object('days', days, 'factors', factors, 'deliberation_id', content ->> 'deliberation_id')
    )
from plan
where content ->> 'deliberation_id' is null or (factors < :least_factors and content ->> 'reason' is null)
