/*
code: A08
name: {zh: 活动名称疑涉禁止内容, en: Words of forbidden content}
clause: [一(一)1]
grain: school_month
severity: review
reads: [sessions]
claims: >
  What a session is called speaks of drilling for examinations, new lessons, collective tutoring, or of care that is no
  after-school service. Words alone prove nothing: a person looks, an inspection confirms.
spares: Longer words that only contain one of these (创新授课); cancelled sessions.
misses: Forbidden content under an innocent name; remarks of patrols and complaints.
parameters:
  words:
    default: [刷题, 题海, 押题, 模拟考, 备考, 新授, 讲新课, 讲授新课, 补课, 早自习, 晚自习, 午休]
    why: The notice's own words and those the field uses for the same; 月考 was dropped, 每月考核 and 考古 contain it.
  spared_phrases:
    default: [创新]
    why: 创新授课 holds 新授 and is no new lesson.
says:
  zh: "{when} 有 {found} 次活动名称含“{subject}”，请核实内容。"
  en: "{when}: the names of {found} sessions contain {subject}; their content is to be looked at."
version: 1
*/
with called as (
    select school_id, to_char(service_date, 'YYYY-MM') as period, activity, array_agg(record_key) as record_keys
    from ledger.held_session
    where
        school_id = any(:school_ids)
        and service_date between :first_day and :last_day
        -- Few are called so: only these are looked at closely.
        and activity ~ array_to_string(:words::text[], '|')
    group by school_id, to_char(service_date, 'YYYY-MM'), activity
),

matched as (
    select called.school_id, called.period, word, record_key
    from called
    inner join unnest(:words::text[]) as word
        on position(word in regexp_replace(called.activity, array_to_string(:spared_phrases::text[], '|'), '', 'g')) > 0
    cross join lateral unnest(called.record_keys) as record_key
)

select
    school_id,
    'word' as subject_kind,
    word as subject,
    null::date as service_date,
    period,
    '0' as expected,
    count(*)::text as found,
    null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object('records', jsonb_agg(record_key order by record_key)) as evidence
from matched
group by school_id, period, word
