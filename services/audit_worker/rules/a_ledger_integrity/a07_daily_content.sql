/*
code: A07
name: {zh: 当日缺作业辅导或素质活动, en: Not both kinds of content}
clause: [一(一)1]
grain: school_day
severity: low
reads: [sessions, days]
claims: On a day with sessions in two slots or more, no homework guidance was held, or no quality activity.
spares: >
  Half-days with sessions in one slot; a day whose missing kind was cancelled with a reason; a day with a reason of its own.
misses: What is called homework guidance and is none. The notice says in principle; an explanation is for people to weigh.
parameters:
  least_slots: {default: 2, why: In one slot a school can hold one kind only; half-days and first sessions of a day are no verdict.}
says:
  zh: "{when} 应有{expected}，实际：{found}。"
  en: "{when} should have {expected}; it has {found}."
version: 1
*/
with held as (
    select
        session.school_id,
        session.service_date,
        count(distinct session.slot) filter (where session.state = 'held') as slots,
        count(*) filter (where session.state = 'held' and session.category = 'homework') as homework,
        count(*) filter (where session.state = 'held' and session.category <> 'homework') as quality,
        bool_or(session.state = 'cancelled' and session.category = 'homework' and session.reason is not null) as homework_cancelled,
        bool_or(session.state = 'cancelled' and session.category <> 'homework' and session.reason is not null) as quality_cancelled,
        jsonb_agg(session.record_key order by session.record_key) filter (where session.state = 'held') as records
    from ledger.session
    where session.school_id = any(:school_ids) and session.service_date between :first_day and :last_day
    group by session.school_id, session.service_date
)

select
    held.school_id,
    'school' as subject_kind,
    held.school_id as subject,
    held.service_date,
    null::text as period,
    'homework guidance and quality activities' as expected,
    held.homework || ' / ' || held.quality || ' sessions' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', held.records,
        'values', jsonb_build_object('homework', held.homework, 'quality', held.quality, 'slots', held.slots)
    ) as evidence
from held
left join ledger.day on day.school_id = held.school_id and day.service_date = held.service_date
where
    held.slots >= :least_slots
    and ((held.homework = 0 and not held.homework_cancelled) or (held.quality = 0 and not held.quality_cancelled))
    and day.reason is null
