-- One row: the first instant after a sheet was bound at which anything was recorded that it rests on: the work of its
-- days, the allocation plans where it is about pay, its own document. Null when nothing was.
select min(recorded_at) as changed_at
from (
    select recorded_at
    from ledger.session_revision
    where school_id = :school_id and service_date between :first_day and :last_day and recorded_at > :bound_at
    union all
    select recorded_at
    from ledger.entry
    where
        school_id = :school_id
        and resource = 'duties'
        and service_date between :first_day and :last_day
        and recorded_at > :bound_at
    union all
    select recorded_at
    from ledger.entry
    where school_id = :school_id and resource = 'allocation-plans' and :priced::boolean and recorded_at > :bound_at
    union all
    select recorded_at
    from ledger.entry
    where school_id = :school_id and resource = :resource and key = :key and recorded_at > :bound_at
) as later
