-- What the offices keep to themselves, and the papers that everybody keeps.
-- A stage centre and the bureau have a chain of their own ('centre-primary', 'centre-junior', 'bureau'), for what no school
-- may learn from its own chain: a visit that has not begun, a draw, a case that was handed to the discipline body. The row
-- policies of 0001 hold as they are: a centre's is seen by the centre and the district, the bureau's by the district alone.
alter table ledger.chain_head no force row level security;
insert into ledger.chain_head (school_id) values ('centre-primary'), ('centre-junior'), ('bureau');
alter table ledger.chain_head force row level security;

-- Whether a chain is a school's, and none of an office or the district.
create function ledger.is_school(p_school_id text) returns boolean
language sql immutable parallel safe as $$
    select p_school_id not in ('district', 'bureau', 'centre-primary', 'centre-junior')
$$;

-- An office records no school-days: how far the district has come is a matter of its schools.
create or replace view audit.frontier with (security_invoker = true) as
select max(district_day.service_date) as service_date, max(district.schools)::integer as schools
from (
    select count(*) as schools
    from ledger.chain_head
    where ledger.is_school(chain_head.school_id) and left(chain_head.school_id, 5) <> '99999'
) as district
left join audit.district_day on district_day.reached * 2 > district.schools;

-- A paper is found by its digest, whoever keeps it.
create index entry_attachment on ledger.entry (key) where resource = 'attachments';

-- One row per paper and keeper: kept_by is a school or an office.
create view ledger.attachment with (security_invoker = true) as
select
    school_id as kept_by,
    key as sha256,
    content ->> 'media_type' as media_type,
    (content ->> 'size')::bigint as size_bytes,
    content ->> 'name' as name,
    'attachments/' || school_id || '/' || key || '#' || revision as record_key,
    recorded_at
from ledger.current_entry
where resource = 'attachments';

grant select on ledger.attachment to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- A draw is weighted by what is open about a school: how grave it is, nothing of what it says.
grant select (severity) on audit.finding to taizhang_ledger;

-- What no school may know lies in the chain of the office, and says itself which school it is about.
create or replace view ledger.complaint with (security_invoker = true) as
select
    content ->> 'school_id' as school_id,
    content ->> 'complaint_id' as complaint_id,
    content ->> 'office' as office,
    content ->> 'issue' as issue,
    (content ->> 'received_on')::date as received_on,
    (content ->> 'acknowledged_on')::date as acknowledged_on,
    content ->> 'handled_by' as handled_by,
    (content ->> 'due_on')::date as due_on,
    content ->> 'outcome' as outcome,
    (content ->> 'closed_on')::date as closed_on,
    'complaints/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'complaints';

create or replace view ledger.disqualification with (security_invoker = true) as
select
    content ->> 'school_id' as school_id,
    content ->> 'disqualification_id' as disqualification_id,
    content ->> 'academic_year' as academic_year,
    content ->> 'staff_id' as staff_id,
    (content ->> 'annulled_on')::date as annulled_on,
    'disqualifications/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'disqualifications';

create or replace view ledger.campaign with (security_invoker = true) as
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
where resource = 'campaigns' and school_id = 'bureau';

-- The bureau's working groups; a school's own belong to the school.
create or replace view ledger.working_group with (security_invoker = true) as
select
    key as group_id,
    content ->> 'academic_year' as academic_year,
    content -> 'members' as members,
    (content ->> 'dissolved_on')::date as dissolved_on,
    'groups/' || key || '#' || revision as record_key
from ledger.current_entry
where resource = 'groups' and school_id = 'district' and content ->> 'kind' = 'working';

create index entry_offices on ledger.entry (resource, school_id, key, revision)
where resource in ('groups', 'inspection-draws', 'planned-inspections', 'referrals');

-- One row per revision of a provider and the days on which it says how the provider stands: from its status_from until the
-- day from which a later revision says otherwise. So a suspension that was lifted, or a removal, keeps its days.
create view ledger.provider_period with (security_invoker = true) as
select *
from (
    select
        key as provider_id,
        (content ->> 'listed')::boolean as listed,
        (content ->> 'licence_valid_to')::date as licence_valid_to,
        content ->> 'status' as status,
        (content ->> 'status_from')::date as status_from,
        state,
        coalesce((content ->> 'status_from')::date, '-infinity') as holds_from,
        coalesce(
            min(coalesce((content ->> 'status_from')::date, '-infinity')) over (
                partition by key order by revision rows between 1 following and unbounded following
            ),
            'infinity'
        ) as holds_until
    from ledger.entry
    where resource = 'providers' and school_id = 'district'
) as said
where state = 'recorded' and holds_from < holds_until;

grant select on ledger.provider_period to taizhang_ledger, taizhang_audit, taizhang_reporting;
