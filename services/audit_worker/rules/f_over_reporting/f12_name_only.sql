/*
code: F12
name: {zh: 只以协助身份长期挂名, en: Support in name only}
clause: [三(五)]
grain: school_month
severity: review
reads: [sessions, attendance, sign-ins, patrols]
claims: >
  A person is named as support, a role that takes no roll, in nearly every slot of a month's service days, far more than
  anybody else at that school serves in any role, and nothing else shows that they were there.
spares: >
  Companions of children in some slots; whoever led, assisted or took a roll in the month, signed in themselves or was seen
  on a patrol; months of few slots; schools with few people.
misses: A name put down as support now and then; several such names at one school, who make each other usual.
parameters:
  least_slots: {default: 20, why: Two weeks of two slots; for two weeks a child may need somebody all afternoon.}
  share_percent: {default: 75, why: "Over a month everybody is ill, on an errand or at a meeting now and then."}
  least_people: {default: 6, why: What is usual at the school is learnt from the other people.}
  least_spread: {default: 0.02, why: Rotas give the same people the same slots.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {subject}：{found}；本校其他人 {expected}。"
  en: "{when}, {subject}: {found}; the others at the school {expected}."
version: 1
*/
with entry as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, service_date, slot, staff_id, role, record_key
    from ledger.staffed_within(
        :school_ids,
        date_trunc('month', :first_day::date)::date,
        (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
    )
),

held as (
    select school_id, period, count(distinct (service_date, slot)) as slots
    from entry
    group by school_id, period
),

seen as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, taken_by as staff_id
    from ledger.rolled_within(
        :school_ids,
        date_trunc('month', :first_day::date)::date,
        (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
    )
    where taken_by is not null
    union
    select school_id, to_char(service_date, 'YYYY-MM'), staff_id
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
    entry.school_id,
    entry.period,
    entry.staff_id,
    count(distinct (entry.service_date, entry.slot))::integer as filled,
    held.slots::integer as slots,
    bool_and(entry.role = 'support') and not bool_or(seen.staff_id is not null) as only_support,
    array_agg(distinct entry.record_key) as record_keys
from entry
inner join held on held.school_id = entry.school_id and held.period = entry.period
left join seen
    on seen.school_id = entry.school_id and seen.period = entry.period and seen.staff_id = entry.staff_id
group by entry.school_id, entry.period, entry.staff_id, held.slots
