-- One row per school (or office, where these are asked for), severity, rule and state of the findings of a period: how many, and what is at risk (null: not known).
select
    school_id,
    severity,
    state,
    rule,
    count(*) as findings,
    sum(amount_at_risk_fen)::bigint as amount_at_risk_fen,
    count(amount_at_risk_fen) as priced,
    count(distinct service_date) as days
from audit.known_finding
where
    (school_id = any(:school_ids) or (:offices and (school_id = 'district' or school_id like 'centre-%')))
    and state <> 'cleared'
    and (service_date between :first_day and :last_day or period = any(:periods::text[]))
group by school_id, severity, state, rule
