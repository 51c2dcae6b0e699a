/*
code: A11
name: {zh: 人数或点名册长期不变, en: Attendance that never changes}
clause: [一(一)6]
grain: school_month
severity: review
reads: [sessions, attendance]
needs: [attendance]
claims: >
  In consecutive sessions of a class the same number of pupils came, or exactly the same pupils were missing, for longer than
  chance makes it at the school's other classes of the slot.
spares: >
  Runs in which nobody is missing (F13 looks at those); small groups, in which numbers often agree; schools whose numbers
  never change anywhere.
misses: A run broken on purpose now and then; groups that meet once a week; runs over the end of a month.
parameters:
  least_run:
    default: 8
    why: >
      Shorter runs happen in honest classes with few missing. Of 1,745 real schools over eight years (New York City's daily
      figures, 1.07 million neighbouring days) two had eight days with the same figure below 100 % of the pupils.
  least_groups: {default: 4, why: What is usual at the school is learnt from the other groups.}
  least_spread:
    default: 0.05
    why: Classes with few missing repeat their numbers more often than others; what is learnt from few classes is no surer.
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
yields_to: [F14]
says:
  zh: "{when} {subject}：{found}（{expected}）。"
  en: "{when}, {subject}: {found} (usually {expected})."
version: 1
*/
select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    service_date,
    session_id,
    slot,
    group_key,
    came,
    missing,
    -- The same pupils are the same text; numbers are sorted within a status only.
    (select string_agg(pupil::text, ' ' order by pupil) from unnest(pupils_missing) as pupil) as who_is_missing,
    record_key,
    roll_key
from ledger.rolled_within(
    :school_ids,
    date_trunc('month', :first_day::date)::date,
    (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
)
