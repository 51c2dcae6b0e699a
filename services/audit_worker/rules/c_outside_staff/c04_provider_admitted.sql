/*
code: C04
name: {zh: 机构不在册或资质过期, en: Provider not admitted}
clause: [一(一)4, 三(四)]
grain: school_day
severity: critical
reads: [sessions, staff, providers]
claims: >
  A person of a provider works in a held session on a day on which the provider is not on the district's list, is
  suspended, or its licence has run out.
spares: >
  A district that lists no provider at all (the list is not kept here); a provider without a licence date; service before
  the day from which the register says so; a removed provider from its removal on (C05).
misses: Contract and course, which are not registered here; a provider that was not listed then and is now, where no day is said.
says:
  zh: "课次 {subject} 有未经准入机构的人员：{found}。"
  en: "Session {subject} has people of a provider that is not admitted: {found}."
version: 2
*/
select
    member.school_id,
    'session' as subject_kind,
    member.session_id as subject,
    member.service_date,
    null::text as period,
    'a provider listed, licensed and not suspended' as expected,
    string_agg(
        format('%s (%s: %s)', member.staff_id, provider.provider_id, why.not_admitted), ', ' order by member.staff_id
    ) as found,
    sum(member.class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(member.record_key),
        'values', jsonb_agg(
            jsonb_build_object(
                'staff_id', member.staff_id,
                'provider_id', provider.provider_id,
                'listed', provider.listed,
                'status', provider.status,
                'status_from', provider.status_from,
                'licence_valid_to', provider.licence_valid_to
            )
            order by member.staff_id
        )
    ) as evidence
from ledger.session_staff as member
inner join ledger.staff on staff.staff_id = member.staff_id
-- As the provider stood on that day: what was decided since does not change it.
inner join ledger.provider_period as provider
    on
        provider.provider_id = staff.provider_id
        and member.service_date >= provider.holds_from
        and member.service_date < provider.holds_until
cross join lateral (
    select
        case
            when provider.status = 'removed' and member.service_date >= provider.status_from then null
            when
                provider.status = 'suspended' and (member.service_date < provider.status_from) is not true
                then 'suspended'
            when
                provider.status = 'listed'
                and not provider.listed
                and (member.service_date < provider.status_from) is not true
                and exists (select from ledger.provider as other where other.listed)
                then 'not listed'
            when provider.licence_valid_to < member.service_date then 'licence to ' || provider.licence_valid_to
        end as not_admitted
) as why
where
    member.school_id = any(:school_ids)
    and member.service_date between :first_day and :last_day
    and member.state = 'held'
    and why.not_admitted is not null
group by member.school_id, member.service_date, member.session_id, member.record_key
