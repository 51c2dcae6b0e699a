-- One row per person who is no teacher of a school, and school at which they are registered or served in these days: who
-- they are, what was verified of them and until when, where their provider stands, and what they did.
-- unpaired: sessions in which no teacher was with them.
with served as (
    select school_id, service_date, session_id, staff_ids, staff_roles, staff_class_hours_hundredths
    from ledger.held_session
    where
        service_date between :first_day and :last_day
        and (:school_id::text is null or school_id = :school_id)
),

outside as materialized (
    -- A teacher who is shared across schools is no outside person.
    select staff.* from ledger.staff where staff.kind not in ('employee', 'shared')
),

work as (
    select
        served.school_id,
        outside.staff_id,
        count(*) as sessions,
        sum(member.class_hours_hundredths) as class_hours_hundredths,
        max(served.service_date) as last_served_on,
        count(*) filter (
            where not exists (
                select from unnest(served.staff_ids) as other (staff_id)
                where other.staff_id not in (select staff_id from outside)
            )
        ) as unpaired
    from served
    cross join lateral unnest(served.staff_ids, served.staff_class_hours_hundredths) as member (staff_id, class_hours_hundredths)
    inner join outside on outside.staff_id = member.staff_id
    group by served.school_id, outside.staff_id
)

select
    coalesce(work.school_id, outside.school_id) as school_id,
    outside.staff_id,
    outside.kind,
    outside.provider_id,
    provider.status as provider_status,
    provider.status_from as provider_status_from,
    provider.licence_valid_to,
    outside.active_from,
    outside.active_to,
    coalesce(outside.qualifications, '[]') as qualifications,
    coalesce(work.sessions, 0) as sessions,
    coalesce(work.class_hours_hundredths, 0) as class_hours_hundredths,
    work.last_served_on,
    coalesce(work.unpaired, 0) as unpaired
from outside
left join work on work.staff_id = outside.staff_id
left join ledger.provider on provider.provider_id = outside.provider_id
where
    (:school_id::text is null or coalesce(work.school_id, outside.school_id) = :school_id)
    and (:kind::text is null or outside.kind = :kind)
    and coalesce(work.school_id, outside.school_id) <> 'district'
order by coalesce(work.school_id, outside.school_id), outside.staff_id
