/*
code: G05
name: {zh: 整改逾期、自查自验或重复发生, en: Rectification overdue or repeated or checked by its author}
clause: [二(二), 二(三)]
grain: year
severity: high
reads: [rectifications, staff, sessions, duties, terms]
claims: >
  A school was told to put something right by a day, has served past it and no answer of it was accepted; or the answer was
  accepted by a person of the school; or the same thing had to be demanded again soon after it was found put right.
spares: >
  An extension, up to its own day. An answer that came in time and waits to be checked, for as long as the parameter says.
  A demand that names no issue is no repetition of another; a check that names nobody is nobody's own.
misses: >
  What falls due after the school's last service day of the school year. The same issue under another name. Now is the
  school's latest day of service in the ledger, and no clock.
parameters:
  check_days: {default: 14, why: The notice says in time and gives no day; two weeks let the centre come by and look.}
  repeat_days: {default: 365, why: A year's appraisal counts what happens again in it; later it is a new case.}
says:
  zh: "整改 {subject}：应为 {expected}，实际：{found}。"
  en: "Rectification {subject}: {expected} was wanted; found: {found}."
version: 2
*/
with demand as materialized (
    select
        school_id,
        rectification_id,
        issue,
        demanded_on,
        due_on,
        verified_on,
        answers,
        record_key,
        answers -> -1 as latest
    from ledger.rectification
    where school_id = any(:school_ids)
),

year as (
    select * from ledger.academic_year where starts_on <= :last_day and ends_on >= :first_day
),

overdue as (
    select
        demand.school_id,
        demand.rectification_id,
        year.academic_year,
        demand.due_on::text as expected,
        case
            when demand.latest is null then 'not answered'
            when (demand.latest ->> 'accepted')::boolean is false then 'answered, and rejected'
            else 'answered on ' || (demand.latest ->> 'answered_on') || ', and not checked'
        end as found,
        jsonb_build_array(demand.record_key) as record_keys
    from demand
    inner join year on demand.due_on > year.due_after and demand.due_on <= year.ends_on
    where
        demand.verified_on is null
        and audit.school_reached(demand.school_id, year.starts_on, year.ends_on) > greatest(
            demand.due_on,
            -- In time, and with the centre.
            case
                when
                    demand.latest is not null
                    and (demand.latest ->> 'accepted')::boolean is distinct from false
                    and (demand.latest ->> 'answered_on')::date <= demand.due_on
                    then (demand.latest ->> 'answered_on')::date + :check_days::integer
            end
        )
),

own_check as (
    select
        demand.school_id,
        demand.rectification_id,
        year.academic_year,
        'checked by somebody who oversees' as expected,
        'checked by a person of the school' as found,
        jsonb_build_array(demand.record_key) as record_keys
    from demand
    inner join year on year.first_calendar_year = extract(year from demand.demanded_on - interval '8 months')
    where
        exists (
            select from jsonb_array_elements(demand.answers) as answer
            inner join ledger.staff
                on staff.school_id = demand.school_id and staff.staff_id = answer ->> 'checked_by'
            where (answer ->> 'accepted')::boolean
        )
),

again as (
    select
        demand.school_id,
        demand.rectification_id,
        year.academic_year,
        'put right once' as expected,
        demand.issue || ' again' as found,
        jsonb_build_array(demand.record_key, before.record_key) as record_keys
    from demand
    inner join year on year.first_calendar_year = extract(year from demand.demanded_on - interval '8 months')
    cross join lateral (
        select earlier.record_key
        from demand as earlier
        where
            earlier.school_id = demand.school_id
            and earlier.issue = demand.issue
            and earlier.verified_on < demand.demanded_on
            and earlier.verified_on >= demand.demanded_on - :repeat_days::integer
        order by earlier.verified_on desc, earlier.record_key
        limit 1
    ) as before
)

select
    school_id,
    'rectification' as subject_kind,
    rectification_id as subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', record_keys) as evidence
from (
    select * from overdue
    union all
    select * from own_check
    union all
    select * from again
) as either
