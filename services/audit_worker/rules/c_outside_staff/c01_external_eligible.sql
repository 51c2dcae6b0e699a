/*
code: C01
name: {zh: 校外人员资质不全, en: Outside person without valid documents}
clause: [一(一)4, 三(四)]
grain: school_day
severity: critical
reads: [sessions, staff]
claims: >
  An outside person works in a held session without, on that date, a verified diploma or certificate, a query of
  unlawful-record information, or a health check.
spares: >
  A school that records no such document of any outside person (not kept here); documents without an end, but for the
  query, which is good for as long as the parameter says.
misses: >
  Character, which has no document here; a document that is forged; a school that keeps none at all. A document verified
  only after the service is shown, also where it was checked before and entered late.
parameters:
  outside_kinds:
    default: [provider, institution, volunteer]
    why: Those whom the notice has the school bring in; retired teachers are known to it and its pupils.
  query_valid_days:
    default: 396
    why: >
      The notice names no validity; a query each year is the general practice, with a month for the school year's start.
      Only for a query that states no end itself.
says:
  zh: "校外人员 {subject} 在 {when} 服务时缺少有效的：{found}。"
  en: "Outside person {subject} served on {when} without a valid: {found}."
version: 1
*/
with served as (
    select
        member.school_id,
        member.service_date,
        member.staff_id,
        staff.school_id as home_school_id,
        staff.kind,
        staff.qualifications,
        jsonb_agg(member.record_key order by member.record_key) as records,
        sum(member.class_hours_hundredths)::integer as class_hours_hundredths
    from ledger.session_staff as member
    inner join ledger.staff on staff.staff_id = member.staff_id
    where
        member.school_id = any(:school_ids)
        and member.service_date between :first_day and :last_day
        and member.state = 'held'
        and staff.kind = any(:outside_kinds::text[])
    group by
        member.school_id, member.service_date, member.staff_id, staff.school_id, staff.kind, staff.qualifications
)

select
    served.school_id,
    'staff' as subject_kind,
    served.staff_id as subject,
    served.service_date,
    null::text as period,
    'degree/certificate, background_check, health' as expected,
    lacking.documents as found,
    served.class_hours_hundredths as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', served.records,
        'values', jsonb_build_object('kind', served.kind, 'lacking', lacking.documents)
    ) as evidence
from served
cross join lateral (
    select string_agg(wanted.document, ', ' order by wanted.place) as documents
    from (
        values
        (1, 'degree/certificate', array['degree', 'certificate']),
        (2, 'background_check', array['background_check']),
        (3, 'health', array['health'])
    ) as wanted (place, document, types)
    where not exists (
        select from jsonb_array_elements(served.qualifications) as kept
        where
            kept ->> 'type' = any(wanted.types)
            and (kept ->> 'verified_on')::date <= served.service_date
            and coalesce(
                (kept ->> 'valid_to')::date,
                case when kept ->> 'type' = 'background_check'
                    then (kept ->> 'verified_on')::date + :query_valid_days::integer
                    else 'infinity'
                end
            ) >= served.service_date
    )
) as lacking
where
    lacking.documents is not null
    -- The school keeps these documents.
    and exists (
        select from ledger.staff as keeping
        where
            keeping.school_id = served.home_school_id
            and keeping.kind = any(:outside_kinds::text[])
            and jsonb_array_length(keeping.qualifications) > 0
    )
