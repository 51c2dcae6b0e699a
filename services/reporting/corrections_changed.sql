-- One row: whether anything that the pay of a school's span of days rests on was recorded after one instant and not after
-- another (null: until now).
select
    exists (
        select from ledger.session_revision
        where
            school_id = :school_id
            and service_date between :first_day::date and :last_day::date
            and recorded_at > :after::timestamptz
            and recorded_at <= coalesce(:until::timestamptz, 'infinity')
    )
    or exists (
        select from ledger.entry
        where
            school_id = :school_id
            and resource in ('duties', 'allocation-plans', 'evaluations')
            and recorded_at > :after
            and recorded_at <= coalesce(:until, 'infinity')
    )
    or exists (
        select from ledger.entry
        where
            -- A person whom another school registers changes kind too seldom to be looked for in every school's register.
            resource in ('staff', 'terms')
            and school_id in (:school_id, 'district')
            and recorded_at > :after
            and recorded_at <= coalesce(:until, 'infinity')
    ) as changed
