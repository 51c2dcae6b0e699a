-- One row per school and service day up to the last one wanted: what of it is in the ledger, and the day's figures.
-- record: null when the ledger knows nothing of the day. missing, late: what the audit found and nobody dismissed
-- (A02; A03, A04). Figures are null where nothing is recorded of the day. Source: 一(二), 一(二)1.
with school as materialized (
    select school_id, name, stages, town
    from ledger.school
    where
        (:school_id::text is null or school_id = :school_id)
        and (:stage::text is null or :stage = any(stages))
        and (:town::text is null or town = :town)
),

flagged as (
    select
        finding.school_id,
        finding.service_date,
        bool_or(finding.rule = 'A02') as missing,
        bool_or(finding.rule in ('A03', 'A04')) as late,
        count(*) as findings
    from audit.known_finding as finding
    where
        finding.service_date between :first_day and :last_day
        and (:school_id::text is null or finding.school_id = :school_id)
        and finding.state not in ('cleared', 'dismissed')
    group by finding.school_id, finding.service_date
)

select
    school.school_id,
    school.name,
    school.stages,
    school.town,
    day.service_date,
    recorded.day_state,
    recorded.recorded_on,
    recorded.slots,
    recorded.school_id is not null as is_recorded,
    coalesce(flagged.missing, false) as is_missing,
    coalesce(flagged.late, false) as is_late,
    coalesce(flagged.findings, 0) as findings,
    figures.sessions,
    figures.rolled_sessions,
    figures.class_hours_hundredths,
    figures.came,
    figures.missing as pupils_missing
from school
inner join ledger.school_service_day as day on day.school_id = school.school_id
left join audit.recorded_day_of(array(select school_id from school), :first_day, :last_day) as recorded
    on recorded.school_id = day.school_id and recorded.service_date = day.service_date
left join audit.school_day_of(array(select school_id from school), :first_day, :last_day) as figures
    on figures.school_id = day.school_id and figures.service_date = day.service_date
left join flagged on flagged.school_id = day.school_id and flagged.service_date = day.service_date
where day.service_date between :first_day and :last_day
order by school.school_id, day.service_date
