/*
code: A20
name: {zh: 关账或公示后改动台账, en: Changed after closing or publication}
clause: [一(一)6, 一(二)2]
grain: school_day
severity: medium
reads: [days, publications, submissions, sessions, attendance, duties]
claims: >
  A record was entered or changed after its day was closed, or after its month or term was published or submitted,
  without a reason, or so that more class hours are claimed and no later publication of the month shows them.
spares: >
  A reasoned correction that claims no more class hours than before; one that does, once the month is published after it,
  for everybody to see. Changes of a day that the school had taken back first are open ones, the taking back is one here.
misses: A record that was wrong before the day was closed; a reason that is no reason.
says:
  zh: "{when} 关账、公示或上报后，有 {found} 条记录被补录或更改，且未说明原因或增加了课时。"
  en: "{when}: {found} records were entered or changed after closing, publication or submission, without a reason or for more class hours."
version: 1
*/
with changed as (
    -- A record that was changed to and fro claims what its last revision does.
    select
        school_id,
        service_date,
        split_part(record_key, '#', 1) as record,
        array_agg(record_key order by revision) as record_keys,
        bool_or(ledger.unexplained(reason)) as unexplained,
        coalesce(sum(class_hours_hundredths_after - class_hours_hundredths_before), 0) as more_hundredths,
        max(recorded_at) as changed_at
    from ledger.late_change
    where school_id = any(:school_ids) and service_date between :first_day and :last_day
    group by school_id, service_date, split_part(record_key, '#', 1)
),

unapproved as (
    select *
    from changed
    where
        unexplained
        or (
            more_hundredths > 0
            and not exists (
                select from ledger.publication
                where
                    publication.school_id = changed.school_id
                    and publication.kind = 'monthly_workload'
                    and publication.period = to_char(changed.service_date, 'YYYY-MM')
                    and publication.recorded_at > changed.changed_at
            )
        )
)

select
    school_id,
    'school' as subject_kind,
    school_id as subject,
    service_date,
    null::text as period,
    '0' as expected,
    count(*)::text as found,
    sum(greatest(more_hundredths, 0))::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen,
    jsonb_build_object(
        'records', (
            select jsonb_agg(record_key order by record_key)
            from unapproved as each
            cross join lateral unnest(each.record_keys) as record_key
            where each.school_id = unapproved.school_id and each.service_date = unapproved.service_date
        ),
        'values', jsonb_build_object(
            'without_reason', count(*) filter (where unexplained),
            'more_class_hours_hundredths', sum(more_hundredths)
        )
    ) as evidence
from unapproved
group by school_id, service_date
