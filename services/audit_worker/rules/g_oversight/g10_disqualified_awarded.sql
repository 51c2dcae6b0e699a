/*
code: G10
name: {zh: 取消评优资格后仍被评优, en: Honoured in a year of lost eligibility}
clause: [三(七)]
grain: year
severity: critical
reads: [awards, disqualifications, terms]
claims: A school or a person whose eligibility for awards of a school year was taken away has an award of that year.
spares: A decision that was annulled; an award that was withdrawn; an award of a person for what their school lost, and the other way round.
misses: An award that nobody entered; a person who was honoured under another id.
says:
  zh: "奖项 {subject}（{when}）：应为 {expected}，实际：{found}。"
  en: "Award {subject} of {when}: {expected} was wanted; found: {found}."
version: 1
*/
select
    'district' as school_id,
    'award' as subject_kind,
    award.school_id || '/' || award.award_id as subject,
    null::date as service_date,
    year.academic_year as period,
    'no award' as expected,
    'an award, and a decision against it' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records',
        jsonb_build_array(award.record_key) || jsonb_agg(disqualification.record_key order by disqualification.record_key)
    ) as evidence
from ledger.award
inner join ledger.academic_year as year using (academic_year)
inner join ledger.disqualification
    on
        disqualification.academic_year = award.academic_year
        and disqualification.annulled_on is null
        and case
            -- A person is one person, whichever school entered either.
            when award.staff_id is not null then disqualification.staff_id = award.staff_id
            else disqualification.staff_id is null and disqualification.school_id = award.school_id
        end
where
    'district' = any(:school_ids)
    and award.withdrawn_on is null
    and year.starts_on <= :last_day
    and year.ends_on >= :first_day
    and left(award.school_id, 5) <> '99999'
group by award.school_id, award.award_id, award.record_key, year.academic_year
