/*
code: C10
name: {zh: 校外课程未经遴选或遴选已过期, en: Course from outside that the district has not admitted}
clause: [三(四), 一(一)4]
grain: school_term
severity: high
reads: [activities, sessions]
needs: [activities]
claims: >
  Sessions were held of an activity that the school's catalogue has from a provider or a digital platform, on dates on which
  nobody of the district had admitted it.
spares: >
  A school that keeps no catalogue here. What the school or a partner (a public institution) made. The first and the last
  day of an admission. An activity that has the title of one that needs no admission.
misses: An activity that the catalogue calls the school's own; whether who admitted it was to do so.
parameters:
  selected_sources:
    default: [provider, platform]
    why: The notice has institutions and courses of the market selected, and the platforms of the state and the city named.
says:
  zh: "{when} 校外课程“{subject}”未在遴选有效期内：{found}。"
  en: "{when}: course {subject} from outside was not admitted: {found}."
version: 1
*/
with offered as materialized (
    select *, lower(replace(title, ' ', '')) as written
    from ledger.activity
    where school_id = any(:school_ids)
),

held as (
    select
        session.school_id,
        offered.activity_id,
        offered.record_key as activity_key,
        session.service_date,
        session.record_key
    from ledger.held_session as session
    inner join offered
        on
            offered.school_id = session.school_id
            and offered.written = lower(replace(session.activity, ' ', ''))
            and session.service_date between coalesce(offered.active_from, '-infinity') and coalesce(offered.active_to, 'infinity')
    where
        session.school_id = any(:school_ids)
        and session.service_date between :first_day and :last_day
        and offered.source = any(:selected_sources::text[])
        and (
            offered.admitted_by is null
            or offered.admitted_on is null
            or session.service_date not between offered.admitted_on and coalesce(offered.admitted_to, 'infinity')
        )
        and not exists (
            select from offered as other
            where
                other.school_id = session.school_id
                and other.written = offered.written
                and session.service_date between coalesce(other.active_from, '-infinity') and coalesce(other.active_to, 'infinity')
                and (
                    other.source <> all(:selected_sources::text[])
                    or (
                        other.admitted_by is not null
                        and session.service_date between other.admitted_on and coalesce(other.admitted_to, 'infinity')
                    )
                )
        )
)

select
    held.school_id,
    'activity' as subject_kind,
    held.activity_id as subject,
    null::date as service_date,
    term.term_id as period,
    'admitted on the day' as expected,
    count(*) || ' sessions' as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records',
        jsonb_build_array(min(held.activity_key))
        || to_jsonb((array_agg(held.record_key order by held.service_date, held.record_key))[1:20])
    ) as evidence
from held
inner join ledger.term on held.service_date between term.starts_on and term.ends_on
group by held.school_id, held.activity_id, term.term_id
