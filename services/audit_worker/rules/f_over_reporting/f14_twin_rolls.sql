/*
code: F14
name: {zh: 点名册雷同, en: Rolls that are twins}
clause: [一(一)6, 三(五)]
grain: school_month
severity: review
reads: [sessions, attendance]
needs: [attendance]
claims: >
  Rolls of a class repeat one that is a week or more older (exactly the same pupils missing, two at least), more often than
  these pupils' own absences over the month explain and than the school's other rolls do.
spares: >
  Rolls in which nobody or one pupil is missing; rolls of the same days of illness; pupils who are often missing (each
  pupil's own rate is taken); groups with few rolls; schools with few groups.
misses: >
  Lists copied between different classes (A10 and B04 say it); a copy with one mark changed; lists with one pupil missing;
  one copy in a month; classes most of whose lists are copies of one (A11).
parameters:
  days_apart: {default: 7, why: Illness makes the rolls of neighbouring days alike; after a week it seldom does.}
  least_rolls: {default: 8, why: Of fewer rolls nobody's own rate is known.}
  least_repeats:
    default: 3
    why: >
      One or two come about where the same two children go to the same training. Pairs of single pupils were tried too and
      flagged one honest school-month in four.
  least_groups: {default: 4, why: What is usual at the school is learnt from the other groups.}
  least_spread: {default: 0.02, why: Classes with the same absentees repeat themselves more often than others.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {subject}：{found}；按学生各自缺席情况约 {expected}。"
  en: "{when}, {subject}: {found}; the pupils' own absences make it {expected}."
version: 1
*/
select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    service_date,
    session_id,
    group_key,
    came + missing as called,
    pupils_missing,
    roll_key
from ledger.rolled_within(
    :school_ids,
    date_trunc('month', :first_day::date)::date,
    (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
)
