-- One row per roll of a school and date range, as the ledger knew it at an instant, in the order of school, date and session.
select *
from ledger.roll_as_of(coalesce(:as_of::timestamptz, 'infinity'))
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
    and (school_id, service_date, session_id) > (:after_school, :after_date, :after_session)
order by school_id, service_date, session_id
limit :limit
