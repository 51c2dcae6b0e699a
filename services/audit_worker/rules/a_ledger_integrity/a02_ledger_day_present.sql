/*
code: A02
name: {zh: 台账缺日或缺时段, en: Missing day or slot in the ledger}
clause: [一(二), 一(二)1]
grain: school_term
severity: high
reads: [sessions, attendance, duties, days, slots, terms, closures, schools, frontier]
claims: >
  A service day that is over has no record at all; or no session, held or cancelled, in a slot that the school holds on that
  weekday; or the school closes its days and has not closed this one. A day is over when the school has recorded another
  within the week after it, or two later ones, or most of the district has come further.
spares: >
  Days of a closure or without service; days before the school's first record of the term; slots before their first session
  and after their last; slots that stay empty on most of the same weekdays; every day's closing at a school that closes none.
  Days that most of the district misses (D15).
misses: A school that records nothing at all; a slot that is never used; a cancellation without a reason; the last closings.
parameters:
  usual_percent:
    default: 50
    why: A slot that is empty on more than half of the same weekdays was filed too wide (no club on Fridays) and is not missing.
  next_day_within:
    default: 7
    why: One later date alone may be a slip of the pen; one within the week is the next day's work.
says:
  zh: "{when} 台账应有：{expected}，实有：{found}。"
  en: "{when}: the ledger should have {expected}; it has {found}."
yields_to: [D15]
version: 1
*/
with service as (
    select
        day.school_id,
        day.term_id,
        day.service_date,
        recorded.slots,
        recorded.day_state,
        recorded.school_id is not null as is_recorded
    from ledger.school_service_day as day
    left join audit.recorded_day as recorded
        on recorded.school_id = day.school_id and recorded.service_date = day.service_date
    where day.school_id = any(:school_ids) and day.service_date between :first_day and :last_day
),

-- What comes before and after each day, in the order of the term. A day that is recorded ahead shows nothing of those before it.
placed as (
    select
        service.*,
        min(recorded.service_date) over term as first_recorded,
        min(recorded.service_date) over later as next_recorded,
        count(recorded.service_date) over later as later_recorded,
        min(service.service_date) filter (where service.day_state = 'closed') over term as first_closed,
        max(service.service_date) filter (where service.day_state = 'closed') over term as last_closed
    from service
    left join audit.recorded_day as recorded
        on
            recorded.school_id = service.school_id
            and recorded.service_date = service.service_date
            and recorded.recorded_on >= recorded.service_date
    window
        term as (partition by service.school_id, service.term_id),
        later as (
            partition by service.school_id, service.term_id order by service.service_date
            rows between 1 following and unbounded following
        )
),

over as (
    select placed.*
    from placed
    where
        placed.service_date > placed.first_recorded
        and placed.day_state is distinct from 'no_service'
        and (
            placed.later_recorded >= 2
            or placed.next_recorded - placed.service_date <= :next_day_within
            or placed.service_date < (select frontier.service_date from audit.frontier)
        )
),

-- One row per filed slot and recorded service day of its weekdays, between the slot's first session and its last.
filed as (
    select
        placed.school_id,
        placed.term_id,
        placed.service_date,
        slot.slot,
        slot.slot = any(placed.slots) as is_used,
        min(placed.service_date) filter (where slot.slot = any(placed.slots)) over slot_term as first_used,
        max(placed.service_date) filter (where slot.slot = any(placed.slots)) over slot_term as last_used
    from placed
    inner join ledger.slot
        on
            slot.school_id = placed.school_id
            and slot.term_id = placed.term_id
            and extract(isodow from placed.service_date) = any(slot.weekdays)
    where placed.is_recorded and placed.day_state is distinct from 'no_service'
    window slot_term as (partition by placed.school_id, placed.term_id, slot.slot)
),

usual as (
    select
        filed.*,
        count(*) filter (where filed.is_used) over same_weekday as used_days,
        count(*) over same_weekday as days
    from filed
    where filed.service_date between filed.first_used and filed.last_used
    window same_weekday as (
        partition by filed.school_id, filed.term_id, filed.slot, extract(isodow from filed.service_date)
    )
),

empty as (
    select school_id, service_date, string_agg(slot, ', ' order by slot) as slots
    from usual
    where not is_used and used_days > 0 and used_days * 100 >= days * :usual_percent
    group by school_id, service_date
),

wrong as (
    select
        over.school_id,
        over.service_date,
        over.next_recorded,
        over.slots,
        not over.is_recorded as is_silent,
        empty.slots as empty_slots,
        coalesce(
            over.is_recorded
            and over.day_state is null
            and over.service_date > over.first_closed
            -- Closed in their order, or long ago: a school may close its days when the week is over.
            and (over.service_date < over.last_closed or over.next_recorded - over.service_date > :next_day_within),
            false
        ) as is_open
    from over
    left join empty on empty.school_id = over.school_id and empty.service_date = over.service_date
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    service_date,
    null::text as period,
    case
        when is_silent then 'a record of the day'
        else concat_ws('; ', 'sessions in ' || empty_slots, case when is_open then 'its closing' end)
    end as expected,
    case
        when is_silent then 'none'
        when empty_slots is null then 'records, not closed'
        else 'sessions in ' || coalesce(nullif(array_to_string(slots, ', '), ''), 'no slot')
    end as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records',
        jsonb_build_array(case when is_silent then 'service-days/' else 'days/' || school_id || '/' end || service_date),
        'values',
        jsonb_build_object('next_recorded', next_recorded, 'slots', slots, 'empty_slots', empty_slots, 'is_open', is_open)
    ) as evidence
from wrong
where is_silent or empty_slots is not null or is_open
