/*
code: C05
name: {zh: 已清退机构仍在服务, en: Removed provider still working}
clause: [三(五)]
grain: school_day
severity: critical
reads: [sessions, staff, providers]
claims: A person of a provider works in a held session on or after the day the provider was removed.
spares: Service before the removal.
misses: A person who came back under another provider's name.
says:
  zh: "课次 {subject} 有已清退机构的人员：{found}。"
  en: "Session {subject} has people of a removed provider: {found}."
version: 2
*/
select
    member.school_id,
    'session' as subject_kind,
    member.session_id as subject,
    member.service_date,
    null::text as period,
    'nobody of ' || string_agg(distinct provider.provider_id, ', ') as expected,
    string_agg(member.staff_id, ', ' order by member.staff_id) as found,
    sum(member.class_hours_hundredths)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(member.record_key),
        'values', jsonb_build_object('removed_on', min(provider.status_from))
    ) as evidence
from ledger.session_staff as member
inner join ledger.staff on staff.staff_id = member.staff_id
-- As the provider stood on that day: what was decided since does not change it.
inner join ledger.provider_period as provider
    on
        provider.provider_id = staff.provider_id
        and member.service_date >= provider.holds_from
        and member.service_date < provider.holds_until
where
    member.school_id = any(:school_ids)
    and member.service_date between :first_day and :last_day
    and member.state = 'held'
    and provider.status = 'removed'
    and member.service_date >= provider.status_from
group by member.school_id, member.service_date, member.session_id, member.record_key
