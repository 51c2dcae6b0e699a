/*
code: A23
name: {zh: 巡查所见与台账不符, en: A patrol saw something else}
clause: [一(一)6]
grain: school_day
severity: high
reads: [patrols, sessions, attendance]
needs: [patrols]
claims: >
  A patrol of a held session counted other pupils than the ledger, beyond the tolerance, or did not see somebody who
  leads or assists it and claims class hours.
spares: >
  A patrol outside the session's minutes, without a session, or without a count and a list of people; pupils whom the
  roll has as late or gone early; one lesson taught to two rooms at once, whose teacher is in the other; support staff.
misses: A session that no patrol looked at; what a patrol saw and did not write down.
parameters:
  tolerance_pupils:
    default: 2
    why: A child or two is out of the room while somebody counts; the notice gives no number.
says:
  zh: "{when} 巡查课次 {subject} 所见（人数 / 在场人员）为 {found}，台账为 {expected}。"
  en: "{when}: a patrol of session {subject} saw (pupils / staff) {found}; the ledger has {expected}."
version: 1
*/
with seen as (
    select
        patrol.school_id,
        patrol.service_date,
        session.session_id,
        session.starts_at,
        session.ends_at,
        session.activity,
        session.headcount,
        session.headcount - coalesce(cardinality(roll.late) + cardinality(roll.left_early), 0) as headcount_at_least,
        session.staff_ids,
        session.staff_roles,
        session.staff_class_hours_hundredths,
        session.record_key as session_key,
        patrol.observed_headcount,
        patrol.staff_present,
        patrol.seen_at,
        patrol.record_key as patrol_key
    from ledger.patrol
    inner join ledger.held_session as session
        on
            session.school_id = patrol.school_id
            and session.service_date = patrol.service_date
            and session.session_id = patrol.session_id
    left join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    where
        patrol.school_id = any(:school_ids)
        and patrol.service_date between :first_day and :last_day
        and patrol.kind = 'patrol'
        and (patrol.seen_at is null or patrol.seen_at between session.starts_at and session.ends_at)
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
        'records', jsonb_build_array(seen.session_key, seen.patrol_key),
        'values', jsonb_build_object(
            'headcount', seen.headcount,
            'headcount_at_least', seen.headcount_at_least,
            'observed_headcount', seen.observed_headcount,
            'not_seen', missing.staff_ids,
            'seen_at', seen.seen_at
        )
    ) as evidence
from seen
cross join lateral (
    -- Who claims hours for leading or assisting and was not there; nobody when the patrol has no list of people.
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
