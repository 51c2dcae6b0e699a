-- One row per thing that still needs to know who a pupil of a school was: what it is, and until when. Source: PIPL 47.
with recent_term as (
    select term_id, starts_on, ends_on, ends_on + :kept_days::integer as kept_until
    from ledger.term
    where ends_on + :kept_days::integer >= :today
),
pupil as (
    select number
    from ledger.person
    where resource = 'students' and person_id = :student_id and school_id = :school_id
)
-- Whatever days a case is about: who was there is asked of the register.
select distinct held_by, null::date as held_until
from ledger.open_case
where school_id = :school_id
union all
select 'terms/' || recent_term.term_id, recent_term.kept_until
from recent_term
cross join pupil
where
    exists (
        select from ledger.attendance_revision as roll
        where
            roll.school_id = :school_id
            and roll.service_date between recent_term.starts_on and recent_term.ends_on
            and pupil.number = any (roll.present || roll.late || roll.left_early || roll.absent || roll.excused)
    )
    or exists (
        select from ledger.current_entry as consent
        where
            consent.school_id = :school_id
            and consent.resource = 'consents'
            and consent.key = recent_term.term_id || '/' || :student_id
    )
order by held_by
limit 100
