/*
code: A03
name: {zh: 台账补录过迟, en: Entered late}
clause: [一(二)]
grain: school_day
severity: medium
reads: [sessions, attendance, duties, terms, closures, schools]
claims: >
  Sessions, rolls or duties of a day were first recorded when whole service days had gone by since, or many days.
spares: >
  Service before the date on which the school first recorded anything, which it can only have brought along (an import);
  corrections of what was there in time. Late entries that are a backfill (A04), follow a closing (A20) or come after the
  silence of most of the district (D15) are said there.
misses: What is never recorded (A02); the last days of a term, up to the many days.
parameters:
  whole_service_days:
    default: 2
    why: The notice asks for a record each day and names no hour; a Monday's record on Thursday is none of the day any more.
  days: {default: 10, why: The longest holiday between two service days has eight days; catalogue and field call ten days late.}
says:
  zh: "{when} 的台账应在 {expected} 内录入，实际迟录 {found}。"
  en: "Records of {when} were due {expected}; found: {found}."
yields_to: [A04, A20, D15]
version: 1
*/
with entered as (
    select entered.school_id, entered.service_date, entered.recorded_on, entered.record_key
    from ledger.entered
    inner join ledger.first_record on first_record.school_id = entered.school_id
    where
        entered.school_id = any(:school_ids)
        and entered.service_date between :first_day and :last_day
        and entered.service_date >= first_record.recorded_on
        -- Nothing is looked at of what was all brought along.
        and :last_day >= (select min(recorded_on) from ledger.first_record where school_id = any(:school_ids))
        -- So many whole days between take one more to be over.
        and entered.recorded_on > entered.service_date + :whole_service_days::integer
),

late as (
    select entered.*
    from (select distinct school_id, service_date, recorded_on from entered) as arrival
    inner join entered using (school_id, service_date, recorded_on)
    where
        arrival.recorded_on - arrival.service_date > :days
        or (
            select count(*)
            from ledger.school_service_day as day
            where
                day.school_id = arrival.school_id
                and day.service_date > arrival.service_date
                and day.service_date < arrival.recorded_on
        ) >= :whole_service_days::integer
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    service_date,
    null::text as period,
    'before ' || :whole_service_days::integer || ' service days' as expected,
    count(*) || ' until ' || max(recorded_on) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(record_key order by record_key) || jsonb_build_array('service-days/' || service_date),
        'values', jsonb_build_object('late', count(*), 'first_on', min(recorded_on), 'last_on', max(recorded_on))
    ) as evidence
from late
group by school_id, service_date
