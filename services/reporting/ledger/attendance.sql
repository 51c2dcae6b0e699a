-- One row per roll of a school and date range, as the ledger knew it at an instant, in the order of school, date and session.
select *
from ledger.roll_as_of(coalesce(:as_of::timestamptz, 'infinity')) as roll
where
    (:school_id::text is null or school_id = :school_id)
    and (:session_id::text is null or session_id = :session_id)
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
    and (
        :student_id::text is null
        or array(select number from ledger.person where resource = 'students' and person_id = :student_id)
        && (present || late || left_early || absent || excused)
    )
    and (
        (:session_state::text is null and :category::text is null and :slot::text is null)
        or (
            -- Counted, not looked for: a row's own session by its key, not a hash of all sessions.
            select count(*) > 0
            from ledger.session_as_of(coalesce(:as_of, 'infinity')) as session
            where
                session.school_id = roll.school_id
                and session.service_date = roll.service_date
                and session.session_id = roll.session_id
                and (:session_state is null or session.state = :session_state)
                and (:category is null or session.category = :category)
                and (:slot is null or coalesce(session.slot, '') = :slot)
        )
    )
    and (school_id, service_date, session_id) > (:after_school, :after_date, :after_session)
order by school_id, service_date, session_id
limit :limit
