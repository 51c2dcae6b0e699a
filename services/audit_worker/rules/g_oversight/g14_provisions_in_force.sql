/*
code: G14
name: {zh: 规章制度或关键岗位不全, en: Rules or key posts that are not in force}
clause: [一(二), 一(一)1, 三(三), 三(五)]
grain: school_term
severity: medium
reads: [provisions, sessions, terms]
needs: [provisions]
claims: >
  A school served on days of a term on which it had, of what it has to lay down, a rule, a key post with a holder who has
  acknowledged its duties, or a channel for reports not in force.
spares: >
  A school that keeps none of it here. The first and the last day of a provision. A channel of the district serves every
  school. Days without service.
misses: What the rules say, and whether they are followed; a provision entered afterwards for the days before.
parameters:
  wanted:
    default:
      - homework_rules
      - attendance_rules
      - duty_rules
      - ledger_rules
      - publication_rules
      - remuneration_rules
      - safety_rules
      - outside_people_rules
      - ledger_keeper
      - approver
      - finance_officer
      - principal
      - reporting_channel
    why: The notice has rules complete and key posts know their duties; a district names here what it asks of its schools.
  start_days: {default: 21, why: Posts are filled and rules renewed in the first three weeks of a term.}
says:
  zh: "{when} 制度或岗位“{subject}”：{found}。"
  en: "{when}: {subject}: {found}."
version: 2
*/
with latest as (
    select
        school.school_id,
        term.term_id,
        -- The school's own last day; read from the end of its index.
        (
            select session.service_date from ledger.session_revision as session
            where
                session.school_id = school.school_id
                and session.service_date between term.starts_on and least(term.ends_on, :last_day)
            order by session.service_date desc
            limit 1
        ) as served_on,
        term.starts_on + :start_days::integer as due_on
    -- A school's chain lies where its sessions do: a cluster can ask there for the last of them.
    from ledger.chain_head as school
    cross join ledger.term
    where school.school_id = any(:school_ids) and term.starts_on <= :last_day and term.ends_on >= :first_day
),

stands as materialized (
    select * from ledger.provision where school_id = any(:school_ids) or school_id = 'district'
),

owed as (
    select
        latest.school_id,
        latest.term_id,
        latest.served_on,
        wanted.matter,
        bool_or(
            stands.staff_id is null or stands.acknowledged_on <= latest.served_on
        ) as complete,
        coalesce(jsonb_agg(stands.record_key order by stands.record_key) filter (where stands.record_key is not null), '[]') as records
    from latest
    cross join unnest(:wanted::text[]) as wanted (matter)
    left join stands
        on
            (stands.school_id = latest.school_id or (stands.school_id = 'district' and wanted.matter = 'reporting_channel'))
            and stands.matter = wanted.matter
            and latest.served_on between stands.starts_on and coalesce(stands.ends_on, 'infinity')
    where latest.served_on > latest.due_on
    group by latest.school_id, latest.term_id, latest.served_on, wanted.matter
)

select
    school_id,
    'provision' as subject_kind,
    matter as subject,
    null::date as service_date,
    term_id as period,
    'in force' as expected,
    case when records = '[]' then 'not in force' else 'duties not acknowledged' end as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', records, 'values', jsonb_build_object('on', served_on)) as evidence
from owed
where records = '[]' or complete is not true
