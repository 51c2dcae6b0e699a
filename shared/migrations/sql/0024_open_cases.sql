-- What an open case needs is kept as it is: neither erased nor archived (POLICY S11, evidence under hold).

-- One row per open case, and per span of days that it is about: whose records it needs, and which. `held_by`: the case's record.
-- A case is about the days and periods of the findings and lines that it names. One that names none does not say which: it is of
-- the school year in which it was opened and of the one before; a referral, which is a grave matter, of all that came before it.
create view ledger.open_case with (security_invoker = true) as
with referral as (
    select
        content ->> 'school_id' as school_id,
        content ->> 'clawback_id' as clawback_id,
        (content ->> 'decided_on')::date as decided_on,
        content ->> 'concluded_on' is null as is_open,
        content -> 'finding_ids' as finding_ids,
        'referrals/' || key || '#' || revision as record_key
    from ledger.current_entry
    -- That a case was not handed on is on record as well.
    where resource = 'referrals' and coalesce((content ->> 'referred')::boolean, true)
),

opened as (
    select
        school_id,
        record_key,
        inspected_on as opened_on,
        false as is_grave,
        null::jsonb as finding_ids,
        null::jsonb as lines
    from ledger.inspection
    where conclusion is null
    union all
    select school_id, record_key, received_on, false, null, null
    from ledger.complaint
    where closed_on is null
    union all
    select
        demand.school_id,
        demand.record_key,
        demand.demanded_on,
        false,
        case when entry.content ->> 'source' = 'finding' then jsonb_build_array(entry.content -> 'source_id') end,
        null
    from ledger.rectification as demand
    inner join ledger.current_entry as entry
        on
            entry.school_id = demand.school_id
            and entry.resource = 'rectifications'
            and entry.key = demand.rectification_id
    where demand.verified_on is null
    union all
    -- One that was handed on is over when the discipline body is done with it, whatever came back.
    select
        clawback.school_id,
        clawback.record_key,
        clawback.determined_on,
        false,
        entry.content -> 'finding_ids',
        entry.content -> 'lines'
    from ledger.clawback
    inner join ledger.current_entry as entry
        on
            entry.school_id = clawback.school_id
            and entry.resource = 'clawbacks'
            and entry.key = clawback.clawback_id
    cross join lateral (
        select bool_or(referral.is_open) as is_open
        from referral
        where referral.school_id = clawback.school_id and referral.clawback_id = clawback.clawback_id
    ) as handed_on
    where
        coalesce(
            handed_on.is_open,
            clawback.cancelled_on is null
            and clawback.amount_fen > (
                select coalesce(sum((part ->> 'amount_fen')::bigint), 0)
                from jsonb_array_elements(clawback.recovered) as part
            )
        )
    union all
    select school_id, record_key, decided_on, true, finding_ids, null
    from referral
    where is_open
),

named as (
    select opened.record_key, finding.service_date, finding.period
    from opened
    cross join lateral jsonb_array_elements_text(opened.finding_ids) as each (finding_id)
    inner join audit.finding on finding.finding_id = each.finding_id and finding.school_id = opened.school_id
    union all
    select opened.record_key, null, line ->> 'period'
    from opened
    cross join lateral jsonb_array_elements(opened.lines) as line
    where line ->> 'period' is not null
),

spanned as (
    select
        named.record_key,
        case
            when named.service_date is not null then daterange(named.service_date, named.service_date, '[]')
            when term.term_id is not null then daterange(term.starts_on, term.ends_on, '[]')
            when named.period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'
                then daterange((named.period || '-01')::date, ((named.period || '-01')::date + interval '1 month')::date)
            when named.period ~ '^[0-9]{4}-[0-9]{4}$'
                then daterange((left(named.period, 4) || '-09-01')::date, (right(named.period, 4) || '-09-01')::date)
            else daterange(null, null)
        end as days
    from named
    left join ledger.term on term.term_id = named.period
)

select
    opened.school_id,
    opened.record_key as held_by,
    coalesce(spanned.days, daterange(
        -- The first day of the school year before.
        case when not is_grave then (date_trunc('year', opened.opened_on - interval '8 months') - interval '4 months')::date end,
        opened.opened_on,
        '[]'
    )) as days
from opened
left join spanned using (record_key);

grant select on ledger.open_case to taizhang_ledger;
-- Of a finding that a case rests on: which days it is about.
grant select (service_date, period) on audit.finding to taizhang_ledger;
