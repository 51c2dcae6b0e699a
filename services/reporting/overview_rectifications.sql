-- One row per school with demands for rectification: how many are verified, open, and open beyond their day.
select
    school_id,
    count(*) as demanded,
    count(*) filter (where verified_on is not null) as verified,
    count(*) filter (where verified_on is null and due_on >= :today) as waiting,
    count(*) filter (where verified_on is null and due_on < :today) as overdue
from ledger.rectification
where school_id = any(:school_ids)
group by school_id
