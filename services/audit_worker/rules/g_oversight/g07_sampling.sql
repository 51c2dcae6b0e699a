/*
code: G07
name: {zh: 专项调研比例、抽样或保密不合要求, en: Special investigation short of its sample or foreseeable}
clause: [三(五)]
grain: year
severity: medium
reads: [campaigns, inspections, schools, progress, terms]
claims: >
  A sealed campaign drew fewer schools than its proportion of the active ones; or it does not say from whom, how and with
  which seed it drew, so that nobody can draw again; or a school was visited before the sample was sealed, or told of an
  unannounced visit before its day; or the year is over and schools of the sample were not visited.
spares: >
  A campaign that is not sealed yet. Visits that name no campaign: where none does, it is not asked whether all were made.
  Schools that closed.
misses: >
  Whether the draw from that seed gives this sample; how large the proportion ought to be, which the notice leaves open. Now
  is the district's latest day of service in the ledger, and no clock.
parameters:
  final_days: {default: 14, why: The last two weeks are examinations and leave no time to come round.}
says:
  zh: "{when} 专项调研 {subject}：应为 {expected}，实际：{found}。"
  en: "Investigation {subject} of {when}: {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

-- Asked once, and only where something is due.
progress as materialized (
    select academic_year, audit.district_reached(starts_on, ends_on) as reached from year
),

campaign as materialized (
    select campaign.*, year.ends_on
    from ledger.campaign
    inner join year using (academic_year)
    where campaign.sealed_on is not null
),

visit as materialized (
    select inspection.school_id, inspection.campaign_id, inspection.inspected_on, inspection.kind, inspection.record_key
    from ledger.inspection
    where inspection.campaign_id in (select campaign_id from campaign)
),

wrong as (
    select
        campaign.campaign_id,
        campaign.academic_year,
        ceil(active.schools * campaign.proportion) || ' of ' || active.schools || ' schools' as expected,
        cardinality(campaign.sample) || ' drawn' as found,
        campaign.record_key,
        null::text as visit_key
    from campaign
    cross join lateral (
        select count(distinct school.school_id) as schools
        from ledger.stage_school as school
        where
            coalesce(school.active_from, '-infinity') <= campaign.sealed_on
            and coalesce(school.active_to, 'infinity') >= campaign.sealed_on
    ) as active
    where cardinality(campaign.sample) < ceil(active.schools * campaign.proportion)
    union all
    select
        campaign_id,
        academic_year,
        'a population, a procedure and a seed',
        'no ' || concat_ws(
            ', no ',
            case when cardinality(population) = 0 then 'population' end,
            case when selection is null then 'procedure' end,
            case when seed is null then 'seed' end
        ),
        record_key,
        null
    from campaign
    where cardinality(population) = 0 or selection is null or seed is null
    union all
    select
        campaign.campaign_id,
        campaign.academic_year,
        'sealed before the first visit',
        'visited on ' || min(visit.inspected_on) || ', sealed on ' || campaign.sealed_on,
        campaign.record_key,
        min(visit.record_key)
    from campaign
    inner join visit on visit.campaign_id = campaign.campaign_id and visit.inspected_on < campaign.sealed_on
    group by campaign.campaign_id, campaign.academic_year, campaign.sealed_on, campaign.record_key
    union all
    select
        campaign.campaign_id,
        campaign.academic_year,
        'no notice before an unannounced visit',
        count(*) || ' told ahead',
        campaign.record_key,
        min(visit.record_key)
    from campaign
    cross join lateral jsonb_array_elements(campaign.notices) as notice
    inner join visit
        on
            visit.campaign_id = campaign.campaign_id
            and visit.kind = 'unannounced'
            and visit.school_id = notice ->> 'school_id'
            and (notice ->> 'notified_on')::date < visit.inspected_on
    group by campaign.campaign_id, campaign.academic_year, campaign.record_key
    union all
    select
        campaign.campaign_id,
        campaign.academic_year,
        count(*) || ' visits',
        count(*) filter (where visited.made) || ' made',
        campaign.record_key,
        null
    from campaign
    cross join lateral unnest(campaign.sample) as drawn (school_id)
    cross join lateral (
        select exists (
            select from visit where visit.campaign_id = campaign.campaign_id and visit.school_id = drawn.school_id
        ) as made
    ) as visited
    where
        exists (select from visit where visit.campaign_id = campaign.campaign_id)
        and exists (
            select from ledger.stage_school as school
            where school.school_id = drawn.school_id and coalesce(school.active_to, 'infinity') >= campaign.ends_on
        )
        and campaign.ends_on - :final_days::integer
        < (select progress.reached from progress where progress.academic_year = campaign.academic_year)
    group by campaign.campaign_id, campaign.academic_year, campaign.record_key
    having not bool_and(visited.made)
)

select
    'district' as school_id,
    'campaign' as subject_kind,
    campaign_id as subject,
    null::date as service_date,
    academic_year as period,
    expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', to_jsonb(array_remove(array[record_key, visit_key], null))) as evidence
from wrong
