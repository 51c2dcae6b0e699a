/*
code: A25
name: {zh: 开设的活动不在课程目录内, en: Activity that the catalogue does not have}
clause: [一(一)1]
grain: school_term
severity: low
reads: [activities, sessions]
needs: [activities]
claims: Sessions were held of an activity that on their date is in no entry of the school's catalogue of activities.
spares: >
  A school that keeps no catalogue here. Homework guidance, which is no activity that a family chooses. Cancelled sessions.
  A title written with other spaces or in other case.
misses: Another content under the title of an activity; an activity entered in the catalogue afterwards.
says:
  zh: "{when} 活动“{subject}”不在本校课程目录内：{found}。"
  en: "{when}: the school's catalogue has no activity {subject}: {found}."
version: 1
*/
with catalogue as materialized (
    select
        school_id,
        lower(replace(title, ' ', '')) as title,
        coalesce(active_from, '-infinity') as active_from,
        coalesce(active_to, 'infinity') as active_to
    from ledger.activity
    where school_id = any(:school_ids)
),

unknown as (
    select
        session.school_id,
        session.activity,
        session.service_date,
        session.record_key
    from ledger.held_session as session
    where
        session.school_id = any(:school_ids)
        and session.service_date between :first_day and :last_day
        and session.category <> 'homework'
        and not exists (
            select from catalogue
            where
                catalogue.school_id = session.school_id
                and catalogue.title = lower(replace(session.activity, ' ', ''))
                and session.service_date between catalogue.active_from and catalogue.active_to
        )
)

select
    unknown.school_id,
    'activity' as subject_kind,
    unknown.activity as subject,
    null::date as service_date,
    term.term_id as period,
    'in the catalogue' as expected,
    count(*) || ' sessions' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        -- The first of them; they are alike.
        'records', to_jsonb((array_agg(unknown.record_key order by unknown.service_date, unknown.record_key))[1:20]),
        'values', jsonb_build_object('first', min(unknown.service_date), 'last', max(unknown.service_date))
    ) as evidence
from unknown
inner join ledger.term on unknown.service_date between term.starts_on and term.ends_on
group by unknown.school_id, unknown.activity, term.term_id
