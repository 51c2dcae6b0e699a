/*
code: A24
name: {zh: 检查所见与台账不符, en: Inspectors saw something else}
clause: [三(五), 二(二)]
grain: school_day
severity: high
reads: [inspections, sessions, attendance]
needs: [inspections]
claims: >
  Inspectors in a held session counted other pupils than the ledger, beyond the tolerance, or did not see somebody who leads
  or assists it and claims class hours.
spares: >
  What they looked at without a count and a list of people; a slot and room in which the ledger has no session, or several;
  pupils whom the roll has as late or gone early; one lesson taught to two rooms at once; support staff.
misses: A group they saw that the ledger does not have at all; a day without a visit.
parameters:
  tolerance_pupils:
    default: 2
    why: A child or two is out of the room while somebody counts; the notice gives no number.
says:
  zh: "{when} 检查课次 {subject} 所见（人数 / 在场人员）为 {found}，台账为 {expected}。"
  en: "{when}: inspectors in session {subject} saw (pupils / staff) {found}; the ledger has {expected}."
version: 1
*/
with matched as (
    select
        observed.school_id,
        observed.service_date,
        observed.observed_headcount,
        observed.staff_present,
        observed.record_key as inspection_key,
        session.session_id,
        session.starts_at,
        session.ends_at,
        session.activity,
        session.headcount,
        session.staff_ids,
        session.staff_roles,
        session.staff_class_hours_hundredths,
        session.record_key as session_key,
        count(*) over (partition by observed.record_key, observed.place) as sessions
    from ledger.observed_session as observed
    inner join ledger.held_session as session
        on
            session.school_id = observed.school_id
            and session.service_date = observed.service_date
            and case
                when observed.session_id is not null then session.session_id = observed.session_id
                else session.slot = observed.slot and session.room = observed.room
            end
    where observed.school_id = any(:school_ids) and observed.service_date between :first_day and :last_day
),

seen as (
    select
        matched.*,
        matched.headcount - coalesce(cardinality(roll.late) + cardinality(roll.left_early), 0) as headcount_at_least
    from matched
    left join ledger.roll
        on
            roll.school_id = matched.school_id
            and roll.service_date = matched.service_date
            and roll.session_id = matched.session_id
    where matched.sessions = 1
)

select
    seen.school_id,
    'session' as subject_kind,
    seen.session_id as subject,
    seen.service_date,
    null::text as period,
    seen.headcount || ' / ' || coalesce(nullif(array_to_string(seen.staff_ids, ', '), ''), '–') as expected,
    coalesce(seen.observed_headcount::text, '–') || ' / '
    || coalesce(nullif(array_to_string(seen.staff_present, ', '), ''), '–') as found,
    missing.class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(seen.session_key, seen.inspection_key),
        'values', jsonb_build_object(
            'headcount', seen.headcount,
            'headcount_at_least', seen.headcount_at_least,
            'observed_headcount', seen.observed_headcount,
            'not_seen', missing.staff_ids
        )
    ) as evidence
from seen
cross join lateral (
    -- Who claims hours for leading or assisting and was not there; nobody when there is no list of people.
    select
        array_agg(member.staff_id order by member.staff_id) as staff_ids,
        sum(member.class_hours_hundredths)::integer as class_hours_hundredths
    from unnest(seen.staff_ids, seen.staff_roles, seen.staff_class_hours_hundredths)
        as member (staff_id, role, class_hours_hundredths)
    where
        member.role in ('lead', 'assistant')
        and member.class_hours_hundredths > 0
        and member.staff_id <> all(seen.staff_present)
        and not exists (
            select from ledger.held_session as twin
            where
                twin.school_id = seen.school_id
                and twin.service_date = seen.service_date
                and twin.session_id <> seen.session_id
                and (twin.activity, twin.starts_at, twin.ends_at) = (seen.activity, seen.starts_at, seen.ends_at)
                and member.staff_id = any(twin.staff_ids)
        )
) as missing
where
    missing.staff_ids is not null
    or seen.observed_headcount > seen.headcount + :tolerance_pupils
    or seen.observed_headcount < seen.headcount_at_least - :tolerance_pupils
