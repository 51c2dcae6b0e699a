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
version: 2
*/
-- Which of them one pupil can attend is told beside this: what follows what cannot be said of many schools at once.
select slot.school_id, slot.term_id, weekday, slot.starts_at::text as starts_at, slot.ends_at::text as ends_at
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
