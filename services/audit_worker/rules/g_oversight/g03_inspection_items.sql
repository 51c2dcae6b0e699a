/*
code: G03
name: {zh: 检查缺少规定项目, en: Inspection without what it has to look at}
clause: [二(二)]
grain: year
severity: high
reads: [inspections, schools]
claims: >
  A stage centre's inspection is concluded, and the ledger, the collective deliberation or the publication procedure is not on
  its checklist with a result and something that shows it.
spares: >
  Visits that are not concluded yet; the bureau's, the unannounced ones without an office, questionnaires and interviews. An
  item may be written by its code or by the notice's word for it.
misses: Whether the result is right, and what the evidence holds. The catalogue lets it block the conclusion; here it is found.
says:
  zh: "{when} 检查 {subject}：应有 {expected}，缺 {found}。"
  en: "{when}: inspection {subject} was to have {expected}; it lacks {found}."
version: 1
*/
with wanted (item, words) as (
    values
    ('ledger', array['ledger', '工作台账', '台账']),
    ('collective_deliberation', array['collective_deliberation', '集体审议']),
    ('publication_procedure', array['publication_procedure', '校内公示程序', '校内公示', '公示'])
),

visit as (
    select
        visit.school_id,
        visit.inspection_id,
        visit.inspected_on,
        visit.checklist,
        visit.record_key,
        coalesce(split_part(visit.office, '_centre', 1), school.stage) as stage
    from ledger.inspection as visit
    inner join ledger.stage_school as school on school.school_id = visit.school_id and school.leads
    where
        'district' = any(:school_ids)
        and visit.inspected_on between :first_day and :last_day
        and visit.conclusion is not null
        and visit.kind in ('spot_check', 'unannounced')
        and coalesce(visit.office in ('primary_centre', 'junior_centre'), visit.kind = 'spot_check')
)

select
    'centre-' || visit.stage as school_id,
    'inspection' as subject_kind,
    visit.school_id || '/' || visit.inspection_id as subject,
    visit.inspected_on as service_date,
    null::text as period,
    'three items with result and evidence' as expected,
    string_agg(wanted.item, ', ' order by wanted.item) as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(visit.record_key)) as evidence
from visit
cross join wanted
where
    not exists (
        select from jsonb_array_elements(visit.checklist) as checked
        where
            checked ->> 'item' = any(wanted.words)
            and btrim(checked ->> 'result') <> ''
            and jsonb_array_length(coalesce(checked -> 'evidence', '[]')) > 0
    )
group by visit.stage, visit.school_id, visit.inspection_id, visit.inspected_on, visit.record_key
