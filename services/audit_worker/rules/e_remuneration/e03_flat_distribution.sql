/*
code: E03
name: {zh: 报酬简单划一, en: Flat distribution}
clause: [一(一)5]
grain: school_term
severity: medium
reads: [publications, submissions]
claims: >-
  The class hours of a term's people differ widely and their amounts hardly at all; or most of them have one and the same
  amount though their class hours differ as widely.
spares: Schools with few people; a term in which everybody did much the same.
misses: Amounts that follow neither the hours nor each other (E01, E04).
parameters:
  least_people: {default: 8, why: Among fewer people the spread of a rota says nothing.}
  hours_spread_percent: {default: 25, why: "Standard deviation over mean. The notice gives no number and no district has been measured; a careful bound, below which the work itself is flat."}
  pay_spread_percent: {default: 5, why: "A fifth of the least spread of the hours: nothing but rounding and small extras."}
  alike_percent: {default: 60, why: "As for equal hours (F03): most of the people, not a group of one post."}
says:
  zh: "{when} 课时差异明显而报酬趋同：{found}（{expected}）。"
  en: "{when}: class hours differ and pay does not: {found} (expected {expected})."
version: 1
*/
with paid as (
    select line.school_id, line.term_id, line.staff_id, line.class_hours_hundredths, line.amount_fen
    from ledger.term_statement_line as line
    inner join ledger.term using (term_id)
    where
        line.school_id = any(:school_ids)
        and term.starts_on <= :last_day
        and term.ends_on >= :first_day
        and line.class_hours_hundredths > 0
        and line.amount_fen > 0
),

alike as (
    select distinct on (school_id, term_id)
        school_id,
        term_id,
        count(*) as people,
        amount_fen,
        100 * stddev_pop(class_hours_hundredths) / avg(class_hours_hundredths) as hours_spread
    from paid
    group by school_id, term_id, amount_fen
    order by school_id, term_id, people desc, amount_fen
),

spread as (
    select
        school_id,
        term_id,
        count(*) as people,
        100 * stddev_pop(class_hours_hundredths) / avg(class_hours_hundredths) as hours_spread,
        100 * stddev_pop(amount_fen) / avg(amount_fen) as pay_spread
    from paid
    group by school_id, term_id
)

select
    spread.school_id,
    'school' as subject_kind,
    spread.school_id as subject,
    null::date as service_date,
    spread.term_id as period,
    'pay that spreads as the work does' as expected,
    format(
        'hours spread %s %%, pay %s %%, %s of %s people have the same amount',
        round(spread.hours_spread), round(spread.pay_spread), alike.people, spread.people
    ) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', jsonb_build_array(statement.record_key),
        'values', jsonb_build_object(
            'people', spread.people,
            'hours_spread_percent', round(spread.hours_spread, 1),
            'pay_spread_percent', round(spread.pay_spread, 1),
            'alike', alike.people,
            'alike_amount_fen', alike.amount_fen
        )
    ) as evidence
from spread
inner join alike using (school_id, term_id)
inner join ledger.term_statement as statement using (school_id, term_id)
where
    spread.people >= :least_people
    and (
        (spread.hours_spread >= :hours_spread_percent::integer and spread.pay_spread <= :pay_spread_percent::integer)
        or (alike.people * 100 >= spread.people * :alike_percent::integer and alike.hours_spread >= :hours_spread_percent)
    )
