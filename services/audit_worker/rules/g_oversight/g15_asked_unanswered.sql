/*
code: G15
name: {zh: 指导意见或自查通知逾期未回应, en: Guidance or self-check that a school has not answered}
clause: [二(一), 二(二)]
grain: year
severity: low
reads: [measures, sessions, terms]
claims: >
  An office gave a school guidance, or a circular about somebody's case, asked something of it by a day, and the school has
  answered later, or has served past the day without an answer.
spares: What asks nothing or names no day. What the school itself noted. The day itself is in time.
misses: >
  What is in the answer. What falls due after the school's last day of service of the school year. Now is the school's latest
  day of service in the ledger, and no clock.
says:
  zh: "工作记录 {subject} 要求于 {expected} 前回应，{found}。"
  en: "Measure {subject} asked for an answer by {expected}; found: {found}."
version: 1
*/
select
    measure.school_id,
    'measure' as subject_kind,
    measure.measure_id as subject,
    null::date as service_date,
    year.academic_year as period,
    measure.due_on::text as expected,
    coalesce('answered on ' || measure.answered_on, 'not answered') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(measure.record_key)) as evidence
from ledger.measure
inner join ledger.academic_year as year on measure.due_on > year.due_after and measure.due_on <= year.ends_on
where
    measure.school_id = any(:school_ids)
    and year.starts_on <= :last_day and year.ends_on >= :first_day
    and measure.organiser is not null
    and measure.asks is not null
    and (
        measure.answered_on > measure.due_on
        or (
            measure.answered_on is null
            and audit.school_reached(measure.school_id, year.starts_on, year.ends_on) > measure.due_on
        )
    )
