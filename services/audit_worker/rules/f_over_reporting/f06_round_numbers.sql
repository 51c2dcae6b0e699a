/*
code: F06
name: {zh: 课时多为凑整, en: Hours rounded up to whole ones}
clause: [三(五)]
grain: school_month
severity: review
reads: [sessions, duties, slots]
claims: >
  A person's class hours are whole numbers above what the minutes make, in most sessions and duties whose minutes make no
  whole number, far more often than those of the others at that school.
spares: >
  Schools that round everybody up (a rule of theirs); what the minutes make to the hundredth; duties without a slot, whose
  minutes nobody knows; people with few such entries; schools with few people.
misses: Hours rounded up to a half; a school that rounds everybody up.
parameters:
  least_entries: {default: 8, why: Of a week's entries one habit of writing is all there is.}
  least_people: {default: 4, why: What is usual at the school is learnt from the other people.}
  share_percent: {default: 50, why: Now and then a whole hour is a slip.}
  least_spread: {default: 0.02, why: One person enters for several and rounds for all of them.}
  chance: {default: 0.002, why: Of honest school-months not more than this share are flagged.}
says:
  zh: "{when} {subject}：{found}；本校其他人 {expected}。"
  en: "{when}, {subject}: {found}; of the others' {expected}."
yields_to: [A13]
version: 1
*/
with entry as (
    select
        staffed.school_id,
        staffed.service_date,
        staffed.staff_id,
        staffed.class_hours_hundredths as claimed,
        extract(epoch from staffed.ends_at - staffed.starts_at) / 60 * 100 / slot.minutes_per_class_hour as possible,
        staffed.record_key
    from ledger.staffed_within(
        :school_ids,
        date_trunc('month', :first_day::date)::date,
        (date_trunc('month', :last_day::date) + interval '1 month - 1 day')::date
    ) as staffed
    inner join ledger.term on staffed.service_date between term.starts_on and term.ends_on
    inner join ledger.slot
        on slot.school_id = staffed.school_id and slot.term_id = term.term_id and slot.slot = staffed.slot
    union all
    select
        duty.school_id,
        duty.service_date,
        duty.staff_id,
        duty.class_hours_hundredths,
        extract(epoch from slot.ends_at - slot.starts_at) / 60 * 100 / slot.minutes_per_class_hour,
        duty.record_key
    from ledger.duty
    inner join ledger.term on duty.service_date between term.starts_on and term.ends_on
    inner join ledger.slot on slot.school_id = duty.school_id and slot.term_id = term.term_id and slot.slot = duty.slot
    where
        duty.school_id = any(:school_ids)
        and duty.service_date >= date_trunc('month', :first_day::date)
        and duty.service_date < date_trunc('month', :last_day::date) + interval '1 month'
)

select
    school_id,
    to_char(service_date, 'YYYY-MM') as period,
    staff_id,
    count(*)::integer as entries,
    count(*) filter (where claimed > possible and claimed % 100 = 0)::integer as rounded_up,
    sum(claimed - floor(possible)) filter (where claimed > possible and claimed % 100 = 0)::integer as more_hundredths,
    coalesce(
        array_agg(record_key order by record_key) filter (where claimed > possible and claimed % 100 = 0), '{}'
    ) as record_keys
from entry
where possible % 100 <> 0
group by school_id, to_char(service_date, 'YYYY-MM'), staff_id
