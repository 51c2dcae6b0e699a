-- The reading layer of remuneration and funds: 一(一)5, 三(六).

-- post: what the person is beside the service (teacher, manager, other); null where the register does not say.
create or replace view ledger.staff with (security_invoker = true) as
select
    school_id,
    key as staff_id,
    content ->> 'kind' as kind,
    content ->> 'provider_id' as provider_id,
    content -> 'qualifications' as qualifications,
    (content ->> 'active_from')::date as active_from,
    (content ->> 'active_to')::date as active_to,
    revision,
    recorded_at,
    content ->> 'post' as post
from ledger.current_entry
where resource = 'staff';

-- One row per school and term with proposed remuneration: the statement that counts, the submission (上报) where there is
-- one, else the publication (公示); the last one recorded.
create view ledger.term_statement with (security_invoker = true) as
select distinct on (school_id, term_id)
    school_id,
    term_id,
    resource,
    lines,
    record_key
from (
    select school_id, term_id, 'submissions' as resource, lines, record_key, recorded_at
    from ledger.submission
    union all
    select school_id, period, 'publications', lines, record_key, recorded_at
    from ledger.publication
    where kind = 'term_remuneration'
) as statement
order by school_id, term_id, resource desc, recorded_at desc, record_key desc;

-- One row per person in it who has an amount.
create view ledger.term_statement_line with (security_invoker = true) as
select
    statement.school_id,
    statement.term_id,
    line ->> 'staff_id' as staff_id,
    ((line ->> 'class_hours')::numeric * 100)::integer as class_hours_hundredths,
    (line ->> 'amount_fen')::bigint as amount_fen,
    statement.record_key || '/' || (line ->> 'staff_id') as record_key
from ledger.term_statement as statement
cross join lateral jsonb_array_elements(statement.lines) as line
where line ->> 'amount_fen' is not null;

-- One row per line of the special subsidy's book; balance_fen is what the book shows at the end of that day.
create view ledger.fund_line with (security_invoker = true) as
select
    school_id,
    key as line_id,
    (content ->> 'booked_on')::date as booked_on,
    content ->> 'direction' as direction,
    content ->> 'category' as category,
    (content ->> 'amount_fen')::bigint as amount_fen,
    case content ->> 'direction' when 'receipt' then 1 else -1 end * (content ->> 'amount_fen')::bigint as signed_fen,
    content ->> 'payee_kind' as payee_kind,
    content ->> 'staff_id' as staff_id,
    content ->> 'provider_id' as provider_id,
    (content ->> 'balance_fen')::bigint as balance_fen,
    'fund-lines/' || school_id || '/' || key || '#' || revision as record_key,
    recorded_at
from ledger.current_entry
where resource = 'fund-lines';

-- One row per grant of the district to a school.
create view ledger.disbursement with (security_invoker = true) as
select
    school_id,
    key as disbursement_id,
    content ->> 'term_id' as term_id,
    (content ->> 'amount_fen')::bigint as amount_fen,
    (content ->> 'paid_on')::date as paid_on,
    (content ->> 'due_on')::date as due_on,
    (content ->> 'standard_fen')::bigint as standard_fen,
    (content ->> 'basis')::bigint as basis,
    content ->> 'basis_kind' as basis_kind,
    'disbursements/' || school_id || '/' || key || '#' || revision as record_key,
    recorded_at
from ledger.current_entry
where resource = 'disbursements';

-- Terms with the first day of the next: what is booked in a holiday belongs to the term before it.
create view ledger.book_term with (security_invoker = true) as
select
    term_id,
    starts_on,
    ends_on,
    coalesce(lead(starts_on) over (order by starts_on), 'infinity') as next_starts_on
from ledger.term;

grant select on
    ledger.term_statement, ledger.term_statement_line, ledger.fund_line, ledger.disbursement, ledger.book_term
to taizhang_ledger, taizhang_audit, taizhang_reporting;

-- Measures (ANALYZE) what has grown to twice the pages that the planner knows of, from some pages on; says what it was. Until
-- autovacuum comes by, the planner takes a table that was loaded within seconds for an empty one. Only an owner may measure.
create function audit.measure_grown(p_least_pages integer) returns text[]
language plpgsql security definer set search_path = pg_catalog as $$
declare
    grown text[];
    name text;
begin
    select array_agg(format('%I.%I', namespace.nspname, class.relname) order by class.oid) into grown
    from pg_class as class
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where
        class.relkind = 'r'
        and namespace.nspname in ('ledger', 'audit')
        and pg_relation_size(class.oid) / current_setting('block_size')::integer > 2 * greatest(class.relpages, p_least_pages);
    foreach name in array coalesce(grown, '{}') loop
        execute 'analyze ' || name;
    end loop;
    return coalesce(grown, '{}');
end $$;
revoke execute on function audit.measure_grown from public;
grant execute on function audit.measure_grown to taizhang_audit;
