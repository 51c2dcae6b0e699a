/*
code: B04
name: {zh: 参加了未选择的时段, en: Served outside the family's choice}
clause: [一(一)1]
grain: school_week
severity: medium
reads: [attendance, sessions, consents, terms]
claims: >
  Rolls of a week show pupils as having come on a weekday or in a slot that their family did not choose, neither as the
  consent stands now nor as it stood on that day.
spares: >
  Pupils without a consent (B01); a consent that names no weekdays or no slots leaves them open; days of a weekend, which
  follow another weekday's timetable; a choice that was changed, on the days before and after.
misses: Activities that were not chosen; a choice that was no choice because only one was offered (B03).
parameters:
  tolerated_pupils:
    default: 0
    why: >
      A family that changes its mind changes the consent, and the rule goes by it. A district that agrees single days by
      telephone may tolerate some pupils a week.
says:
  zh: "{when} 起的一周，有学生参加了家庭未选择的星期或时段的服务（学生数 / 考勤表数）：{found}。"
  en: "In the week of {when}, pupils came on weekdays or in slots that their families did not choose (pupils / rolls): {found}."
version: 3
*/
with given as materialized (
    select school_id, term_id, student_number, first_day, until_day, weekdays, slots
    from ledger.consent_given
    where
        school_id = any(:school_ids)
        and term_id = any(
            array(select term_id from ledger.term where starts_on <= :last_day and ends_on >= :first_day)
        )
),

-- Only a choice that leaves something out can be overstepped.
choosy as materialized (
    select distinct school_id, term_id, student_number
    from given
    where cardinality(weekdays) > 0 or cardinality(slots) > 0
),

-- One row per pupil, weekday and slot, however often they came: most are settled by one look at what was chosen.
attended as materialized (
    select
        session.school_id,
        term.term_id,
        pupil.number,
        session.weekday,
        session.slot,
        min(session.service_date) as first_day,
        max(session.service_date) as last_day
    from (
        select school_id, service_date, session_id, slot, extract(isodow from service_date)::integer as weekday
        from ledger.held_session
        where
            school_id = any(:school_ids)
            and service_date between :first_day and :last_day
            and extract(isodow from service_date) < 6
    ) as session
    inner join ledger.roll
        on
            roll.school_id = session.school_id
            and roll.service_date = session.service_date
            and roll.session_id = session.session_id
    inner join ledger.term on session.service_date between term.starts_on and term.ends_on
    cross join lateral unnest(roll.present || roll.late || roll.left_early) as pupil (number)
    where exists (select from choosy where choosy.school_id = session.school_id and choosy.term_id = term.term_id)
    group by session.school_id, term.term_id, pupil.number, session.weekday, session.slot
),

-- Who has a choice, but none that held all the time and allows it.
doubtful as (
    select attended.*
    from attended
    inner join given using (school_id, term_id)
    where given.student_number = attended.number
    group by
        attended.school_id, attended.term_id, attended.number, attended.weekday, attended.slot, attended.first_day,
        attended.last_day
    having not bool_or(
        given.first_day <= attended.first_day
        and given.until_day > attended.last_day
        and (cardinality(given.weekdays) = 0 or attended.weekday = any(given.weekdays))
        and (cardinality(given.slots) = 0 or attended.slot = any(given.slots))
    )
),

outside as (
    select
        given.school_id, given.term_id, came.service_date, came.weekday, came.slot, given.student_number as number, came.roll_key
    from (
        select
            doubtful.school_id,
            doubtful.term_id,
            doubtful.number,
            doubtful.weekday,
            doubtful.slot,
            roll.service_date,
            roll.record_key as roll_key
        from doubtful
        inner join ledger.held_session as session
            on
                session.school_id = doubtful.school_id
                and session.slot = doubtful.slot
                and session.service_date between doubtful.first_day and doubtful.last_day
                and extract(isodow from session.service_date) = doubtful.weekday
        inner join ledger.roll
            on
                roll.school_id = session.school_id
                and roll.service_date = session.service_date
                and roll.session_id = session.session_id
                and doubtful.number = any(roll.present || roll.late || roll.left_early)
        where
            session.school_id = any(:school_ids)
            and session.service_date between :first_day and :last_day
            and roll.school_id = any(:school_ids)
            and roll.service_date between :first_day and :last_day
    ) as came
    inner join given
        on
            given.school_id = came.school_id
            and given.term_id = came.term_id
            and given.student_number = came.number
            and given.first_day <= came.service_date
            and given.until_day > came.service_date
    group by
        given.school_id, given.term_id, came.service_date, came.weekday, came.slot, given.student_number, came.roll_key
    having not bool_or(
        (cardinality(given.weekdays) = 0 or came.weekday = any(given.weekdays))
        and (cardinality(given.slots) = 0 or came.slot = any(given.slots))
    )
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    greatest(date_trunc('week', service_date)::date, :first_day::date) as service_date,
    null::text as period,
    (:tolerated_pupils::integer)::text as expected,
    count(distinct number) || ' / ' || count(distinct roll_key) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_agg(distinct roll_key),
        'values', jsonb_build_object(
            'pupils', count(distinct number),
            'rolls', count(distinct roll_key),
            'slots', jsonb_agg(distinct slot),
            'weekdays', jsonb_agg(distinct weekday)
        )
    ) as evidence
from outside
group by school_id, date_trunc('week', service_date)::date
having count(distinct number) > :tolerated_pupils::integer
