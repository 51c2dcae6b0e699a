/*
code: E04
name: {zh: 少劳多得, en: "Less work, more pay"}
clause: [一(一)5]
grain: school_term
severity: medium
reads: [publications, submissions, sessions, duties, staff]
claims: >-
  A person has clearly more pay in the term's statement than another of the same kind who did at least as much of every
  sort of work (activity, role, slot, duty) and more in all.
spares: >-
  A difference that a plan's factors for numbers of pupils, weekdays or effect may make; a line whose class hours are not the
  ledger's (D04, D07); what the plan in force shows to be wrong by itself (E01).
misses: People whose sorts of work cannot be compared.
parameters:
  more_percent: {default: 20, why: "Room for factors of numbers of pupils or of effect (优绩优酬), which the ledger does not show. A careful default, not measured; a plan that is kept here is checked to the fen by E01."}
yields_to: [E01]
says:
  zh: "{when} {subject} 的报酬 {found} 元，与各类工作均不少于或不多于其的人员相比应 {expected} 元。"
  en: "{when}, {subject}: {found} yuan; beside one who did at least as much, or no more, of every sort of work: {expected}."
version: 2
*/
-- Pairs: `less` did no more than `more` of any sort of work, less in all, and is paid more.
with line as (
    select stated.*, staff.kind
    from ledger.term_statement_line as stated
    inner join ledger.term using (term_id)
    inner join ledger.staff on staff.staff_id = stated.staff_id
    where
        stated.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
),

work as (
    select
        worked.school_id,
        worked.term_id,
        worked.staff_id,
        format('%s/%s/%s', coalesce(worked.duty_kind, worked.category), worked.role, worked.slot) as sort,
        sum(worked.class_hours_hundredths) as hundredths
    from (
        select work_entry.*, term.term_id
        from (select distinct school_id, term_id from line) as stated
        inner join ledger.term using (term_id)
        -- School by school: joined with all the work there is, other schools' would be gone through.
        cross join lateral (
            select school_id, staff_id, duty_kind, category, role, slot, class_hours_hundredths
            from ledger.work_entry
            where work_entry.school_id = stated.school_id and work_entry.service_date between term.starts_on and term.ends_on
            offset 0
        ) as work_entry
    ) as worked
    group by worked.school_id, worked.term_id, worked.staff_id, sort
),

person as (
    select
        line.school_id,
        line.term_id,
        line.staff_id,
        line.kind,
        line.class_hours_hundredths,
        line.amount_fen,
        line.record_key,
        jsonb_object_agg(work.sort, work.hundredths) as sorts
    from line
    inner join work using (school_id, term_id, staff_id)
    group by
        line.school_id, line.term_id, line.staff_id, line.kind, line.class_hours_hundredths, line.amount_fen, line.record_key
    having sum(work.hundredths) = line.class_hours_hundredths
),

pair as (
    select
        less.school_id,
        less.term_id,
        less.staff_id as less_id,
        more.staff_id as more_id,
        less.amount_fen as less_fen,
        more.amount_fen as more_fen,
        less.class_hours_hundredths as less_hundredths,
        more.class_hours_hundredths as more_hundredths,
        less.record_key as less_key,
        more.record_key as more_key,
        count(*) over (partition by less.school_id, less.term_id, less.staff_id) as less_pairs,
        count(*) over (partition by more.school_id, more.term_id, more.staff_id) as more_pairs
    from person as less
    inner join person as more
        on
            more.school_id = less.school_id
            and more.term_id = less.term_id
            and more.kind = less.kind
            and more.class_hours_hundredths > less.class_hours_hundredths
            and less.amount_fen * 100 > more.amount_fen * (100 + :more_percent::integer)
            and not exists (
                select from jsonb_each_text(less.sorts) as sort
                where sort.value::integer > coalesce((more.sorts ->> sort.key)::integer, 0)
            )
),

-- Of the two, it is the one who does not fit more of the others: overpaid, or underpaid.
odd as (
    select *, less_id as staff_id, less_key as record_key, less_fen as own_fen, more_fen as other_fen, '≤' as bound
    from pair
    where less_pairs >= more_pairs
    union all
    select *, more_id, more_key, more_fen, less_fen, '≥'
    from pair
    where less_pairs < more_pairs
)

select distinct on (school_id, term_id, staff_id)
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    null::date as service_date,
    term_id as period,
    bound || ' ' || round(other_fen / 100.0, 2) as expected,
    round(own_fen / 100.0, 2)::text as found,
    null::integer as hours_at_risk_hundredths,
    greatest(case bound when '≤' then own_fen - other_fen end, 0)::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object(
            'less_work', jsonb_build_object('staff_id', less_id, 'class_hours_hundredths', less_hundredths, 'amount_fen', less_fen),
            'more_work', jsonb_build_object('staff_id', more_id, 'class_hours_hundredths', more_hundredths, 'amount_fen', more_fen),
            'pairs', greatest(less_pairs, more_pairs)
        )
    ) as evidence
from odd
order by school_id, term_id, staff_id, less_fen - more_fen desc, less_id, more_id
