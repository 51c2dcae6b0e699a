-- One row: every version of the school's allocation plan, and what the evaluations of the period's terms grant for quality.
-- Source: 一(一)5 多劳多得，优绩优酬.
select
    coalesce(
        (
            select json_agg(content order by (content ->> 'effective_from')::date, content ->> 'version')
            from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity'))
            where school_id = :school_id and resource = 'allocation-plans'
        ),
        '[]'
    ) as plans,
    coalesce(
        (
            select json_object_agg(staff_id, quality)
            from (
                select distinct on (grade ->> 'staff_id') grade ->> 'staff_id' as staff_id, grade ->> 'quality' as quality
                from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as evaluation
                inner join ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as term
                    on
                        term.school_id = 'district'
                        and term.resource = 'terms'
                        and term.key = evaluation.content ->> 'term_id'
                        and (term.content ->> 'starts_on')::date <= :last_day::date
                        and (term.content ->> 'ends_on')::date >= :first_day::date
                cross join lateral jsonb_array_elements(coalesce(evaluation.content -> 'grades', '[]')) as grade
                where evaluation.school_id = :school_id and evaluation.resource = 'evaluations'
                order by grade ->> 'staff_id', evaluation.content ->> 'evaluated_on' desc nulls last, evaluation.key
            ) as graded
        ),
        '{}'
    ) as qualities
