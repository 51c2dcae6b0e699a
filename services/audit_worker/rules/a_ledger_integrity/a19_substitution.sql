/*
code: A19
name: {zh: 代课记录不符, en: Substitution that does not add up}
clause: [一(二)1, 三(五)]
grain: school_day
severity: high
reads: [sessions, leaves]
claims: >
  Whoever was replaced in a held session claims class hours in it beside the one who stood in; or the only lead of a held
  session is on leave all day, claims nothing, and nobody is recorded as standing in.
spares: >
  A session that both state their share of, together no more than the whole; a replaced person at work in another session
  (a swap); leave of part of a day.
misses: A substitute whom nobody recorded; a person on leave who claims (A15 says it).
says:
  zh: "课次 {subject} 的代课记录不符（原任 / 代课）：{found}。"
  en: "Session {subject}: its substitution does not add up (planned / substitute): {found}."
version: 1
*/
with named as (
    select school_id, service_date, session_id, staff_id, role, class_hours_hundredths, share, replaces, record_key
    from ledger.session_staff
    where school_id = any(:school_ids) and service_date between :first_day and :last_day and state = 'held'
),

doubled as (
    select
        planned.school_id,
        planned.service_date,
        planned.session_id,
        'one of the two' as expected,
        format(
            '%s %s / %s %s',
            planned.staff_id, round(planned.class_hours_hundredths / 100.0, 2),
            substitute.staff_id, round(substitute.class_hours_hundredths / 100.0, 2)
        ) as found,
        least(planned.class_hours_hundredths, substitute.class_hours_hundredths) as hours_at_risk_hundredths,
        jsonb_build_array(planned.record_key) as records
    from named as substitute
    inner join named as planned
        on
            planned.school_id = substitute.school_id
            and planned.service_date = substitute.service_date
            and planned.session_id = substitute.session_id
            and planned.staff_id = substitute.replaces
            and planned.staff_id <> substitute.staff_id
    where
        planned.class_hours_hundredths > 0
        and substitute.class_hours_hundredths > 0
        and (planned.share + substitute.share <= 1) is not true
),

uncovered as (
    select
        absent.school_id,
        absent.service_date,
        absent.session_id,
        'a substitute' as expected,
        absent.staff_id || ' / –' as found,
        null::integer as hours_at_risk_hundredths,
        jsonb_build_array(absent.record_key, leave.record_key) as records
    from named as absent
    inner join ledger.leave
        on leave.staff_id = absent.staff_id and absent.service_date between leave.starts_on and leave.ends_on
    where
        absent.role = 'lead'
        and absent.class_hours_hundredths = 0
        and leave.hours is null
        and not exists (
            select from named as present
            where
                present.school_id = absent.school_id
                and present.service_date = absent.service_date
                and present.session_id = absent.session_id
                and present.staff_id <> absent.staff_id
                and (present.role = 'lead' or present.replaces = absent.staff_id)
        )
)

select
    school_id,
    'session' as subject_kind,
    session_id as subject,
    service_date,
    null::text as period,
    expected,
    found,
    hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', records) as evidence
from doubled
union all
select
    school_id,
    'session',
    session_id,
    service_date,
    null,
    expected,
    found,
    hours_at_risk_hundredths,
    null,
    jsonb_build_object('records', records)
from uncovered
