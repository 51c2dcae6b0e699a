/*
code: E09
name: {zh: 专项经费未专款专用, en: The fund served another purpose}
clause: [三(六)]
grain: school_term
severity: critical
reads: [fund-lines, sessions, duties]
claims: >-
  The special subsidy's book shows spending on what it is not for, or remuneration for somebody who took no part, or a balance
  that is not the one before plus receipts less spending.
spares: A school that keeps no such book here; a line that says nothing of its payee; a balance that is shown only once.
misses: Spending under a permitted name; two lines of one day that show two balances; what is booked before the first term.
parameters:
  allowed_categories:
    default: [remuneration, provider, materials, training]
    why: "专款专用, and the notice lists nothing: pay of participants and providers first, and what an activity uses up. A district sets its own list."
says:
  zh: "专项经费 {subject}：{found}（应为 {expected}）。"
  en: "Special subsidy, {subject}: {found} (expected {expected})."
version: 2
*/
with book as materialized (
    select line.*, term.term_id
    from ledger.fund_line as line
    inner join ledger.book_term as term on line.booked_on >= term.starts_on and line.booked_on < term.next_starts_on
    where line.school_id = any(:school_ids)
),

-- The day's balance, if all that is shown of it is one figure, beside all that was booked up to its end.
day as (
    select
        school_id,
        term_id,
        booked_on,
        case when count(distinct balance_fen) = 1 then min(balance_fen) end as balance_fen,
        array_agg(record_key order by record_key) filter (where balance_fen is not null) as record_keys,
        sum(sum(signed_fen)) over (partition by school_id order by booked_on) as booked_fen
    from book
    group by school_id, term_id, booked_on
),

shown as (
    select
        *,
        lag(balance_fen) over before + booked_fen - lag(booked_fen) over before as due_fen,
        lag(booked_on) over before as since,
        lag(record_keys) over before as record_keys_before
    from day
    where balance_fen is not null
    window before as (partition by school_id order by booked_on)
),

wrong as (
    select
        school_id,
        term_id,
        'fund_line' as subject_kind,
        line_id as subject,
        'spending on ' || array_to_string(:allowed_categories::text[], ', ') as expected,
        format('%s yuan spent on %s', round(amount_fen / 100.0, 2), category) as found,
        amount_fen as at_risk_fen,
        array[record_key] as record_keys,
        jsonb_build_object('category', category, 'amount_fen', amount_fen, 'booked_on', booked_on) as shown
    from book
    where direction = 'spending' and amount_fen > 0 and category <> all(:allowed_categories::text[])
    union all
    select
        school_id,
        term_id,
        'fund_line',
        line_id,
        'a participant',
        format('%s yuan of remuneration for %s', round(amount_fen / 100.0, 2), coalesce(staff_id, payee_kind)),
        amount_fen,
        array[record_key],
        jsonb_build_object('payee_kind', payee_kind, 'staff_id', staff_id, 'amount_fen', amount_fen, 'booked_on', booked_on)
    from book
    where
        direction = 'spending'
        and category = 'remuneration'
        and amount_fen > 0
        and case
            when staff_id is null then payee_kind <> 'staff'
            else not exists (
                select from audit.worked
                where
                    worked.staff_id = book.staff_id
                    and worked.school_id = book.school_id
                    and worked.service_date <= book.booked_on
                    and worked.class_hours_hundredths > 0
            )
        end
    union all
    select
        school_id,
        term_id,
        'school',
        school_id,
        round(due_fen / 100.0, 2)::text,
        format('%s: a balance of %s yuan', booked_on, round(balance_fen / 100.0, 2)),
        abs(due_fen - balance_fen),
        record_keys_before || record_keys,
        jsonb_build_object('booked_on', booked_on, 'since', since, 'balance_fen', balance_fen, 'by_lines_fen', due_fen)
    from shown
    where due_fen <> balance_fen
)

select
    wrong.school_id,
    wrong.subject_kind,
    wrong.subject,
    null::date as service_date,
    wrong.term_id as period,
    wrong.expected,
    wrong.found,
    null::integer as hours_at_risk_hundredths,
    wrong.at_risk_fen::bigint as amount_at_risk_fen,
    jsonb_build_object('records', wrong.record_keys, 'values', wrong.shown) as evidence
from wrong
inner join ledger.term using (term_id)
where term.starts_on <= :last_day and term.ends_on >= :first_day
