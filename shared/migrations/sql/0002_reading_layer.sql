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

-- The same as the ledger knew it at an instant ('infinity': now).
create function ledger.entry_as_of(p_instant timestamptz) returns setof ledger.entry
language sql stable as $$
    select *
    from ledger.entry
    where
        entry.state = 'recorded'
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
    from ledger.entry_as_of(p_instant) as entry
    where entry.resource = 'duties'
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
    recorded_at,
    content ->> 'content_hash' as content_hash,
    coalesce(content -> 'objections', '[]') as objections,
    coalesce(content -> 'archive', '[]') as archive
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
    recorded_at,
    content ->> 'publication_id' as publication_id,
    content ->> 'content_hash' as content_hash,
    content ->> 'principal_signed_hash' as principal_signed_hash,
    content ->> 'party_seal_hash' as party_seal_hash,
    coalesce(content -> 'attachments', '[]') as attachments
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

-- One row per revision of a day that closed it: the closing holds from closed_at until the day's next revision.
create view ledger.closing with (security_invoker = true) as
select school_id, service_date, closed_at, coalesce(reopened_at, 'infinity') as reopened_at, record_key
from (
    select
        school_id,
        service_date,
        state,
        content ->> 'state' as day_state,
        recorded_at as closed_at,
        lead(recorded_at) over (partition by school_id, service_date order by revision) as reopened_at,
        'days/' || school_id || '/' || key || '#' || revision as record_key
    from ledger.entry
    where resource = 'days'
) as revision
where state = 'recorded' and day_state = 'closed';

-- One row per revision of a publication or a submission, with the days it speaks of: it holds from posted_at until its
-- next revision.
create view ledger.posting with (security_invoker = true) as
select
    revision.school_id,
    coalesce(term.starts_on, revision.month_starts_on) as first_day,
    coalesce(term.ends_on, (revision.month_starts_on + interval '1 month' - interval '1 day')::date) as last_day,
    revision.posted_at,
    coalesce(revision.withdrawn_at, 'infinity') as withdrawn_at,
    revision.record_key
from (
    select
        school_id,
        state,
        coalesce(content ->> 'period', content ->> 'term_id') as period,
        case when content ->> 'period' ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])$'
            then (content ->> 'period' || '-01')::date
        end as month_starts_on,
        recorded_at as posted_at,
        lead(recorded_at) over (partition by school_id, resource, key order by revision) as withdrawn_at,
        resource || '/' || key || '#' || revision as record_key
    from ledger.entry
    where resource in ('publications', 'submissions')
) as revision
left join ledger.term on term.term_id = revision.period
where revision.state = 'recorded' and (term.term_id is not null or revision.month_starts_on is not null);

-- The class hours that a session's revision claims, in hundredths; only one that was held claims any.
create function ledger.claimed_hundredths(p_state text, p_hundredths integer[]) returns integer
language sql immutable parallel safe as $$
    select case when p_state = 'held' then coalesce((select sum(each)::integer from unnest(p_hundredths) as each), 0) else 0 end
$$;

-- One row per revision of a session, roll, duty or day of a school that was recorded after one instant and not after
-- another, with the class hours it claims on the day (null where there are none: rolls, days).
-- A day's first revision is no change; a record that came from another day is 'changed' on this one and 'moved' on that one.
create function ledger.change_within(
    p_school_id text, p_first_day date, p_last_day date, p_after timestamptz, p_until timestamptz
) returns table (
    service_date date, resource text, record_id text, revision integer, change text, reason text, recorded_at timestamptz,
    batch_id uuid, class_hours_hundredths integer
)
language sql stable as $$
    select
        service_date, 'sessions', session_id, revision,
        case when revision = 1 then 'new' when state = 'void' then 'voided' when state = 'moved' then 'moved' else 'changed' end,
        reason, recorded_at, batch_id, ledger.claimed_hundredths(state, staff_class_hours_hundredths)
    from ledger.session_revision
    where
        school_id = p_school_id
        and service_date between p_first_day and p_last_day
        and recorded_at > p_after
        and recorded_at <= p_until
    union all
    select
        service_date, 'attendance', session_id, revision,
        case when revision = 1 then 'new' when state = 'void' then 'voided' else 'changed' end,
        reason, recorded_at, batch_id, null
    from ledger.attendance_revision
    where
        school_id = p_school_id
        and service_date between p_first_day and p_last_day
        and recorded_at > p_after
        and recorded_at <= p_until
    union all
    select
        service_date, resource, key, revision,
        case when revision = 1 then 'new' when state = 'void' then 'voided' else 'changed' end,
        reason, recorded_at, batch_id,
        case when resource = 'duties' then coalesce(((content ->> 'class_hours')::numeric * 100)::integer, 0) end
    from ledger.entry
    where
        school_id = p_school_id
        and resource in ('duties', 'days')
        and (resource = 'duties' or revision > 1)
        and service_date between p_first_day and p_last_day
        and recorded_at > p_after
        and recorded_at <= p_until
    union all
    -- A duty that left the day.
    select
        before.service_date, this.resource, this.key, this.revision, 'moved', this.reason, this.recorded_at, this.batch_id, 0
    from ledger.entry as before
    inner join ledger.entry as this
        on
            this.school_id = before.school_id
            and this.resource = before.resource
            and this.key = before.key
            and this.revision = before.revision + 1
            and this.service_date <> before.service_date
    where
        before.school_id = p_school_id
        and before.resource = 'duties'
        and before.state = 'recorded'
        and before.service_date between p_first_day and p_last_day
        and this.recorded_at > p_after
        and this.recorded_at <= p_until
