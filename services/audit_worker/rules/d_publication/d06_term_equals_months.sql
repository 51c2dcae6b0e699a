/*
code: D06
name: {zh: 学期课时与各月公示之和不一致, en: The term is not the sum of its months}
clause: [一(二)2]
grain: school_term
severity: critical
reads: [publications, sessions, duties, terms]
claims: >
  A person's class hours in the term's publication are not the sum of those in the publications of its months, or one
  side lacks the person.
spares: >
  A person whose hours of the term are the ledger's: then a month's publication is wrong, and D04 or D05 says so. A term
  of which a month with service is not published (D02); terms that share a month; a line of no hours on one side only.
misses: Months and term that are wrong alike.
says:
  zh: "{when} {subject}：各月公示之和 {expected} 课时，学期公示 {found} 课时。"
  en: "{when}, {subject}: the months add up to {expected} class hours, the term's publication has {found}."
version: 2
*/
with terms as (
    select term_id, starts_on, ends_on, to_char(starts_on, 'YYYY-MM') as first_month, to_char(ends_on, 'YYYY-MM') as last_month
    from ledger.term
    where
        starts_on <= :last_day
        and ends_on >= :first_day
        and not exists (
            select from ledger.term as other
            where
                other.term_id <> term.term_id
                and to_char(other.starts_on, 'YYYY-MM') <= to_char(term.ends_on, 'YYYY-MM')
                and to_char(other.ends_on, 'YYYY-MM') >= to_char(term.starts_on, 'YYYY-MM')
        )
),

posted as (
    select
        publication.school_id,
        terms.*,
        publication.lines,
        publication.record_key
    from ledger.latest_publication as publication
    inner join terms on terms.term_id = publication.period
    where publication.school_id = any(:school_ids) and publication.kind = 'term_remuneration'
),

monthly as (
    select posted.school_id, posted.term_id, month.period, month.lines, month.record_key
    from posted
    inner join ledger.latest_publication as month
        on
            month.school_id = posted.school_id
            and month.kind = 'monthly_workload'
            and month.period between posted.first_month and posted.last_month
),

served as materialized (
    select school_id, term_id, period from audit.served_month(:school_ids, :first_day, :last_day)
),

whole as (
    select posted.*
    from posted
    where not exists (
        select from served
        where
            served.school_id = posted.school_id
            and served.term_id = posted.term_id
            and not exists (
                select from monthly
                where monthly.school_id = posted.school_id and monthly.period = served.period
            )
    )
),

of_the_term as (
    select whole.school_id, whole.term_id, line ->> 'staff_id' as staff_id, (line ->> 'class_hours')::numeric as class_hours
    from whole
    cross join lateral jsonb_array_elements(whole.lines) as line
),

of_the_months as (
    select
        whole.school_id,
        whole.term_id,
        line ->> 'staff_id' as staff_id,
        sum((line ->> 'class_hours')::numeric) as class_hours,
        jsonb_agg(monthly.record_key || '/' || (line ->> 'staff_id') order by monthly.period) as record_keys
    from whole
    inner join monthly using (school_id, term_id)
    cross join lateral jsonb_array_elements(monthly.lines) as line
    group by whole.school_id, whole.term_id, line ->> 'staff_id'
)

select
    school_id,
    'staff' as subject_kind,
    staff_id as subject,
    null::date as service_date,
    term_id as period,
    coalesce(round(of_the_months.class_hours, 2)::text, '—') as expected,
    coalesce(round(of_the_term.class_hours, 2)::text, '—') as found,
    greatest((coalesce(of_the_term.class_hours, 0) - coalesce(of_the_months.class_hours, 0)) * 100, 0)::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(whole.record_key || '/' || staff_id) || coalesce(of_the_months.record_keys, '[]')
    ) as evidence
from of_the_term
full join of_the_months using (school_id, term_id, staff_id)
inner join whole using (school_id, term_id)
where
    coalesce(of_the_term.class_hours, 0) <> coalesce(of_the_months.class_hours, 0)
    and coalesce(of_the_term.class_hours, 0) * 100 <> (
        select coalesce(sum(worked.class_hours_hundredths), 0)
        from audit.worked
        where
            worked.school_id = whole.school_id
            and worked.staff_id = coalesce(of_the_term.staff_id, of_the_months.staff_id)
            and worked.service_date between whole.starts_on and whole.ends_on
    )
