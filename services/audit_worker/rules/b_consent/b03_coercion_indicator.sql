/*
code: B03
name: {zh: 整班同一选择的参加确认, en: Whole classes with one and the same consent}
clause: [一(一)1]
grain: school_term
severity: review
reads: [consents, students, terms]
claims: >
  In most classes of a school that keeps consents, every pupil takes part and every family chose exactly the same days,
  slots and activities. It is an indicator that there was no choice, not that anybody was made to take it.
spares: >
  Small classes; schools with few classes; consents that name neither days nor slots nor activities (what was chosen is not
  known); a class in which one family said no, chose otherwise or has not answered.
misses: >
  Families who were pressed and chose differently; pupils who were kept out; complaints; a class whose register is not
  complete.
parameters:
  least_pupils: {default: 15, why: In a small class everybody may well wish the same.}
  least_classes: {default: 2, why: One class alone may have agreed on it among parents.}
  share_percent:
    default: 50
    why: Where lessons end early most families need every day; that all of them do, in most classes, is worth a question.
says:
  zh: "学期 {when}：{found} 个班级全员参加且选择完全相同，是否自主选择需了解。"
  en: "Term {when}: in {found} classes everybody takes part with one and the same choice; ask whether there was a choice."
version: 1
*/
with pupil as (
    select
        student.school_id,
        term.term_id,
        student.grade,
        student.class_no,
        consent.opted_in,
        (consent.weekdays, consent.slots, consent.activities)::text as choice,
        cardinality(consent.weekdays) + cardinality(consent.slots) + cardinality(consent.activities) > 0 as chosen,
        consent.record_key
    from ledger.student
    cross join ledger.term
    left join ledger.consent
        on
            consent.school_id = student.school_id
            and consent.term_id = term.term_id
            and consent.student_id = student.student_id
            and consent.school_id = any(:school_ids)
    where
        student.school_id = any(:school_ids)
        and term.ends_on between :first_day and :last_day
        and student.class_no is not null
        and (student.enrolled_from is null or student.enrolled_from <= term.starts_on)
        and (student.enrolled_to is null or student.enrolled_to >= term.ends_on)
),

class as (
    select
        school_id,
        term_id,
        count(record_key) as consents,
        -- A missing answer is no consent.
        count(*) = count(*) filter (where opted_in and chosen) and count(distinct choice) = 1 as uniform,
        min(record_key) as record_key
    from pupil
    group by school_id, term_id, grade, class_no
    having count(*) >= :least_pupils
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    null::date as service_date,
    term_id as period,
    '< ' || :share_percent::integer || ' %' as expected,
    count(*) filter (where uniform) || ' / ' || count(*) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'values', jsonb_build_object(
            'classes', count(*),
            'uniform', count(*) filter (where uniform),
            'pupils', sum(consents) filter (where uniform)
        )
    ) as evidence
from class
where consents > 0
group by school_id, term_id
having
    count(*) filter (where uniform) >= :least_classes
    and count(*) filter (where uniform) * 100 >= count(*) * :share_percent::integer
