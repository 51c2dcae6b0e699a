/*
code: A17
name: {zh: 无本人签到, en: No sign-in of their own}
clause: [一(一)6]
grain: school_day
severity: high
reads: [sign-ins, sessions, duties]
needs: [sign-ins]
claims: A person claims class hours on a day on which most of the school's people signed in themselves, and has no sign-in of their own.
spares: >
  A school that sends no sign-ins; a day on which fewer of its people than the parameter says signed in themselves (a device
  that was out of order, people whom it does not cover).
misses: A card or a code handed to somebody else; many sign-ins on one device within seconds; a person who signed in and left.
parameters:
  signed_percent:
    default: 60
    why: Below it a device that failed, or one that not everybody uses, is likelier than people who were not there.
says:
  zh: "{subject} 在 {when} 申报 {found} 课时，没有本人签到。"
  en: "{subject} claims {found} class hours on {when} without a sign-in of their own."
version: 1
*/
with own_sign_in as (
    select distinct school_id, service_date, staff_id
    from ledger.sign_in
    where
        school_id = any(:school_ids)
        and service_date between :first_day and :last_day
        and (signed_by is null or signed_by = staff_id)
),

claimed as (
    select
        day.school_id,
        day.service_date,
        day.staff_id,
        day.class_hours_hundredths,
        day.record_keys,
        own_sign_in.staff_id is not null as signed,
        count(*) over day as people,
        count(own_sign_in.staff_id) over day as people_signed
    from audit.staff_day as day
    left join own_sign_in
        on
            own_sign_in.school_id = day.school_id
            and own_sign_in.service_date = day.service_date
            and own_sign_in.staff_id = day.staff_id
    where
        day.school_id = any(:school_ids)
        and day.service_date between :first_day and :last_day
        and day.class_hours_hundredths > 0
    window day as (partition by day.school_id, day.service_date)
)

select
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    service_date,
    null::text as period,
    'an own sign-in' as expected,
    round(class_hours_hundredths / 100.0, 2)::text as found,
    class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', to_jsonb(record_keys),
        'values', jsonb_build_object('people', people, 'people_signed', people_signed)
    ) as evidence
from claimed
where
    not signed
    and people_signed > 0
    and people_signed * 100 >= people * :signed_percent
