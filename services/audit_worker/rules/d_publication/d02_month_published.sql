/*
code: D02
name: {zh: 月公示缺失、迟延或过短, en: "Month not published, or late or briefly"}
clause: [一(二)2]
grain: school_term
severity: high
reads: [publications, submissions, payments, sessions, duties, terms]
claims: >
  A month with class hours in the ledger is not published though its time is over, or its publication began later or
  was displayed shorter than the district allows.
spares: >
  A month whose time is not over by the facts: the school's last service day of the term, or the day it published,
  submitted or paid the term. A publication that does not say from when or until when it is displayed.
  Of several publications of one month the earliest beginning and the longest display count.
misses: A sheet that was recorded and never hung; the last month of a term that is never published, submitted or paid (D13).
parameters:
  start_within_days: {default: 31, why: "The notice says each month and gives no day: by the end of the next month is the widest that is still monthly."}
  least_days: {default: 5, why: "The notice gives no length; five days is the shortest display that schools' own rules use."}
says:
  zh: "{when} 月公示应为 {expected}，实际：{found}。"
  en: "{when}: to be published {expected}; found: {found}."
version: 1
*/
with terms as materialized (
    select
        school.school_id,
        term.term_id,
        audit.known_until(school.school_id, term.term_id, term.starts_on, term.ends_on) as known_until
    from unnest(:school_ids::text[]) as school (school_id)
    cross join ledger.term
    where term.starts_on <= :last_day and term.ends_on >= :first_day
),

published as (
    select
        school_id,
        period,
        -- A publication that does not say when is neither late nor short.
        case when bool_and(displayed_from is not null) then min(displayed_from) end as displayed_from,
        case when bool_and(displayed_from is not null and displayed_to is not null)
            then max(displayed_to - displayed_from + 1)
        end as days,
        jsonb_agg(record_key order by record_key) as record_keys
    from ledger.publication
    where
        school_id = any(:school_ids)
        and kind = 'monthly_workload'
        and period between to_char(:first_day::date, 'YYYY-MM') and to_char(:last_day::date, 'YYYY-MM')
    group by school_id, period
),

judged as (
    select
        served.school_id,
        served.term_id,
        served.period,
        served.last_day + :start_within_days::integer as due_on,
        terms.known_until,
        published.record_keys,
        case
            when published.period is null and terms.known_until > served.last_day + :start_within_days::integer
                then 'not published'
            when published.displayed_from > served.last_day + :start_within_days::integer
                then 'from ' || published.displayed_from
        end as late,
        case when published.days < :least_days then 'for ' || published.days || ' days' end as short
    from audit.served_month(:school_ids, :first_day, :last_day) as served
    inner join terms using (school_id, term_id)
    left join published using (school_id, period)
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    period,
    format('by %s for %s days', due_on, :least_days::integer) as expected,
    concat_ws(', ', late, short) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', coalesce(record_keys, '[]'),
        'values', jsonb_build_object('due_on', due_on, 'known_until', case when late = 'not published' then known_until end)
    ) as evidence
from judged
where late is not null or short is not null
