/*
code: C06
name: {zh: 本校教师承担比例偏低, en: Less than the main part by own staff}
clause: [一(一)4]
grain: school_month
severity: low
reads: [sessions, duties, staff]
claims: Less than the stated share of a month's class hours is worked by the school's own people.
spares: >
  A month with fewer days of service than the parameter says; teachers shared within a cluster count as own people.
misses: Own staff named for hours that outside people work; a month that is outside while its term is not.
parameters:
  own_share_percent:
    default: 50
    why: The notice says in the main (主要) and gives no number; less than half is not the main part, whatever the reading.
  own_kinds:
    default: [employee, shared]
    why: Teachers who cross schools of a cluster are teachers of the district's schools, which the notice encourages.
  least_days:
    default: 8
    why: Two weeks of five days less a holiday; a few days of a project week say nothing of the month.
says:
  zh: "{when} 本校人员课时占 {found}，低于 {expected}。"
  en: "{when}: the school's own people work {found} of the class hours, less than {expected}."
version: 2
*/
select
    day.school_id,
    'school' as subject_kind,
    day.school_id as subject,
    null::date as service_date,
    to_char(day.service_date, 'YYYY-MM') as period,
    :own_share_percent::numeric || '%' as expected,
    round(
        coalesce(sum(day.class_hours_hundredths) filter (where staff.kind = any(:own_kinds::text[])), 0) * 100.0
        / sum(day.class_hours_hundredths), 1
    ) || '%' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', '[]'::jsonb,
        'values', jsonb_build_object(
            'class_hours_hundredths', sum(day.class_hours_hundredths),
            'own_class_hours_hundredths',
            coalesce(sum(day.class_hours_hundredths) filter (where staff.kind = any(:own_kinds::text[])), 0)
        )
    ) as evidence
from audit.worked as day
inner join ledger.staff on staff.staff_id = day.staff_id
where
    day.school_id = any(:school_ids)
    and day.service_date between :first_day and :last_day
group by day.school_id, to_char(day.service_date, 'YYYY-MM')
having
    count(distinct day.service_date) >= :least_days
    and coalesce(sum(day.class_hours_hundredths) filter (where staff.kind = any(:own_kinds::text[])), 0) * 100
    < sum(day.class_hours_hundredths) * :own_share_percent::numeric
