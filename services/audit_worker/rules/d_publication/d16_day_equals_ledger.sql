/*
code: D16
name: {zh: 日结数与台账不一致, en: A closed day says another sum}
clause: [一(二)1]
grain: school_day
severity: high
reads: [days, sessions, attendance]
claims: The sessions or pupils that the school stated when it closed a day are not those that the ledger has of it.
spares: >
  A day whose closing gives no numbers, or that is not closed; pupils of a day of which a held session has no roll.
  Pupils who came to no session of the day, and those of cancelled sessions, are not counted.
misses: A day that is stated and recorded wrong alike.
says:
  zh: "{when} 日结为 {found}，台账为 {expected}。"
  en: "{when}: closed with {found}; the ledger has {expected}."
version: 1
*/
with recorded as (
    select
        day.school_id,
        day.service_date,
        day.sessions,
        day.pupils,
        day.record_key,
        held.sessions as held,
        case when held.sessions_without_roll = 0 then coalesce(held.pupils, 0) end as came
    from ledger.day
    cross join lateral (
        select
            count(*)::integer as sessions,
            count(*) filter (where roll.session_id is null) as sessions_without_roll,
            (
                select count(distinct pupil)::integer
                from ledger.held_session as each
                inner join ledger.roll as sheet
                    on
                        sheet.school_id = each.school_id
                        and sheet.service_date = each.service_date
                        and sheet.session_id = each.session_id
                cross join lateral unnest(sheet.present || sheet.late || sheet.left_early) as pupil
                where each.school_id = day.school_id and each.service_date = day.service_date and day.pupils is not null
            ) as pupils
        from ledger.held_session as session
        left join ledger.roll
            on
                roll.school_id = session.school_id
                and roll.service_date = session.service_date
                and roll.session_id = session.session_id
        where session.school_id = day.school_id and session.service_date = day.service_date
    ) as held
    where
        day.school_id = any(:school_ids)
        and day.service_date between :first_day and :last_day
        and day.state = 'closed'
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    service_date,
    null::text as period,
    concat_ws(', ', held || ' sessions', came || ' pupils') as expected,
    concat_ws(', ', sessions || ' sessions', pupils || ' pupils') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(record_key),
        'values', jsonb_build_object('sessions', held, 'pupils', came)
    ) as evidence
from recorded
where sessions <> held or pupils <> came
