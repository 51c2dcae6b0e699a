-- One row per session to look into on a day: those that the ledger has for it, or else those of the last day like it (the same
-- weekday, within five weeks), with how many usually come: the median of the last four such weekdays of the same group.
-- findings: the rules of the open findings that name the session, one of its staff or its room.
with day as (
    select coalesce(
        (select min(service_date) from ledger.session where school_id = :school_id and service_date = :on_day),
        (
            select max(service_date)
            from ledger.session
            where
                school_id = :school_id
                and service_date between :on_day::date - 35 and :on_day::date - 1
                and extract(isodow from service_date) = extract(isodow from :on_day::date)
        )
    ) as service_date
),

session as (
    select session.*
    from ledger.held_session as session
    inner join day using (service_date)
    where session.school_id = :school_id and session.service_date between :on_day::date - 35 and :on_day::date
),

open_finding as (
    select finding.rule, finding.subject, finding.amount_at_risk_fen, finding.records
    from audit.known_finding as finding
    where finding.school_id = :school_id and finding.state = any(:open_states::text[])
)

select
    session.service_date,
    session.session_id,
    session.slot,
    session.starts_at,
    session.ends_at,
    session.activity,
    session.category,
    session.room,
    session.grade,
    session.class_no,
    session.staff_ids,
    session.planned_headcount,
    session.headcount,
    usual.came as usual_headcount,
    named.rules,
    named.amount_at_risk_fen
from session
left join lateral (
    select percentile_disc(0.5) within group (order by before.came) as came
    from (
        select roll.came
        from ledger.held_session as past
        inner join ledger.roll using (school_id, service_date, session_id)
        where
            past.school_id = session.school_id
            and past.service_date between session.service_date - 28 and session.service_date - 1
            and extract(isodow from past.service_date) = extract(isodow from session.service_date)
            and (past.slot, past.activity, past.room, past.grade, past.class_no)
            is not distinct from (session.slot, session.activity, session.room, session.grade, session.class_no)
    ) as before
) as usual on true
cross join lateral (
    select
        coalesce(array_agg(distinct open_finding.rule order by open_finding.rule), '{}') as rules,
        sum(open_finding.amount_at_risk_fen)::bigint as amount_at_risk_fen
    from open_finding
    where
        open_finding.subject = any(session.staff_ids)
        or open_finding.subject in (session.session_id, session.room)
        or open_finding.records @> to_jsonb(array[session.record_key])
) as named
order by cardinality(named.rules) > 0 desc, named.amount_at_risk_fen desc nulls last, session.starts_at, session.session_id
