-- One row per duty of a school and date range, as the ledger knew it at an instant, in the order of school and id.
select
    school_id,
    key as duty_id,
    service_date,
    content ->> 'staff_id' as staff_id,
    content ->> 'kind' as kind,
    content ->> 'slot' as slot,
    ((content ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
    content ->> 'note' as note,
    reason,
    revision,
    recorded_at
from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity'))
where
    resource = 'duties'
    and (:school_id::text is null or school_id = :school_id)
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
    and (:staff_id::text is null or content ->> 'staff_id' = :staff_id)
    and (:kind::text is null or content ->> 'kind' = :kind)
    -- '' are those in no slot.
    and (:slot::text is null or coalesce(content ->> 'slot', '') = :slot)
    and (school_id, key) > (:after_school, :after_duty)
order by school_id, key
limit :limit
