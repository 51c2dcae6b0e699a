-- One row per school: what else its yearly appraisal rests on: how content people said they are, how many terms were evaluated
-- and what of the improvements is done.
select
    school.school_id,
    satisfied.answered,
    satisfied.agreeing,
    evaluated.terms,
    improved.actions,
    improved.done
from unnest(:school_ids::text[]) as school (school_id)
left join lateral (
    select sum(survey.answered) as answered, sum(survey.agreeing) as agreeing
    from ledger.survey
    where
        survey.school_id = school.school_id
        and survey.kind = 'satisfaction'
        and left(survey.term_id, 9) = :academic_year
        and survey.answered is not null
        and survey.agreeing is not null
) as satisfied on true
left join lateral (
    select count(distinct evaluation.term_id) as terms
    from ledger.evaluation
    where evaluation.school_id = school.school_id and left(evaluation.term_id, 9) = :academic_year
) as evaluated on true
left join lateral (
    select count(*) as actions, count(action.done_on) as done
    from ledger.evaluation_action as action
    where action.school_id = school.school_id and left(action.term_id, 9) = :academic_year
) as improved on true
