-- One row per school that has stated a term's remuneration: the total of the statement that counts, the submission before the
-- publication. No row: it is not known.
select statement.school_id, sum((line ->> 'amount_fen')::bigint)::bigint as amount_fen
from ledger.term_statement as statement
cross join lateral jsonb_array_elements(statement.lines) as line
where statement.term_id = :term_id and statement.school_id = any(:school_ids)
group by statement.school_id
having count(line ->> 'amount_fen') > 0
