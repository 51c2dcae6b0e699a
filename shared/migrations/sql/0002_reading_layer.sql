-- The reading layer: the ledger in the field's words. Rules and reports read these and never a revision or a physical
-- column. A view shows what holds now; the function of the same name with `_as_of` shows what the ledger knew at an instant.
-- Views run with the reader's rights, so that tenancy holds through them.

create view ledger.current_entry with (security_invoker = true) as
select *
from ledger.entry
where
    entry.state = 'recorded'
    and not exists (
        select from ledger.entry as later
        where
            later.school_id = entry.school_id
            and later.resource = entry.resource
            and later.key = entry.key
            and later.revision > entry.revision
    );

create view ledger.school with (security_invoker = true) as
select
    school_id,
    content ->> 'name' as name,
    array(select jsonb_array_elements_text(content -> 'stages')) as stages,
    content ->> 'centre' as centre,
    content ->> 'town' as town,
    content ->> 'kind' as kind,
    (content ->> 'active_from')::date as active_from,
    (content ->> 'active_to')::date as active_to,
    left(school_id, 5) = '99999' as sandbox,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'schools';

create view ledger.term with (security_invoker = true) as
select
    key as term_id,
    (content ->> 'starts_on')::date as starts_on,
    (content ->> 'ends_on')::date as ends_on,
    array(select jsonb_array_elements_text(content -> 'service_days'))::date[] as service_days,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'terms' and school_id = 'district';

-- One row per closure: days without service that nobody is blamed for. schools is null for the whole district or a town.
create view ledger.closure with (security_invoker = true) as
select
    key as closure_id,
    (content ->> 'starts_on')::date as starts_on,
    (content ->> 'ends_on')::date as ends_on,
    content ->> 'town' as town,
    case when jsonb_typeof(content -> 'schools') = 'array'
        then array(select jsonb_array_elements_text(content -> 'schools'))
    end as schools,
    content ->> 'reason' as reason,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'closures' and school_id = 'district';

-- One row per school and service day of a term, closures taken out (一(二)1: each day).
create view ledger.school_service_day with (security_invoker = true) as
select
    school.school_id,
    term.term_id,
    day.service_date
from ledger.school
cross join ledger.term
cross join lateral unnest(term.service_days) as day (service_date)
where
    (school.active_from is null or day.service_date >= school.active_from)
    and (school.active_to is null or day.service_date <= school.active_to)
    and not exists (
        select from ledger.closure
        where
            day.service_date between closure.starts_on and closure.ends_on
            and (closure.schools is null or school.school_id = any (closure.schools))
            and (closure.town is null or closure.town = school.town)
    );

create view ledger.slot with (security_invoker = true) as
select
    school_id,
    content ->> 'term_id' as term_id,
    content ->> 'slot' as slot,
    (content ->> 'starts_at')::time as starts_at,
    (content ->> 'ends_at')::time as ends_at,
    (content ->> 'minutes_per_class_hour')::integer as minutes_per_class_hour,
    array(select jsonb_array_elements_text(content -> 'weekdays'))::integer[] as weekdays,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'slots';

create view ledger.room with (security_invoker = true) as
select
    school_id,
    content ->> 'room' as room,
    (content ->> 'capacity')::integer as capacity,
    content ->> 'kind' as kind,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'rooms';

create view ledger.provider with (security_invoker = true) as
select
    key as provider_id,
    content ->> 'name' as name,
    (content ->> 'listed')::boolean as listed,
    content ->> 'licence_no' as licence_no,
    (content ->> 'licence_valid_to')::date as licence_valid_to,
    content ->> 'status' as status,
    (content ->> 'status_from')::date as status_from,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'providers' and school_id = 'district';

create view ledger.staff with (security_invoker = true) as
select
    school_id,
    key as staff_id,
    content ->> 'kind' as kind,
    content ->> 'provider_id' as provider_id,
    content -> 'qualifications' as qualifications,
    (content ->> 'active_from')::date as active_from,
    (content ->> 'active_to')::date as active_to,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'staff';

create view ledger.student with (security_invoker = true) as
select
    entry.school_id,
    entry.key as student_id,
    person.number as student_number,
    (entry.content ->> 'grade')::integer as grade,
    entry.content ->> 'class_no' as class_no,
    (entry.content ->> 'enrolled_from')::date as enrolled_from,
    (entry.content ->> 'enrolled_to')::date as enrolled_to,
    entry.revision,
    entry.recorded_at
from ledger.current_entry as entry
inner join ledger.person on person.resource = 'students' and person.person_id = entry.key
where entry.resource = 'students';

