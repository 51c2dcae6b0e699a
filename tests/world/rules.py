"""Rules made up for a test: of duties, so that a story of two records shows how they are run."""

from pathlib import Path

_RULE = """/*
code: {code}
name: {{zh: 值班, en: Duty}}
clause: [一(一)4]
grain: {grain}
severity: low
reads: [{reads}]
needs: [{needs}]
claims: A duty of {hours} class hours or more.
spares: Less.
misses: Nothing.
says: {{zh: "{{subject}}", en: "{{subject}}"}}
parameters:
  least_hundredths: {{default: {hours}00, why: So that a story may say so.}}
yields_to: [{yields_to}]
version: 1
*/
select
    school_id, 'duty' as subject_kind, duty_id as subject, {when},
    '' as expected, class_hours_hundredths::text as found, null::integer as hours_at_risk_hundredths,
    null::bigint as amount_at_risk_fen, jsonb_build_object('records', jsonb_build_array(record_key)) as evidence
from ledger.duty{beside}
where
    school_id = any(:school_ids) and service_date between :first_day and :last_day
    and class_hours_hundredths >= :least_hundredths
"""
_WHEN = {
    "school_day": "service_date, null::text as period",
    "school_month": "null::date as service_date, to_char(service_date, 'YYYY-MM') as period",
}


def write_rule(
    folder: Path,
    code: str,
    *,
    hours: int,
    grain: str = "school_day",
    reads: str = "duties",
    needs: str = "",
    yields_to: str = "",
    beside: str = "",
) -> None:
    """A rule that flags every duty of so many class hours; `beside`: what else stands in its `from`."""
    room = folder / "a_duties"
    room.mkdir(exist_ok=True)
    (room / f"{code.lower()}_duty.sql").write_text(
        _RULE.format(
            code=code,
            grain=grain,
            hours=hours,
            when=_WHEN[grain],
            reads=reads,
            needs=needs,
            yields_to=yields_to,
            beside=beside,
        )
    )
