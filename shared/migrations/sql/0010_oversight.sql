-- What the stage centres and the bureau's offices do: schemes, plans, visits, demands, complaints, recoveries, appraisals.
-- A finding about an office's duty is kept with the office: 'centre-primary', 'centre-junior', or 'district' (the bureau).

-- What there is little of is found for the whole district without looking through everybody's pupils.
create index entry_oversight on ledger.entry (resource, school_id, key, revision)
where resource in (
    'schools', 'plans', 'trainings', 'inspections', 'reviews', 'review-schemes', 'rectifications', 'complaints', 'clawbacks',
    'awards', 'disqualifications', 'indicator-sets', 'appraisals', 'campaigns', 'working-groups', 'submissions'
);

-- One row per school year that has a term. ends_on: the last day of its spring term, the end of June while that is not
-- registered. due_after: the end of the year before; what falls due later, and not after ends_on, is this year's.
create view ledger.academic_year with (security_invoker = true) as
select
    academic_year,
    starts_on,
    ends_on,
    coalesce(lag(ends_on) over (order by academic_year), make_date(extract(year from starts_on)::integer, 6, 30)) as due_after,
    left(academic_year, 4)::integer as first_calendar_year
from (
    select
        left(term_id, 9) as academic_year,
        min(starts_on) as starts_on,
        coalesce(max(ends_on) filter (where right(term_id, 1) = '2'), make_date(substr(min(term_id), 6, 4)::integer, 6, 30)) as ends_on
    from ledger.term
    group by left(term_id, 9)
) as year;

-- One row per school and stage, with the centre that looks after it: a nine-year school has a row for each.
-- leads: whether this is the centre to which the school reports.
create view ledger.stage_school with (security_invoker = true) as
select
    school.school_id,
    stage.stage,
    stage.stage = coalesce(school.centre, school.stages[1]) as leads,
    school.kind,
    school.active_from,
    school.active_to
from ledger.school
cross join lateral unnest(school.stages) as stage (stage)
where not school.sandbox;

create view ledger.inspection with (security_invoker = true) as
select
    school_id,
    key as inspection_id,
    content ->> 'kind' as kind,
    service_date as inspected_on,
    content ->> 'office' as office,
    content ->> 'campaign_id' as campaign_id,
    coalesce(content -> 'checklist', '[]') as checklist,
    content ->> 'conclusion' as conclusion,
    'inspections/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'inspections';

create or replace view ledger.review with (security_invoker = true) as
select
    school_id,
    key as review_id,
    content ->> 'submission_id' as submission_id,
    content ->> 'decision' as decision,
    (content ->> 'reviewed_on')::date as reviewed_on,
    coalesce(content -> 'lines', '[]') as lines,
    'reviews/' || key || '#' || revision as record_key,
    revision,
    recorded_at,
    content ->> 'plan_id' as plan_id,
    content ->> 'scheme_id' as scheme_id,
    content ->> 'filing_number' as filing_number
from ledger.current_entry
where resource = 'reviews';

create view ledger.review_scheme with (security_invoker = true) as
select
    content ->> 'stage' as stage,
    content ->> 'scheme_id' as scheme_id,
    coalesce(content ->> 'effective_from', content ->> 'approved_on')::date as effective_from,
    coalesce((content ->> 'effective_to')::date, 'infinity') as effective_to,
    'review-schemes/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'review-schemes' and school_id = 'district';

create view ledger.plan with (security_invoker = true) as
select
    school_id,
    key as plan_id,
    content ->> 'academic_year' as academic_year,
    (content ->> 'submitted_on')::date as submitted_on,
    'plans/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'plans';

-- due_on: with every extension. verified_on: the day an answer was accepted; null while none is.
create view ledger.rectification with (security_invoker = true) as
select
    entry.school_id,
    entry.key as rectification_id,
    entry.content ->> 'source' as source,
    entry.content ->> 'issue' as issue,
    (entry.content ->> 'demanded_on')::date as demanded_on,
    greatest(
        (entry.content ->> 'due_on')::date,
        (
            select max((extension ->> 'due_on')::date)
            from jsonb_array_elements(coalesce(entry.content -> 'extensions', '[]')) as extension
        )
    ) as due_on,
    coalesce(entry.content -> 'answers', '[]') as answers,
    (
        select max((answer ->> 'checked_on')::date)
        from jsonb_array_elements(coalesce(entry.content -> 'answers', '[]')) as answer
        where (answer ->> 'accepted')::boolean
    ) as verified_on,
    'rectifications/' || entry.school_id || '/' || entry.key || '#' || entry.revision as record_key
from ledger.current_entry as entry
where entry.resource = 'rectifications';

create view ledger.complaint with (security_invoker = true) as
select
    school_id,
    key as complaint_id,
    content ->> 'office' as office,
    content ->> 'issue' as issue,
    (content ->> 'received_on')::date as received_on,
    (content ->> 'acknowledged_on')::date as acknowledged_on,
    content ->> 'handled_by' as handled_by,
    (content ->> 'due_on')::date as due_on,
    content ->> 'outcome' as outcome,
    (content ->> 'closed_on')::date as closed_on,
    'complaints/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'complaints';

