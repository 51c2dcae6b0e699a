/*
code: D15
name: {zh: 全区多数学校同日无记录, en: Most schools miss the same day}
clause: [一(二), 一(二)1]
grain: district
severity: medium
reads: [sessions, attendance, duties, days, terms, closures, schools]
claims: >
  Most of the schools that keep a ledger and have service on a day have nothing recorded on it, though the district has
  gone on since: a closure was not recorded, or a system stood still.
spares: Days of a recorded closure; days that most of the district has not come past yet; districts of few schools.
misses: A day before a school's first record; the days of a town alone.
parameters:
  share_percent:
    default: 60
    why: Well over half, so that one vendor's system that stood still in half of the schools is still those schools' own finding.
  least_schools: {default: 4, why: Among three schools two that miss a day are two findings and no closure.}
says:
  zh: "{when} 是服务日，{found} 所学校台账无任何记录，请核实是否应登记停课。"
  en: "{when} is a service day on which {found} schools have recorded nothing: is there a closure to be recorded?"
version: 1
*/
-- Days that too few schools have recorded for it to be otherwise: the few to be looked at.
with candidate as (
    select day.service_date
    from ledger.term
    cross join lateral unnest(term.service_days) as day (service_date)
    left join audit.district_day on district_day.service_date = day.service_date
    where
        day.service_date between :first_day and :last_day
        and day.service_date < (select frontier.service_date from audit.frontier)
        and coalesce(district_day.schools, 0) * 100 <= (select frontier.schools from audit.frontier) * (100 - :share_percent::integer)
),

silence as (
    select
        candidate.service_date,
        count(*) as schools,
        count(*) filter (where recorded.school_id is null) as silent
    from candidate
    inner join ledger.school_service_day as day on day.service_date = candidate.service_date
    left join audit.recorded_day as recorded
        on recorded.school_id = day.school_id and recorded.service_date = day.service_date
    where
        left(day.school_id, 5) <> '99999'
        -- It keeps a ledger by then.
        and exists (
            select from audit.recorded_day as earlier
            where earlier.school_id = day.school_id and earlier.service_date < day.service_date
        )
    group by candidate.service_date
)

select
    'district' as school_id,
    'district' as subject_kind,
    'district' as subject,
    service_date,
    null::text as period,
    'a closure, or records' as expected,
    silent || '/' || schools as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array('service-days/' || service_date),
        'values', jsonb_build_object('silent', silent, 'schools', schools)
    ) as evidence
from silence
where schools >= :least_schools and silent * 100 >= schools * :share_percent::integer
