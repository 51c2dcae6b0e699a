-- Who worked on a school's day and for how many class hours, by school: what the school's own books are held against lies
-- with the school. audit.staff_day has the same by person, for what follows a person across schools.
alter table audit.work_day
add column staff_ids text[] not null default '{}',
add column class_hours_hundredths integer[] not null default '{}';

update audit.work_day
set staff_ids = summed.staff_ids, class_hours_hundredths = summed.class_hours_hundredths
from (
    select
        school_id,
        service_date,
        array_agg(staff_id order by staff_id) as staff_ids,
        array_agg(class_hours_hundredths order by staff_id) as class_hours_hundredths
    from audit.staff_day
    group by school_id, service_date
) as summed
where summed.school_id = work_day.school_id and summed.service_date = work_day.service_date;

-- One row per school, date and person. staff_ids and class_hours_hundredths are of equal length.
create view audit.worked with (security_invoker = true) as
select work_day.school_id, work_day.service_date, person.staff_id, person.class_hours_hundredths
from audit.work_day
cross join lateral unnest(work_day.staff_ids, work_day.class_hours_hundredths) as person (staff_id, class_hours_hundredths);

grant select on audit.worked to taizhang_audit, taizhang_reporting;

-- As before, of what lies with the school.
create or replace function audit.served_month(p_school_ids text[], p_first_day date, p_last_day date)
returns table (school_id text, term_id text, period text, last_day date)
language sql stable as $$
    select distinct
        work_day.school_id,
        term.term_id,
        to_char(work_day.service_date, 'YYYY-MM'),
        (date_trunc('month', work_day.service_date) + interval '1 month - 1 day')::date
    from ledger.term
    inner join audit.work_day on work_day.service_date between term.starts_on and term.ends_on
    where
        term.starts_on <= p_last_day
        and term.ends_on >= p_first_day
        and work_day.school_id = any(p_school_ids)
        and 0 < any(work_day.class_hours_hundredths)
$$;

create or replace function audit.known_until(p_school_id text, p_term_id text, p_first_day date, p_last_day date) returns date
language sql stable as $$
    select greatest(
        (
            select max(service_date) from audit.work_day
            where school_id = p_school_id and service_date between p_first_day and p_last_day
        ),
        (
            select max(displayed_from) from ledger.publication
            where school_id = p_school_id and kind = 'term_remuneration' and period = p_term_id
        ),
        (select max(submitted_on) from ledger.submission where school_id = p_school_id and term_id = p_term_id),
        (select max(paid_on) from ledger.payment_line where school_id = p_school_id and period = p_term_id)
    )
$$;

create or replace function audit.school_reached(p_school_id text, p_first_day date, p_last_day date) returns date
language sql stable as $$
    select max(service_date)
    from audit.work_day
    where school_id = p_school_id and service_date between p_first_day and p_last_day
$$;

create or replace function audit.district_reached(p_first_day date, p_last_day date) returns date
language sql stable as $$
    select max(latest.service_date)
    from ledger.chain_head as school
    cross join lateral (
        select max(work_day.service_date) as service_date
        from audit.work_day
        where work_day.school_id = school.school_id and work_day.service_date between p_first_day and p_last_day
    ) as latest
    where left(school.school_id, 5) <> '99999'
$$;
