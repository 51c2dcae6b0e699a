/*
code: B09
name: {zh: 服务结束早于多数家长下班时间, en: Service ends before most parents end work}
clause: [一(一)1]
grain: school_term
severity: low
reads: [surveys, slots]
needs: [surveys]
claims: >
  The last slot of a term ends before the hour at which most parents, by the school's own survey of that term, end their work.
spares: A survey that did not ask; a school without slots; of several surveys the latest counts. The hour itself is in time.
misses: How far the way is from work to school; a slot that is registered and never held.
parameters:
  tolerance_minutes: {default: 0, why: The notice has the two meet and gives no minutes; the survey's hour is already a round one.}
says:
  zh: "{when} 最后时段于 {found} 结束，早于多数家长下班时间 {expected}。"
  en: "{when}: the last slot ends at {found}; most parents end their work at {expected}."
version: 1
*/
with asked as (
    select distinct on (survey.school_id, survey.term_id)
        survey.school_id,
        survey.term_id,
        survey.work_ends_at,
        survey.record_key
    from ledger.survey
    inner join ledger.term on term.term_id = survey.term_id
    where
        survey.school_id = any(:school_ids)
        and survey.work_ends_at is not null
        and term.starts_on <= :last_day and term.ends_on >= :first_day
    order by survey.school_id, survey.term_id, survey.closed_on desc nulls last, survey.survey_id desc
),

served as (
    select slot.school_id, slot.term_id, max(slot.ends_at) as ends_at
    from ledger.slot
    where slot.school_id = any(:school_ids)
    group by slot.school_id, slot.term_id
)

select
    asked.school_id,
    'school' as subject_kind,
    asked.school_id as subject,
    null::date as service_date,
    asked.term_id as period,
    to_char(asked.work_ends_at, 'HH24:MI') as expected,
    to_char(served.ends_at, 'HH24:MI') as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_build_array(asked.record_key)) as evidence
from asked
inner join served using (school_id, term_id)
where served.ends_at < asked.work_ends_at - make_interval(mins => :tolerance_minutes::integer)
