/*
code: G12
name: {zh: 工作组缺少规定部门, en: Working group without an office that belongs to it}
clause: [三(五)]
grain: year
severity: low
reads: [groups, campaigns, terms]
claims: >
  The working group of a school year lacks an office that the notice names, or one that leads does not lead; or the bureau
  investigates in a year for which it has appointed no group, although it enters its groups here.
spares: Offices beyond those that are named. A year without a campaign; groups that were never entered here.
misses: Whether the offices take part. Who stands for an office.
parameters:
  lead:
    default: [general_office, finance, compulsory_education]
    why: 由党政办、计财处、义务教育处牵头; a bureau that was reorganised names the offices of today.
  members:
    default: [personnel, moral_education, supervision, private_education, primary_centre, junior_centre]
    why: 组织人事处、德育处、督导处、民办处、学段指导中心, which are two.
says:
  zh: "{when} 学年工作组：应有 {expected}，实际：{found}。"
  en: "Working group of {when}: {expected} was wanted; found: {found}."
version: 1
*/
with year as (
    select * from ledger.academic_year
    where starts_on <= :last_day and ends_on >= :first_day and 'district' = any(:school_ids)
),

working_group as materialized (
    select * from ledger.working_group
),

named as (
    select
        working_group.group_id as subject,
        working_group.academic_year,
        working_group.record_key,
        array(
            select wanted.office
            from unnest(:lead::text[]) as wanted (office)
            where not working_group.members @> jsonb_build_array(jsonb_build_object('office', wanted.office, 'role', 'lead'))
            order by wanted.office
        ) as not_leading,
        array(
            select wanted.office
            from unnest(:members::text[]) as wanted (office)
            where not working_group.members @> jsonb_build_array(jsonb_build_object('office', wanted.office))
            order by wanted.office
        ) as not_in_it
    from working_group
    inner join year using (academic_year)
    where working_group.dissolved_on is null
)

select
    'district' as school_id,
    'working_group' as subject_kind,
    subject,
    null::date as service_date,
    academic_year as period,
    'every office that is named' as expected,
    found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from (
    select
        subject,
        academic_year,
        concat_ws(
            '; ',
            'not leading: ' || nullif(array_to_string(not_leading, ', '), ''),
            'not in it: ' || nullif(array_to_string(not_in_it, ', '), '')
        ) as found,
        record_key
    from named
    where cardinality(not_leading) > 0 or cardinality(not_in_it) > 0
    union all
    select year.academic_year, year.academic_year, 'no group', min(campaign.record_key)
    from year
    inner join ledger.campaign using (academic_year)
    where
        campaign.sealed_on is not null
        and exists (select from working_group)
        and not exists (select from working_group where working_group.academic_year = year.academic_year and dissolved_on is null)
    group by year.academic_year
) as wrong
