/*
code: A05
name: {zh: 每天时段数不在 2–3 个, en: Not two or three slots a day}
clause: [一(一)1]
grain: school_term
severity: low
reads: [slots, terms, sessions, attendance, duties, days]
claims: On a weekday on which the school has filed slots, a pupil can attend fewer than two or more than three of them.
spares: >
  Slots that overlap (lower and upper grades end at different times) count as one; weekdays without any slot; a school that
  has recorded no day of the term.
misses: Slots that were filed and are not held (A02, A07). The notice says in principle; an explanation is for people to weigh.
parameters:
  least_slots: {default: 2, why: The notice says two to three slots.}
  most_slots: {default: 3, why: The notice says two to three slots.}
says:
  zh: "{when} 每天应设 {expected} 个时段，实际（星期：时段数）{found}。"
  en: "{when}: {expected} slots a day; by weekday (1 is Monday) there are {found}."
version: 1
*/
with recursive filed as (
    select slot.school_id, slot.term_id, weekday, slot.starts_at, slot.ends_at
    from ledger.slot
    inner join ledger.term on term.term_id = slot.term_id
    cross join lateral unnest(slot.weekdays) as weekday
    where
        slot.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
        and exists (
            select from audit.recorded_day
            where
                recorded_day.school_id = slot.school_id
                and recorded_day.service_date between term.starts_on and term.ends_on
        )
),

-- The most slots that one pupil can attend: always the one that ends first of those that begin after the last.
attended as (
    (
        select distinct on (school_id, term_id, weekday) school_id, term_id, weekday, ends_at, 1 as slots
        from filed
        order by school_id, term_id, weekday, ends_at
    )
    union all
    select attended.school_id, attended.term_id, attended.weekday, later.ends_at, attended.slots + 1
    from attended
    cross join lateral (
        select filed.ends_at
        from filed
        where
            filed.school_id = attended.school_id
            and filed.term_id = attended.term_id
            and filed.weekday = attended.weekday
            and filed.starts_at >= attended.ends_at
        order by filed.ends_at
        limit 1
    ) as later
),

offered as (
    select school_id, term_id, weekday, max(slots) as slots
    from attended
    group by school_id, term_id, weekday
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    term_id as period,
    :least_slots::integer || '–' || :most_slots::integer as expected,
    string_agg(weekday || ': ' || slots, ', ' order by weekday) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('values', jsonb_object_agg(weekday, slots)) as evidence
from offered
where slots not between :least_slots::integer and :most_slots::integer
group by school_id, term_id
