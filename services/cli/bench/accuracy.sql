-- The ledger's clock as it would have stood: each day's records on its evening, or when `late` says, in the order they came.
create temporary table evening on commit drop as
select
    day.school_id,
    day.service_date,
    coalesce(late.recorded, day.service_date + time '18:30') at time zone 'Asia/Shanghai' as entered_at,
    closing.recorded_at as closed_at
from (
    select distinct school_id, service_date
    from ledger.session_revision
    union
    select distinct school_id, service_date
    from ledger.entry
    where service_date is not null
) as day
left join late using (school_id, service_date)
left join ledger.entry as closing
    on
        closing.school_id = day.school_id
        and closing.service_date = day.service_date
        and closing.resource = 'days'
        and closing.revision = 1;

-- First entries at once, corrections ten minutes later; the closing after half an hour, what came after it after an hour.
update ledger.session_revision as this
set recorded_at = evening.entered_at + case
    when this.recorded_at > evening.closed_at then interval '1 hour'
    when this.revision > 1 then interval '10 minutes'
    else interval '0'
end
from evening
where evening.school_id = this.school_id and evening.service_date = this.service_date;

update ledger.attendance_revision as this
set recorded_at = evening.entered_at
from evening
where evening.school_id = this.school_id and evening.service_date = this.service_date;

update ledger.entry as this
set recorded_at = evening.entered_at + case this.resource when 'days' then interval '30 minutes' else interval '0' end
from evening
where
    evening.school_id = this.school_id
    and evening.service_date = this.service_date
    and this.resource in ('duties', 'days', 'sign-ins');

-- A school began to record on the evening of its first day.
update ledger.chain_entry as this
set recorded_at = first.entered_at
from (select school_id, min(entered_at) as entered_at from evening group by school_id) as first
where first.school_id = this.school_id and this.resource in ('sessions', 'attendance', 'duties', 'days')