$$;

-- One row per revision of a session, roll, duty or day that was recorded while its day was closed (closed_at) or its month
-- or term published or submitted (published_at): what was new, changed, moved or voided then, by whom and why; 一(一)6.
-- The class hours of the day before and after are null for what has none.
-- Read it for schools and days: it goes from the closings to what came after them.
create view ledger.late_change with (security_invoker = true) as
select
    late.school_id,
    late.service_date,
    late.resource,
    late.resource || '/' || late.school_id || '/' || late.record_id || '#' || late.revision as record_key,
    late.revision,
    late.change,
    late.reason,
    late.recorded_at,
    batch.client_id,
    late.closed_at,
    late.published_at,
    case late.resource
        when 'sessions' then coalesce(ledger.claimed_hundredths(session.state, session.staff_class_hours_hundredths), 0)
        when 'duties' then coalesce(((duty.content ->> 'class_hours')::numeric * 100)::integer, 0)
    end as class_hours_hundredths_before,
    late.class_hours_hundredths as class_hours_hundredths_after
from (
    select
        school_id, service_date, resource, record_id, revision, change, reason, recorded_at, batch_id,
        class_hours_hundredths, max(closed_at) as closed_at, max(posted_at) as published_at
    from (
        select
            closing.school_id, closing.service_date, change.resource, change.record_id, change.revision, change.change,
            change.reason, change.recorded_at, change.batch_id, change.class_hours_hundredths,
            closing.closed_at, null::timestamptz as posted_at
        from ledger.closing
        cross join lateral ledger.change_within(
            closing.school_id, closing.service_date, closing.service_date, closing.closed_at, closing.reopened_at
        ) as change
        union all
        select
            posting.school_id, change.service_date, change.resource, change.record_id, change.revision, change.change,
            change.reason, change.recorded_at, change.batch_id, change.class_hours_hundredths,
            null, posting.posted_at
        from ledger.posting
        cross join lateral ledger.change_within(
            posting.school_id, posting.first_day, posting.last_day, posting.posted_at, posting.withdrawn_at
        ) as change
    ) as sealed
    group by
        school_id, service_date, resource, record_id, revision, change, reason, recorded_at, batch_id, class_hours_hundredths
) as late
left join ledger.batch using (batch_id)
left join lateral (
    select earlier.state, earlier.staff_class_hours_hundredths
    from ledger.session_revision as earlier
    where
        late.resource = 'sessions'
        and earlier.school_id = late.school_id
        and earlier.service_date = late.service_date
        and earlier.session_id = late.record_id
        and earlier.revision < late.revision
    order by earlier.revision desc
    limit 1
) as session on true
left join ledger.entry as duty
    on
        late.resource = 'duties'
        and duty.school_id = late.school_id
        and duty.resource = late.resource
        and duty.key = late.record_id
        and duty.revision = late.revision - 1
        and duty.service_date = late.service_date
        and duty.state = 'recorded';

grant select on
    ledger.current_entry, ledger.school, ledger.term, ledger.closure, ledger.school_service_day, ledger.slot, ledger.room,
    ledger.provider, ledger.staff, ledger.student, ledger.leave, ledger.allocation_plan, ledger.day, ledger.duty,
    ledger.session, ledger.held_session, ledger.session_staff, ledger.work_entry, ledger.roll,
    ledger.publication, ledger.publication_line, ledger.submission, ledger.submission_line, ledger.payment_line,
    ledger.closing, ledger.posting, ledger.late_change
to taizhang_ledger, taizhang_audit, taizhang_reporting;
