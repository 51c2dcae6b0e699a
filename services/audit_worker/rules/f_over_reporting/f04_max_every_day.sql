/*
code: F04
name: {zh: 几乎天天满课时, en: The fullest day nearly every day}
clause: [三(五)]
grain: school_month
severity: review
reads: [sessions, duties, allocation-plans]
claims: >
  A person has the fullest day on nearly all of a school's service days (named in a session of every slot that was held, or
  at the plan's cap of class hours a day), which the others at that school seldom have.
spares: >
  Days of a single slot, unless a plan has a cap; schools at which such days are usual (small ones); duties and patrols,
  unless they reach the cap; months of few days.
misses: Several such people at one school, who make each other usual; a full day left out now and then.
parameters:
  least_days: {default: 12, why: Two full weeks and a little more; for two weeks somebody may stand in for others.}
  share_percent: {default: 90, why: "Over a month everybody is ill, on an errand or at a meeting now and then."}
  least_people: {default: 6, why: What is usual at the school is learnt from the other people.}
  least_spread: {default: 0.02, why: Rotas give the same people full days in the same weeks.}
  chance:
    default: 0.02
    why: >
      Of honest school-months not more than this share are flagged; at 0.002, which the other indicators have, somebody
      always there was missed where the others have full days on one day in five.
says:
  zh: "{when} {subject}：{found}；本校其他人 {expected}。"
  en: "{when}, {subject}: {found}; the others at the school {expected}."
yields_to: [F12]
version: 2
*/
with entry as (
    select school_id, service_date, slot, staff_id, record_key
    from ledger.staffed_within(
        :school_ids,
        date_trunc('month', :first_day::date)::date,
        (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
    )
),

held as (
    select school_id, service_date, count(distinct slot) as slots
    from entry
    group by school_id, service_date
),

named as (
    select school_id, service_date, staff_id, count(distinct slot) as slots, array_agg(record_key) as record_keys
    from entry
    group by school_id, service_date, staff_id
),

cap as (
    select
        school_id,
        effective_from,
        effective_to,
        (content -> 'caps' ->> 'class_hours_per_day')::numeric * 100 as hundredths
    from ledger.allocation_plan
    where school_id = any(:school_ids) and content -> 'caps' ->> 'class_hours_per_day' is not null
),

-- Of plans in force together the lowest cap: a day reaches one of them when it reaches that.
capped as (
    select held.school_id, held.service_date, min(cap.hundredths) as hundredths
    from held
    inner join cap
        on
            cap.school_id = held.school_id
            and held.service_date >= cap.effective_from
            and (cap.effective_to is null or held.service_date <= cap.effective_to)
    group by held.school_id, held.service_date
),

day as (
    select
        staff_day.school_id,
        to_char(staff_day.service_date, 'YYYY-MM') as period,
        staff_day.service_date,
        staff_day.staff_id,
        (held.slots > 1 and named.slots = held.slots) or staff_day.class_hours_hundredths >= capped.hundredths as is_full,
        staff_day.record_keys
    from audit.staff_day
    inner join held on held.school_id = staff_day.school_id and held.service_date = staff_day.service_date
    left join named
        on
            named.school_id = staff_day.school_id
            and named.service_date = staff_day.service_date
            and named.staff_id = staff_day.staff_id
    left join capped on capped.school_id = staff_day.school_id and capped.service_date = staff_day.service_date
    where
        staff_day.school_id = any(:school_ids)
        and staff_day.service_date >= date_trunc('month', :first_day::date)
        and staff_day.service_date < date_trunc('month', :last_day::date) + interval '1 month'
)

select
    day.school_id,
    day.period,
    day.staff_id,
    count(*) filter (where coalesce(day.is_full, false))::integer as full_days,
    (
        select count(*)
        from held
        where held.school_id = day.school_id and to_char(held.service_date, 'YYYY-MM') = day.period
    )::integer as days,
    array_to_json(array_agg(array_to_json(day.record_keys)) filter (where day.is_full)) as record_keys
from day
group by day.school_id, day.period, day.staff_id
