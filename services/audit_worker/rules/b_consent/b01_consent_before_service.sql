/*
code: B01
name: {zh: 未经自愿确认参加服务, en: Served without consent}
clause: [一(一)1]
grain: school_week
severity: high
reads: [attendance, consents, terms]
claims: Rolls of a week show pupils as having come for whom the school has no consent that holds on that day of the term.
spares: >
  A school that has fewer consents of the term here than the bound (it keeps them elsewhere); a consent signed on the day
  itself; days before a consent was withdrawn; a consent without a date, which counts from the first day.
misses: A consent that the family did not sign; a choice to take part that the family was made to make (B03).
parameters:
  least_consents:
    default: 1
    why: >
      One consent shows that the school keeps them here, and then a pupil without one is visible. A district whose schools
      begin class by class may ask for more before it looks.
says:
  zh: "{when} 起的一周，有学生没有本学期有效的自愿参加确认却参加了服务（学生数 / 考勤表数）：{found}。"
  en: "In the week of {when}, pupils took part without a consent for the term that held on the day (pupils / rolls): {found}."
version: 2
*/
with given as materialized (
    select school_id, term_id, student_number, first_day, until_day
    from ledger.consent_given
    where
        school_id = any(:school_ids)
        and term_id = any(
            array(select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day)
        )
),

kept as (
    select school_id, term_id
    from given
    group by school_id, term_id
    having count(*) >= :least_consents
),

-- One row per pupil and term, however often they came: most are settled by one look at their consent.
attended as (
    select
        roll.school_id,
        term.term_id,
        pupil.number,
        min(roll.service_date) as first_day,
        max(roll.service_date) as last_day
    from ledger.roll
    inner join ledger.term on roll.service_date between term.starts_on and term.ends_on
    inner join kept on kept.school_id = roll.school_id and kept.term_id = term.term_id
    cross join lateral unnest(roll.present || roll.late || roll.left_early) as pupil (number)
    where roll.school_id = any(:school_ids) and roll.service_date between :first_day and :last_day
    group by roll.school_id, term.term_id, pupil.number
),

doubtful as (
    select *
    from attended
    where not exists (
        select from given
        where
            given.school_id = attended.school_id
            and given.term_id = attended.term_id
            and given.student_number = attended.number
            and given.first_day <= attended.first_day
            and given.until_day > attended.last_day
    )
),

-- One row per such pupil and roll on a day that no consent of theirs holds.
without_consent as (
    select
        roll.school_id,
        date_trunc('week', roll.service_date)::date as week,
        doubtful.number,
        roll.service_date,
        roll.record_key
    from doubtful
    inner join ledger.roll
        on
            roll.school_id = doubtful.school_id
            and roll.service_date between doubtful.first_day and doubtful.last_day
            and doubtful.number = any(roll.present || roll.late || roll.left_early)
    where
        roll.school_id = any(:school_ids)
        and roll.service_date between :first_day and :last_day
        and not exists (
            select from given
            where
                given.school_id = doubtful.school_id
                and given.term_id = doubtful.term_id
                and given.student_number = doubtful.number
                and given.first_day <= roll.service_date
                and given.until_day > roll.service_date
        )
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    greatest(week, :first_day::date) as service_date,
    null::text as period,
    '0' as expected,
    count(distinct number) || ' / ' || count(distinct record_key) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(distinct record_key),
        'values', jsonb_build_object(
            'pupils', count(distinct number),
            'rolls', count(distinct record_key),
            'days', count(distinct service_date)
        )
    ) as evidence
from without_consent
group by school_id, week
