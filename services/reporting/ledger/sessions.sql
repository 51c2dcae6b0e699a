-- One row per session of a school and date range, as the ledger knew it at an instant, in the order of date and id.
select *
from ledger.session_as_of(coalesce(:as_of::timestamptz, 'infinity')) as session
where
    (:school_id::text is null or school_id = :school_id)
    and (
        (:stage::text is null and :town::text is null)
        or school_id = any(
            array(
                select school.school_id
                from ledger.school
                where
                    (:stage::text is null or :stage = any(school.stages))
                    and (:town::text is null or school.town = :town)
            )
        )
    )
    and (:from_day::date is null or service_date >= :from_day)
    and (:to_day::date is null or service_date <= :to_day)
    and (:staff_id::text is null or :staff_id = any(staff_ids))
    -- '' are those in no slot.
    and (:slot::text is null or coalesce(slot, '') = :slot)
    and (:room::text is null or room = :room)
    and (:category::text is null or category = :category)
    and (:state::text is null or state = :state)
    and (
        :rolled::boolean is null
        or :rolled = (
            -- Counted, not looked for: a row's own roll by its key, not a hash of all rolls.
            select count(*) > 0
            from ledger.roll_as_of(coalesce(:as_of, 'infinity')) as roll
            where
                roll.school_id = session.school_id
                and roll.service_date = session.service_date
                and roll.session_id = session.session_id
        )
    )
    and (school_id, service_date, session_id) > (:after_school, :after_date, :after_session)
order by school_id, service_date, session_id
limit :limit
