-- The reading layer of the reports.

-- ledger.roll as the ledger knew it at an instant ('infinity': now).
create function ledger.roll_as_of(p_instant timestamptz) returns setof ledger.roll
language sql stable as $$
    select
        school_id,
        service_date,
        session_id,
        coalesce(present, '{}'),
        coalesce(late, '{}'),
        coalesce(left_early, '{}'),
        coalesce(absent, '{}'),
        coalesce(excused, '{}'),
        coalesce(cardinality(present), 0) + coalesce(cardinality(late), 0) + coalesce(cardinality(left_early), 0),
        taken_by,
        taken_at,
        reason,
        revision,
        recorded_at,
        'attendance/' || school_id || '/' || session_id || '#' || revision
    from ledger.attendance_revision as this
    where
        this.state = 'recorded'
        and this.recorded_at <= p_instant
        and not exists (
            select from ledger.attendance_revision as later
            where
                later.school_id = this.school_id
                and later.service_date = this.service_date
                and later.session_id = this.session_id
                and later.revision > this.revision
                and later.recorded_at <= p_instant
        )
$$;
