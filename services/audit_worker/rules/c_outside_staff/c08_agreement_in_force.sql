/*
code: C08
name: {zh: 校外人员服务时无有效协议, en: Outside person without an agreement in force}
clause: [一(一)4, 一(一)2]
grain: school_day
severity: high
reads: [agreements, sessions, staff]
needs: [agreements]
claims: >
  An outside person works in a held session on a date on which no agreement, signed by both sides by then, is in force: none
  with the person, and none with the person's provider.
spares: >
  A school that keeps no agreements here. Retired teachers and those shared between schools, who are the district's own.
  The first and the last day of an agreement. An agreement of the other school that registered the person.
misses: Whether the agreement covers what was done; an agreement that is signed with an earlier date.
parameters:
  outside_kinds:
    default: [provider, institution, volunteer]
    why: Those whom the notice has the school bring in, as C01 has them.
says:
  zh: "校外人员 {subject} 在 {when} 服务时无有效协议：{found}。"
  en: "Outside person {subject} served on {when} without an agreement in force: {found}."
version: 1
*/
with served as (
    select
        member.school_id,
        member.service_date,
        member.staff_id,
        staff.school_id as home_school_id,
        staff.provider_id,
        jsonb_agg(member.record_key order by member.record_key) as records,
        sum(member.class_hours_hundredths)::integer as class_hours_hundredths
    from ledger.session_staff as member
    inner join ledger.staff on staff.staff_id = member.staff_id
    where
        member.school_id = any(:school_ids)
        and member.service_date between :first_day and :last_day
        and member.state = 'held'
        and staff.kind = any(:outside_kinds::text[])
    group by member.school_id, member.service_date, member.staff_id, staff.school_id, staff.provider_id
),

agreed as materialized (
    select * from ledger.agreement
    where school_id in (select school_id from served union select home_school_id from served)
)

select
    served.school_id,
    'staff' as subject_kind,
    served.staff_id as subject,
    served.service_date,
    null::text as period,
    'an agreement that both have signed' as expected,
    coalesce(unsigned.found, 'no agreement') as found,
    served.class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', served.records || coalesce(unsigned.record_keys, '[]'::jsonb)) as evidence
from served
left join lateral (
    select
        'not signed: ' || string_agg(agreed.agreement_id, ', ' order by agreed.agreement_id) as found,
        jsonb_agg(agreed.record_key order by agreed.record_key) as record_keys,
        bool_or(
            agreed.signed_by_school_on <= served.service_date and agreed.signed_by_partner_on <= served.service_date
        ) as signed
    from agreed
    where
        agreed.school_id in (served.school_id, served.home_school_id)
        and agreed.kind in ('service_contract', 'engagement', 'partnership')
        and (agreed.staff_id = served.staff_id or (agreed.staff_id is null and agreed.provider_id = served.provider_id))
        and served.service_date between agreed.starts_on and agreed.in_force_to
    having count(*) > 0
) as unsigned on true
where unsigned.signed is not true
