/*
code: F09
name: {zh: 点名人数多于离校门禁人数, en: More on the rolls than left by the gate}
clause: [三(五)]
grain: school_month
severity: review
reads: [gate-logs, sessions, attendance]
needs: [gate-logs]
claims: >
  On several days of a month the rolls call clearly more pupils to the end of sessions that end after a time than the
  school's gates counted out from that time on.
spares: >
  Schools without a gate that counts, and days on which it did not; pupils who left early; sessions without a roll; a few
  pupils; a day or two.
misses: >
  Pupils who were at school for something else and left by the gate at the same time; a gate count that is itself made up;
  a gate that also counts adults.
parameters:
  tolerance_percent: {default: 10, why: "Some leave through another door or with a parent inside; the notice gives no number."}
  tolerance_pupils: {default: 5, why: In a small school ten of a hundred is one family.}
  least_days: {default: 3, why: A gate fails for a day.}
says:
  zh: "{when} {found}；门禁 {expected}。"
  en: "{when}: {found}; the gate counted {expected}."
version: 1
*/
with counted as (
    select
        gate.school_id,
        gate.service_date,
        gate.counted_after,
        gate.pupils_out,
        gate.record_key,
        rolls.pupils,
        rolls.roll_keys
    from ledger.gate_log as gate
    cross join lateral (
        select count(distinct pupil) as pupils, array_agg(distinct rolled.roll_key) as roll_keys
        from ledger.rolled_within(array[gate.school_id], gate.service_date, gate.service_date) as rolled
        cross join lateral unnest(rolled.pupils_to_the_end) as pupil
        where rolled.ends_at > gate.counted_after
    ) as rolls
    where
        gate.school_id = any(:school_ids)
        and gate.service_date >= date_trunc('month', :first_day::date)
        and gate.service_date < date_trunc('month', :last_day::date) + interval '1 month'
),

-- Of several counts of a day the one that tells most.
over as (
    select distinct on (school_id, service_date) *
    from counted
    where
        pupils > pupils_out + :tolerance_pupils::integer
        and pupils * 100 > pupils_out * (100 + :tolerance_percent::integer)
    order by school_id, service_date, pupils - pupils_out desc, record_key
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    to_char(service_date, 'YYYY-MM') as period,
    sum(pupils_out) || ' on those days' as expected,
    format('on %s days the rolls call %s pupils', count(*), sum(pupils)) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(record_key order by service_date),
        'values', jsonb_build_object(
            'days',
            jsonb_agg(
                jsonb_build_object(
                    'service_date', service_date,
                    'after', counted_after,
                    'on_rolls', pupils,
                    'counted_out', pupils_out,
                    'rolls', roll_keys
                )
                order by service_date
            )
        )
    ) as evidence
from over
group by school_id, to_char(service_date, 'YYYY-MM')
having count(*) >= :least_days::integer
