-- One row per person and record asked for: what the plan is applied to. The revision that the finding names, held or not:
-- a cancelled session that claims class hours puts them at risk.
select
    asked.place,
    asked.school_id,
    asked.record_key,
    member.staff_id,
    session.service_date,
    member.class_hours_hundredths,
    session.category,
    null::text as duty_kind,
    session.slot,
    member.role,
    session.headcount
from unnest(
    :places::integer[], :record_keys::text[], :resources::text[], :school_ids::text[], :ids::text[], :revisions::integer[]
) as asked (place, record_key, resource, school_id, id, revision)
inner join ledger.session_revision as session
    on
        session.school_id = asked.school_id
        and session.session_id = asked.id
        and session.revision = asked.revision
cross join lateral unnest(session.staff_ids, session.staff_class_hours_hundredths, session.staff_roles)
    as member (staff_id, class_hours_hundredths, role)
where asked.resource = 'sessions'
union all
select
    asked.place,
    asked.school_id,
    asked.record_key,
    entry.content ->> 'staff_id',
    entry.service_date,
    ((entry.content ->> 'class_hours')::numeric * 100)::integer,
    null,
    entry.content ->> 'kind',
    entry.content ->> 'slot',
    null,
    null
from unnest(
    :places::integer[], :record_keys::text[], :resources::text[], :school_ids::text[], :ids::text[], :revisions::integer[]
) as asked (place, record_key, resource, school_id, id, revision)
inner join ledger.entry
    on
        entry.school_id = asked.school_id
        and entry.resource = asked.resource
        and entry.key = asked.id
        and entry.revision = asked.revision
where asked.resource = 'duties'
