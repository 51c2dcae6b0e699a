-- One row per school of these: how many pupils were enrolled at any time in these days, how many families opted in or out for a
-- term of them (null: no consents are kept here).
with enrolled as (
    select school_id, sum(pupils) as pupils
    from audit.enrolment_of(:school_ids)
    where enrolled_from <= :last_day and enrolled_to >= :first_day
    group by school_id
),

consented as (
    select consent.school_id, sum(consent.opted_in) as opted_in, sum(consent.opted_out) as opted_out
    from audit.consent_count_of(:school_ids) as consent
    inner join ledger.term using (term_id)
    where term.starts_on <= :last_day and term.ends_on >= :first_day
    group by consent.school_id
)

select school_id, enrolled.pupils as enrolled, consented.opted_in, consented.opted_out
from enrolled
full join consented using (school_id)
