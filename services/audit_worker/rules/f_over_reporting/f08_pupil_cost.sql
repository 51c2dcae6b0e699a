/*
code: F08
name: {zh: 生均报酬明显偏高, en: Pay per pupil far above its peers}
clause: [三(五)]
grain: district
severity: review
reads: [publications, submissions, sessions, attendance, schools]
claims: >
  A school's remuneration of a term for each time a pupil came is far above that of schools of the same stage and a similar
  size.
spares: >
  Small schools, whose groups are small (size classes, and below a number of attendances nothing is said);
  schools with few peers; schools that are a little above; terms without a statement.
misses: A district in which most schools pay too much; pay that is too high for pupils who did not come but were called.
parameters:
  least_peers: {default: 8, why: The median and the spread of fewer schools are themselves chance.}
  size_factor: {default: 4, why: "Schools are compared in classes within which the attendances differ less than so many times."}
  least_attendances: {default: 2000, why: A hundred pupils for four weeks; below it one more group moves the figure.}
  least_times: {default: 1.3, why: Rates of plans differ so much without anybody's doing.}
  least_spread: {default: 0.1, why: Schools that happen to agree to the last tenth make nobody an outlier.}
  discovery_rate:
    default: 0.05
    why: Of the school-terms named at most one in twenty is chance (Benjamini and Hochberg over the whole district).
says:
  zh: "{when} {found}；同类学校中位数 {expected}。"
  en: "{when}: {found}; the median of its peers is {expected}."
version: 1
*/
with paid as (
    select line.school_id, line.term_id, sum(line.amount_fen) as amount_fen
    from ledger.term_statement_line as line
    where line.school_id = any(:school_ids)
    group by line.school_id, line.term_id
)

select
    paid.school_id,
    paid.term_id,
    array_to_string(school.stages, '+') as stages,
    paid.amount_fen::bigint as amount_fen,
    came.pupils::integer as came,
    statement.record_key
from paid
inner join ledger.term on term.term_id = paid.term_id and term.starts_on <= :last_day and term.ends_on >= :first_day
inner join ledger.school on school.school_id = paid.school_id and not school.sandbox
inner join ledger.term_statement as statement
    on statement.school_id = paid.school_id and statement.term_id = paid.term_id
cross join lateral (
    select sum(day.came) as pupils
    from audit.school_day as day
    where day.school_id = paid.school_id and day.service_date between term.starts_on and term.ends_on
) as came
where paid.amount_fen > 0 and came.pupils > 0
