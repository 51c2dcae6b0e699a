create or replace function audit.served_month(p_school_ids text[], p_first_day date, p_last_day date)
returns table (school_id text, term_id text, period text, last_day date)
language sql stable as $$
    select school.school_id, term.term_id, to_char(month_start, 'YYYY-MM'), (month_start + interval '1 month - 1 day')::date
    from unnest(p_school_ids) as school (school_id)
    cross join ledger.term
    cross join lateral generate_series(
        date_trunc('month', term.starts_on::timestamp), term.ends_on, interval '1 month'
    ) as month_start
    where
        term.starts_on <= p_last_day
        and term.ends_on >= p_first_day
        and exists (
            select from audit.staff_day
            where
                staff_day.school_id = school.school_id
                and staff_day.service_date
                between greatest(month_start::date, term.starts_on)
                and least((month_start + interval '1 month - 1 day')::date, term.ends_on)
                and staff_day.class_hours_hundredths > 0
        )
$$;

create or replace function audit.known_until(p_school_id text, p_term_id text, p_first_day date, p_last_day date) returns date
language sql stable as $$
    select greatest(
        (
            select max(service_date) from audit.staff_day
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
    select service_date
    from audit.staff_day
    where school_id = p_school_id and service_date between p_first_day and p_last_day
    order by service_date desc
    limit 1
$$;

create or replace function audit.district_reached(p_first_day date, p_last_day date) returns date
language sql stable as $$
    select max(latest.service_date)
    from ledger.chain_head as school
    cross join lateral (
        select staff_day.service_date
        from audit.staff_day
        where staff_day.school_id = school.school_id and staff_day.service_date between p_first_day and p_last_day
        order by staff_day.service_date desc
        limit 1
    ) as latest
    where left(school.school_id, 5) <> '99999'
$$;

drop view audit.worked;

alter table audit.work_day drop column staff_ids, drop column class_hours_hundredths;
