/*
code: F07
name: {zh: 只挂名、无履职痕迹, en: Named and leaving no trace}
clause: [三(五)]
grain: school_month
severity: review
reads: [sessions, attendance, sign-ins, patrols, staff]
needs: [attendance]
claims: >
  A person leads or assists in many sessions of a month and took the roll of none, though at this school others in the same
  part (alone with the pupils; leading beside others; assisting) take it.
spares: >
  Schools at which the office takes the rolls, or assistants never do (what is usual is learnt from the others in the same
  part); people sent by providers, volunteers, and whoever comes over from another school; whoever signed in themselves or
  was seen on a patrol that month.
misses: Names of people who are there and do something else; rolls taken in another's name; support, whose role takes no roll (F12).
parameters:
  least_sessions: {default: 8, why: Of a week's sessions a colleague may have taken all rolls.}
  least_people: {default: 4, why: What is usual in a part is learnt from the other people in it.}
  least_spread: {default: 0.05, why: Some people's colleagues take the roll more often than others'.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {subject}：{found}；本校同类人员约 {expected}。"
  en: "{when}, {subject}: {found}; people in the same part at this school take {expected}."
version: 1
*/
with rolled as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, staff_ids, staff_roles, taken_by, record_key
    from ledger.rolled_within(
        :school_ids,
        date_trunc('month', :first_day::date)::date,
        (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
    )
    where taken_by is not null
),

own as (
    select school_id, staff_id
    from ledger.staff
    where school_id = any(:school_ids) and kind not in ('provider', 'volunteer')
),

-- Set down first: joined in one go, each of the school's people is held against each of its sessions.
placed as materialized (
    select rolled.school_id, rolled.period, member.role, member.staff_id, rolled.taken_by, rolled.record_key
    from rolled
    cross join lateral unnest(rolled.staff_ids, rolled.staff_roles) as member (staff_id, role)
    where member.role in ('lead', 'assistant')
),

-- Whoever could have taken the roll: the school's own leads and assistants. company: whether there was anybody else.
able as (
    select
        placed.school_id,
        placed.period,
        placed.role,
        placed.staff_id,
        placed.taken_by,
        placed.record_key,
        count(*) over (partition by placed.record_key) > 1 as company
    from placed
    inner join own on own.school_id = placed.school_id and own.staff_id = placed.staff_id
),

named as (
    select
        school_id,
        period,
        case when company then role || ' beside others' else 'alone' end as part,
        staff_id,
        count(*) as sessions,
        count(*) filter (where taken_by = staff_id) as rolls_taken,
        array_agg(record_key order by record_key) as record_keys
    from able
    group by school_id, period, case when company then role || ' beside others' else 'alone' end, staff_id
),

seen as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, staff_id
    from ledger.sign_in
    where
        school_id = any(:school_ids)
        and service_date >= date_trunc('month', :first_day::date)
        and service_date < date_trunc('month', :last_day::date) + interval '1 month'
        and (signed_by is null or signed_by = staff_id)
    union
    select patrol.school_id, to_char(patrol.service_date, 'YYYY-MM'), present.staff_id
    from ledger.patrol
    cross join lateral unnest(patrol.staff_present) as present (staff_id)
    where
        patrol.school_id = any(:school_ids)
        and patrol.service_date >= date_trunc('month', :first_day::date)
        and patrol.service_date < date_trunc('month', :last_day::date) + interval '1 month'
)

select
    named.school_id,
    named.period,
    named.part,
    named.staff_id,
    named.sessions::integer as sessions,
    named.rolls_taken::integer as rolls_taken,
    seen.staff_id is not null as was_seen,
    named.record_keys
from named
left join seen
    on seen.school_id = named.school_id and seen.period = named.period and seen.staff_id = named.staff_id