create view ledger.leave with (security_invoker = true) as
select
    school_id,
    content ->> 'staff_id' as staff_id,
    (content ->> 'starts_on')::date as starts_on,
    (content ->> 'ends_on')::date as ends_on,
    content ->> 'kind' as kind,
    (content ->> 'hours')::numeric as hours,
    'leaves/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'leaves';

create view ledger.allocation_plan with (security_invoker = true) as
select
    school_id,
    content ->> 'version' as version,
    (content ->> 'effective_from')::date as effective_from,
    (content ->> 'effective_to')::date as effective_to,
    content,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'allocation-plans';

create view ledger.day with (security_invoker = true) as
select
    school_id,
    service_date,
    content ->> 'state' as state,
    (content ->> 'sessions')::integer as sessions,
    (content ->> 'pupils')::integer as pupils,
    content ->> 'reason' as reason,
    'days/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'days';

create view ledger.duty with (security_invoker = true) as
select
    school_id,
    service_date,
    key as duty_id,
    content ->> 'staff_id' as staff_id,
    content ->> 'kind' as kind,
    content ->> 'slot' as slot,
    ((content ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
    'duties/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'duties';

create view ledger.session with (security_invoker = true) as
select
    *,
    'sessions/' || school_id || '/' || session_id || '#' || revision as record_key
from ledger.session_revision as this
where
    this.state in ('held', 'cancelled')
    and not exists (
        select from ledger.session_revision as later
        where
            later.school_id = this.school_id
            and later.service_date = this.service_date
            and later.session_id = this.session_id
            and later.revision > this.revision
    );

create function ledger.session_as_of(p_instant timestamptz) returns setof ledger.session
language sql stable as $$
    select *, 'sessions/' || school_id || '/' || session_id || '#' || revision
    from ledger.session_revision as this
    where
        this.state in ('held', 'cancelled')
        and this.recorded_at <= p_instant
        and not exists (
            select from ledger.session_revision as later
            where
                later.school_id = this.school_id
                and later.service_date = this.service_date
                and later.session_id = this.session_id
                and later.revision > this.revision
                and later.recorded_at <= p_instant
        )
$$;

create view ledger.held_session with (security_invoker = true) as
select * from ledger.session where state = 'held';

-- One row per person named in a session, held or cancelled.
create view ledger.session_staff with (security_invoker = true) as
select
    session.school_id,
    session.service_date,
    session.session_id,
    session.state,
    session.slot,
    session.starts_at,
    session.ends_at,
    session.activity,
    session.category,
    session.room,
    session.headcount,
    member.staff_id,
    member.role,
    member.class_hours_hundredths,
    member.share,
    member.replaces,
    session.record_key,
    session.recorded_at
from ledger.session
cross join lateral unnest(
    session.staff_ids, session.staff_roles, session.staff_class_hours_hundredths, session.staff_shares, session.staff_replaces
) as member (staff_id, role, class_hours_hundredths, share, replaces);

-- One row per person and held session or rostered duty: the workload (工作量, class hours) of 一(二)1.
create view ledger.work_entry with (security_invoker = true) as
select
    school_id, service_date, session_id, null::text as duty_id, slot, starts_at, ends_at, activity, category, room,
    headcount, staff_id, role, null::text as duty_kind, class_hours_hundredths, replaces, record_key, recorded_at
from ledger.session_staff
where state = 'held'
union all
select
    duty.school_id, duty.service_date, null, duty.duty_id, duty.slot, slot.starts_at, slot.ends_at, null, null, null,
    null, duty.staff_id, null, duty.kind, duty.class_hours_hundredths, null, duty.record_key, duty.recorded_at
from ledger.duty
left join ledger.term on duty.service_date between term.starts_on and term.ends_on
left join ledger.slot on slot.school_id = duty.school_id and slot.term_id = term.term_id and slot.slot = duty.slot;

-- The workload as the ledger knew it at an instant ('infinity': now), sessions and duties.
create function ledger.work_entry_as_of(p_instant timestamptz) returns setof ledger.work_entry
language sql stable as $$
    select
        session.school_id, session.service_date, session.session_id, null::text, session.slot, session.starts_at,
        session.ends_at, session.activity, session.category, session.room, session.headcount, member.staff_id, member.role,
        null::text, member.class_hours_hundredths, member.replaces, session.record_key, session.recorded_at
    from ledger.session_as_of(p_instant) as session
    cross join lateral unnest(
        session.staff_ids, session.staff_roles, session.staff_class_hours_hundredths, session.staff_replaces
    ) as member (staff_id, role, class_hours_hundredths, replaces)
    where session.state = 'held'
    union all
    select
        entry.school_id, entry.service_date, null, entry.key, entry.content ->> 'slot', null, null, null, null, null,
        null, entry.content ->> 'staff_id', null, entry.content ->> 'kind',
        ((entry.content ->> 'class_hours')::numeric * 100)::integer, null,
        'duties/' || entry.school_id || '/' || entry.key || '#' || entry.revision, entry.recorded_at
    from ledger.entry
    where
        entry.resource = 'duties'
        and entry.state = 'recorded'
        and entry.recorded_at <= p_instant
        and not exists (
            select from ledger.entry as later
            where
                later.school_id = entry.school_id
                and later.resource = entry.resource
                and later.key = entry.key
                and later.revision > entry.revision
                and later.recorded_at <= p_instant
        )
$$;

-- One row per session with a roll; came: how many pupils were there at all (present, late or left early).
create view ledger.roll with (security_invoker = true) as
select
    school_id,
    service_date,
    session_id,
    coalesce(present, '{}') as present,
    coalesce(late, '{}') as late,
    coalesce(left_early, '{}') as left_early,
    coalesce(absent, '{}') as absent,
    coalesce(excused, '{}') as excused,
    coalesce(cardinality(present), 0) + coalesce(cardinality(late), 0) + coalesce(cardinality(left_early), 0) as came,
    taken_by,
    taken_at,
    reason,
    revision,
    recorded_at,
    'attendance/' || school_id || '/' || session_id || '#' || revision as record_key
from ledger.attendance_revision as this
where
    this.state = 'recorded'
    and not exists (
        select from ledger.attendance_revision as later
        where
            later.school_id = this.school_id
            and later.service_date = this.service_date
            and later.session_id = this.session_id
            and later.revision > this.revision
    );

create view ledger.publication with (security_invoker = true) as
select
    school_id,
    key as publication_id,
    content ->> 'kind' as kind,
    content ->> 'period' as period,
    (content ->> 'displayed_from')::date as displayed_from,
    (content ->> 'displayed_to')::date as displayed_to,
    content ->> 'place' as place,
    content ->> 'deliberation_id' as deliberation_id,
    content -> 'lines' as lines,
    'publications/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'publications';

-- One row per publication and person: what the school posted (公示).
create view ledger.publication_line with (security_invoker = true) as
select
    publication.school_id,
    publication.publication_id,
    publication.kind,
    publication.period,
    line ->> 'staff_id' as staff_id,
    ((line ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
    (line ->> 'amount_fen')::bigint as amount_fen,
    publication.record_key
from ledger.publication
cross join lateral jsonb_array_elements(publication.lines) as line;

create view ledger.submission with (security_invoker = true) as
select
    school_id,
    key as submission_id,
    content ->> 'term_id' as term_id,
    (content ->> 'submitted_on')::date as submitted_on,
    content ->> 'principal_signed_by' as principal_signed_by,
    (content ->> 'principal_signed_on')::date as principal_signed_on,
    content ->> 'party_seal_by' as party_seal_by,
    (content ->> 'party_seal_on')::date as party_seal_on,
    content -> 'lines' as lines,
    'submissions/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'submissions';

-- One row per submission and person: what the school reported to its stage centre (上报).
create view ledger.submission_line with (security_invoker = true) as
select
    submission.school_id,
    submission.submission_id,
    submission.term_id,
    line ->> 'staff_id' as staff_id,
    ((line ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
    (line ->> 'amount_fen')::bigint as amount_fen,
    submission.record_key
from ledger.submission
cross join lateral jsonb_array_elements(submission.lines) as line;

create view ledger.payment_line with (security_invoker = true) as
select
    entry.school_id,
    entry.key as payment_id,
    entry.content ->> 'period' as period,
    line ->> 'staff_id' as staff_id,
    (line ->> 'amount_fen')::bigint as amount_fen,
    (line ->> 'paid_on')::date as paid_on,
    'payments/' || entry.key || '#' || entry.revision as record_key,
    entry.recorded_at
from ledger.current_entry as entry
cross join lateral jsonb_array_elements(entry.content -> 'lines') as line
where entry.resource = 'payments';

grant select on
    ledger.current_entry, ledger.school, ledger.term, ledger.closure, ledger.school_service_day, ledger.slot, ledger.room,
    ledger.provider, ledger.staff, ledger.student, ledger.leave, ledger.allocation_plan, ledger.day, ledger.duty,
    ledger.session, ledger.held_session, ledger.session_staff, ledger.work_entry, ledger.roll,
    ledger.publication, ledger.publication_line, ledger.submission, ledger.submission_line, ledger.payment_line
to taizhang_ledger, taizhang_audit, taizhang_reporting;
