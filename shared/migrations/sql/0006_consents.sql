-- The reading layer of 一(一)1 and 一(一)6: what families chose, how they were asked, how a term was evaluated.

-- A school's consents of one term, of all it ever had.
create index entry_consent on ledger.entry (school_id, (content ->> 'term_id')) where resource = 'consents';

-- Which schools have posted a survey or an evaluation of a term at all.
create index entry_term_document on ledger.entry ((content ->> 'term_id'), resource)
where resource in ('surveys', 'evaluations');

-- One row per pupil and term: what the family says now. Empty lists: it was not asked, or left open.
create view ledger.consent with (security_invoker = true) as
select
    school_id,
    content ->> 'term_id' as term_id,
    content ->> 'student_id' as student_id,
    (content ->> 'opted_in')::boolean as opted_in,
    array(select jsonb_array_elements_text(content -> 'weekdays'))::integer[] as weekdays,
    array(select jsonb_array_elements_text(content -> 'slots')) as slots,
    array(select jsonb_array_elements_text(content -> 'activities')) as activities,
    (content ->> 'signed_on')::date as signed_on,
    'consents/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'consents';

-- One row per choice to take part that a family made for a term: it holds from first_day to the day before until_day.
-- What the consent says now holds from its signature, or always if it has none: putting the copy of a paper right speaks
-- of the past, too. What it said before holds until the next revision was signed, or recorded if that kept the signature.
-- A consent that was voided was never given.
create view ledger.consent_given with (security_invoker = true) as
select
    consent.school_id,
    consent.term_id,
    person.number as student_number,
    coalesce(consent.signed_on, '-infinity') as first_day,
    'infinity'::date as until_day,
    consent.weekdays,
    consent.slots,
    consent.activities
from ledger.consent
inner join ledger.person on person.resource = 'students' and person.person_id = consent.student_id
where consent.opted_in
union all
select
    consent.school_id,
    consent.term_id,
    person.number,
    coalesce((before.content ->> 'signed_on')::date, '-infinity'),
    case
        when after.content ->> 'signed_on' <> coalesce(before.content ->> 'signed_on', '')
            then (after.content ->> 'signed_on')::date
        else (after.recorded_at at time zone 'Asia/Shanghai')::date
    end,
    array(select jsonb_array_elements_text(before.content -> 'weekdays'))::integer[],
    array(select jsonb_array_elements_text(before.content -> 'slots')),
    array(select jsonb_array_elements_text(before.content -> 'activities'))
from ledger.consent
inner join ledger.entry as before
    on
        before.school_id = consent.school_id
        and before.resource = 'consents'
        and before.key = consent.term_id || '/' || consent.student_id
        and before.revision < consent.revision
inner join ledger.entry as after
    on
        after.school_id = before.school_id
        and after.resource = before.resource
        and after.key = before.key
        and after.revision = before.revision + 1
inner join ledger.person on person.resource = 'students' and person.person_id = consent.student_id
where consent.revision > 1 and before.state = 'recorded' and (before.content ->> 'opted_in')::boolean;

-- One row per survey of a term: of wishes before it, or of content.
create view ledger.survey with (security_invoker = true) as
select
    school_id,
    key as survey_id,
    content ->> 'term_id' as term_id,
    content ->> 'kind' as kind,
    (content ->> 'opened_on')::date as opened_on,
    (content ->> 'closed_on')::date as closed_on,
    (content ->> 'asked')::integer as asked,
    (content ->> 'answered')::integer as answered,
    (content ->> 'agreeing')::integer as agreeing,
    'surveys/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'surveys';

-- One row per quality evaluation of a term.
create view ledger.evaluation with (security_invoker = true) as
select
    school_id,
    key as evaluation_id,
    content ->> 'term_id' as term_id,
    (content ->> 'evaluated_on')::date as evaluated_on,
    content -> 'actions' as actions,
    'evaluations/' || school_id || '/' || key || '#' || revision as record_key,
    revision,
    recorded_at
from ledger.current_entry
where resource = 'evaluations';

-- One row per improvement that an evaluation asks for.
create view ledger.evaluation_action with (security_invoker = true) as
select
    evaluation.school_id,
    evaluation.evaluation_id,
    evaluation.term_id,
    action.place,
    (action.content ->> 'due_on')::date as due_on,
    (action.content ->> 'done_on')::date as done_on,
    evaluation.record_key
from ledger.evaluation
cross join lateral jsonb_array_elements(evaluation.actions) with ordinality as action (content, place);

grant select on
    ledger.consent, ledger.consent_given, ledger.survey, ledger.evaluation, ledger.evaluation_action
to taizhang_ledger, taizhang_audit, taizhang_reporting;