create view ledger.clawback with (security_invoker = true) as
select
    entry.school_id,
    entry.key as clawback_id,
    (entry.content ->> 'amount_fen')::bigint as amount_fen,
    (entry.content ->> 'determined_on')::date as determined_on,
    (entry.content ->> 'ordered_on')::date as ordered_on,
    (entry.content ->> 'due_on')::date as due_on,
    (entry.content ->> 'cancelled_on')::date as cancelled_on,
    coalesce(entry.content -> 'instalments', '[]') as instalments,
    coalesce(entry.content -> 'recovered', '[]') as recovered,
    'clawbacks/' || entry.school_id || '/' || entry.key || '#' || entry.revision as record_key
from ledger.current_entry as entry
where entry.resource = 'clawbacks';

create view ledger.award with (security_invoker = true) as
select
    school_id,
    key as award_id,
    content ->> 'academic_year' as academic_year,
    content ->> 'staff_id' as staff_id,
    (content ->> 'withdrawn_on')::date as withdrawn_on,
    'awards/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'awards';

create view ledger.disqualification with (security_invoker = true) as
select
    school_id,
    key as disqualification_id,
    content ->> 'academic_year' as academic_year,
    content ->> 'staff_id' as staff_id,
    (content ->> 'annulled_on')::date as annulled_on,
    'disqualifications/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'disqualifications';

create view ledger.indicator_set with (security_invoker = true) as
select
    content ->> 'stage' as stage,
    content ->> 'indicator_set_id' as indicator_set_id,
    content ->> 'academic_year' as academic_year,
    (content ->> 'approved_on')::date as approved_on,
    content -> 'indicators' as indicators,
    'indicator-sets/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'indicator-sets' and school_id = 'district';

create view ledger.appraisal with (security_invoker = true) as
select
    school_id,
    key as appraisal_id,
    content ->> 'academic_year' as academic_year,
    content ->> 'indicator_set_id' as indicator_set_id,
    (content ->> 'started_on')::date as started_on,
    (content ->> 'data_submission_score')::numeric as data_submission_score,
    coalesce(content -> 'feedback', '[]') as feedback,
    coalesce(content -> 'transfers', '[]') as transfers,
    (content ->> 'finalised_on')::date as finalised_on,
    'appraisals/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'appraisals';

create view ledger.campaign with (security_invoker = true) as
select
    key as campaign_id,
    content ->> 'academic_year' as academic_year,
    (content ->> 'proportion')::numeric as proportion,
    array(select jsonb_array_elements_text(coalesce(content -> 'population', '[]'))) as population,
    array(select jsonb_array_elements_text(coalesce(content -> 'sample', '[]'))) as sample,
    content ->> 'selection' as selection,
    content ->> 'seed' as seed,
    (content ->> 'sealed_on')::date as sealed_on,
    coalesce(content -> 'notices', '[]') as notices,
    'campaigns/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'campaigns' and school_id = 'district';

create view ledger.working_group with (security_invoker = true) as
select
    key as group_id,
    content ->> 'academic_year' as academic_year,
    content -> 'members' as members,
    (content ->> 'dissolved_on')::date as dissolved_on,
    'working-groups/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'working-groups' and school_id = 'district';

create view ledger.training with (security_invoker = true) as
select
    school_id,
    key as training_id,
    content ->> 'kind' as kind,
    (content ->> 'held_on')::date as held_on,
    content ->> 'organiser' as organiser,
    jsonb_array_length(coalesce(content -> 'attendees', '[]')) as attendees,
    'trainings/' || school_id || '/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'trainings';

grant select on
    ledger.academic_year, ledger.stage_school, ledger.inspection, ledger.review_scheme, ledger.plan, ledger.rectification,
    ledger.complaint, ledger.clawback, ledger.award, ledger.disqualification, ledger.indicator_set, ledger.appraisal,
    ledger.campaign, ledger.working_group, ledger.training
to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- The latest day of service of one school, from the one day to the other, that the ledger knows.
create function audit.school_reached(p_school_id text, p_first_day date, p_last_day date) returns date
language sql stable as $$
    select service_date
    from audit.staff_day
    where school_id = p_school_id and service_date between p_first_day and p_last_day
    order by service_date desc
    limit 1
$$;

-- The latest day of service from the one day to the other that the ledger knows of any school: how far the district is.
-- What an office owes by a date is judged by it and by no clock: the same facts give the same findings.
create function audit.district_reached(p_first_day date, p_last_day date) returns date
language sql stable as $$
    select max(latest.service_date)
    from ledger.chain_head as school
    cross join lateral (
        select staff_day.service_date
        from audit.staff_day
        where staff_day.school_id = school.school_id and staff_day.service_date between p_first_day and p_last_day
        order by staff_day.service_date desc
        limit 1
    ) as latest
    where left(school.school_id, 5) <> '99999'
$$;

-- How far the district was in each school year (by its first of September) when it was last audited.
create table audit.district_progress (
    first_day date primary key,
    reached date
);

grant select, insert, update on audit.district_progress to taizhang_audit;
grant select on audit.district_progress to taizhang_reporting;
