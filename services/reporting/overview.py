"""What the overviews of a district, a stage and a school are made of: sums by school and group, and where their rows are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from services.reporting.answers import Snapshot, row_query
from services.reporting.periods import Period
from shared.database import Statement

Interval = Literal["day", "week", "month"]

_ROOM = Path(__file__).parent
SCHOOLS = Statement.from_file(_ROOM / "overview_schools.sql")
_SERVICE = Statement.from_file(_ROOM / "overview_service.sql")
_PUPILS = Statement.from_file(_ROOM / "overview_pupils.sql")
_COST = Statement.from_file(_ROOM / "overview_cost.sql")
_FINDINGS = Statement.from_file(_ROOM / "overview_findings.sql")
_RECTIFICATIONS = Statement.from_file(_ROOM / "overview_rectifications.sql")
# A day that is missing from the ledger is a finding of A02, one that came late of A03 or A04.
MISSING_RULES, LATE_RULES = ("A02",), ("A03", "A04")
DUTY = "duty"
OPEN_STATES = ("open", "acknowledged", "explained", "confirmed")


@dataclass
class Sums:
    """What adds up, over days, schools and groups. Rates are made of sums and never averaged.

    Class hours in hundredths, money in fen. `pupil_days`: one a pupil and day; `enrolled_days`: one an enrolled pupil and
    day with service. `costed_came`: attendances at schools whose cost is known; `costed`: how many schools those are.
    """

    sessions: int = 0
    cancelled: int = 0
    class_hours_hundredths: int = 0
    headcount: int = 0
    rolled_sessions: int = 0
    came: int = 0
    pupil_days: int = 0
    enrolled_days: int = 0
    pupil_weeks: int = 0
    quality_pupil_weeks: int = 0
    amount_fen: int = 0
    costed: int = 0
    costed_came: int = 0
    findings: int = 0
    amount_at_risk_fen: int = 0
    unpriced: int = 0
    missing_days: int = 0
    late_days: int = 0
    rectifications: int = 0
    overdue: int = 0

    def include(self, row: Mapping[str, Any]) -> None:
        """Add what a row has of these."""
        for each in fields(self):
            value = row.get(each.name)
            if value is not None:
                setattr(self, each.name, getattr(self, each.name) + int(value))


@dataclass
class Overview:
    """The sums of a period over schools: by school, category, slot and bucket of time."""

    period: Period
    interval: Interval
    schools: Sequence[Mapping[str, Any]]
    by_school: dict[str, Sums] = field(default_factory=dict)
    by_category: dict[str, Sums] = field(default_factory=dict)
    by_slot: dict[str, Sums] = field(default_factory=dict)
    by_bucket: dict[date, Sums] = field(default_factory=dict)
    # What is found of the centres and the bureau, where the whole district is asked for.
    offices: Sums = field(default_factory=Sums)
    findings: Sequence[Mapping[str, Any]] = ()
    rectifications: Sequence[Mapping[str, Any]] = ()

    def grouped(self, attribute: str) -> dict[str, Sums]:
        """The schools' sums by their stage, town or kind; '' for those that have none."""
        groups: dict[str, Sums] = {}
        for school in self.schools:
            groups.setdefault(school[attribute] or "", Sums()).include(vars(self.by_school[school["school_id"]]))
        return dict(sorted(groups.items()))

    def total(self) -> Sums:
        """All schools, and the offices."""
        whole = Sums()
        for sums in (*self.by_school.values(), self.offices):
            whole.include(vars(sums))
        return whole


async def overview_of(
    snapshot: Snapshot,
    period: Period,
    *,
    interval: Interval = "week",
    school_id: str | None = None,
    stage: str | None = None,
    town: str | None = None,
    only: str | None = None,
    kind: str | None = None,
) -> Overview:
    """The sums over the schools that the reader sees, of a stage, a town, or one school; facts that are not rolled up yet count."""
    connection, days = snapshot.connection, {"first_day": period.first_day, "last_day": period.last_day}
    asked = {"school_id": school_id, "stage": stage, "town": town, "only": only, "kind": kind}
    found = await SCHOOLS.fetch(connection, **asked, **days)
    overview = Overview(period, interval, [dict(row) for row in found])
    overview.by_school = {school["school_id"]: Sums() for school in overview.schools}
    scope = {"school_ids": list(overview.by_school), **days}
    for row in await _SERVICE.fetch(connection, interval=interval, **scope):
        _place_of(overview, row).include(row)
    for row in await _PUPILS.fetch(connection, interval=interval, **scope):
        (overview.by_school[row["school_id"]] if row["by_school"] else _bucket_of(overview, row)).include(row)
    for row in await _COST.fetch(connection, term_id=period.name, school_ids=scope["school_ids"]):
        sums = overview.by_school[row["school_id"]]
        sums.include({"amount_fen": row["amount_fen"], "costed": 1, "costed_came": sums.came})
    whole_district = not any(asked.values())
    overview.findings = await _FINDINGS.fetch(connection, offices=whole_district, periods=periods_in(period), **scope)
    for row in overview.findings:
        if row["state"] in OPEN_STATES:
            overview.by_school.get(row["school_id"], overview.offices).include(_at_risk(row))
    overview.rectifications = await _RECTIFICATIONS.fetch(
        connection, school_ids=scope["school_ids"], today=snapshot.today
    )
    for row in overview.rectifications:
        unverified = row["waiting"] + row["overdue"]
        overview.by_school[row["school_id"]].include({"rectifications": unverified, "overdue": row["overdue"]})
    return overview


def periods_in(period: Period) -> list[str]:
    """The names under which findings of these days go that have no day: the term, month or year itself, its parts, its year."""
    names, day = {period.name, period.name[:9]}, period.first_day
    if len(period.name) == len("2025-2026"):
        names |= {f"{period.name}-1", f"{period.name}-2"}
    while day <= period.last_day:
        names.add(f"{day:%Y-%m}")
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return sorted(names)


def _place_of(overview: Overview, row: Mapping[str, Any]) -> Sums:
    if row["by_school"]:
        return overview.by_school[row["school_id"]]
    if row["by_category"]:
        return overview.by_category.setdefault(row["category"], Sums())
    if row["by_slot"]:
        return overview.by_slot.setdefault(row["slot"] or "", Sums())
    return _bucket_of(overview, row)


def _bucket_of(overview: Overview, row: Mapping[str, Any]) -> Sums:
    return overview.by_bucket.setdefault(row["bucket"], Sums())


def _at_risk(row: Mapping[str, Any]) -> dict[str, int | None]:
    return {
        "findings": row["findings"],
        "amount_at_risk_fen": row["amount_at_risk_fen"],
        "unpriced": row["findings"] - row["priced"],
        "missing_days": row["days"] if row["rule"] in MISSING_RULES else 0,
        "late_days": row["days"] if row["rule"] in LATE_RULES else 0,
    }


def rate(part: int, whole: int) -> float | None:
    """A part of a whole, to four places; None of nothing."""
    return round(part / whole, 4) if whole else None


def shown_service(sums: Sums) -> dict[str, object]:
    """Sessions, class hours and attendances."""
    return {
        "sessions": sums.sessions,
        "cancelled": sums.cancelled,
        "sessions_without_roll": sums.sessions - sums.rolled_sessions,
        "class_hours": sums.class_hours_hundredths / 100,
        "headcount": sums.headcount,
        "attendances": sums.came,
    }


def shown_pupils(sums: Sums) -> dict[str, object]:
    """Participation by day and quality activity by week, as sums and rates."""
    return {
        "participation": {
            "pupil_days": sums.pupil_days,
            "enrolled_days": sums.enrolled_days,
            "rate": rate(sums.pupil_days, sums.enrolled_days),
        },
        "quality_activity": {
            "pupil_weeks": sums.pupil_weeks,
            "with_quality_activity": sums.quality_pupil_weeks,
            "rate": rate(sums.quality_pupil_weeks, sums.pupil_weeks),
        },
    }


def shown_school_sums(sums: Sums, schools: int) -> dict[str, object]:
    """All that is said of a school or a group of them."""
    return {
        **shown_service(sums),
        **shown_pupils(sums),
        "cost": {
            "amount_fen": sums.amount_fen if sums.costed else None,
            "attendances": sums.costed_came if sums.costed else None,
            "per_attendance_fen": round(sums.amount_fen / sums.costed_came, 2) if sums.costed_came else None,
            "schools_without_statement": schools - sums.costed,
        },
        "discipline": {"missing_days": sums.missing_days, "late_days": sums.late_days},
        "findings": {
            "open": sums.findings,
            "amount_at_risk_fen": sums.amount_at_risk_fen if sums.findings > sums.unpriced else None,
            "not_priced": sums.unpriced,
        },
        "rectifications": {"open": sums.rectifications, "overdue": sums.overdue},
    }


def finding_rows(period: Period, **scope: object) -> dict[str, object]:
    """Where the findings of a period are listed that are open, and those of missing and of late days among them."""
    asked = {**_named(period), "state": OPEN_STATES, **scope}
    return {
        "findings": row_query("/v1/findings", **asked),
        "missing_days": row_query("/v1/findings", rule=MISSING_RULES, **asked),
        "late_days": row_query("/v1/findings", rule=LATE_RULES, **asked),
    }


def _named(period: Period) -> dict[str, object]:
    lengths = {len("2025-10"): "month", len("2025-2026"): "academic_year"}
    return {lengths.get(len(period.name), "term_id"): period.name}


def shown_findings(overview: Overview, **scope: str | None) -> list[dict[str, object]]:
    """The findings by severity and state, each number with the query that lists them."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in overview.findings:
        entry = sums.setdefault((row["severity"], row["state"]), [0, 0, 0])
        for place, value in enumerate((row["findings"], row["amount_at_risk_fen"] or 0, row["priced"])):
            entry[place] += value
    return [
        {
            "severity": severity,
            "state": state,
            "findings": number,
            "amount_at_risk_fen": amount if priced else None,
            "rows": row_query("/v1/findings", severity=severity, state=state, **_named(overview.period), **scope),
        }
        for (severity, state), (number, amount, priced) in sorted(sums.items())
    ]


def service_rows(first: date, last: date, **scope: str | None) -> dict[str, object]:
    """Where what is said of service on these days is listed: the sessions, the rolls of those held, the duties."""
    days = {"from_": first, "to": last}
    without_category = {name: value for name, value in scope.items() if name != "category"}
    duties = row_query("/v1/ledger/duties", **days, **without_category)
    if scope.get("category") == DUTY:
        return {"class_hours": [duties]}
    held = row_query("/v1/ledger/sessions", state="held", **days, **scope)
    return {
        "sessions": held,
        "cancelled": row_query("/v1/ledger/sessions", state="cancelled", **days, **scope),
        "sessions_without_roll": row_query("/v1/ledger/sessions", state="held", rolled="false", **days, **scope),
        # A duty is of no category of lessons.
        "class_hours": [held, duties] if scope.get("category") is None else [held],
        "headcount": held,
        "attendances": row_query("/v1/ledger/attendance", session_state="held", **days, **scope),
    }


def shown_series(overview: Overview, **scope: str | None) -> list[dict[str, object]]:
    """Day by day, week by week or month by month, the earliest first."""
    return [
        {
            "from": first.isoformat(),
            "to": last.isoformat(),
            **shown_service(sums),
            **shown_pupils(sums),
            "rows": service_rows(first, last, **scope),
        }
        for bucket, sums in sorted(overview.by_bucket.items())
        for first, last in [_days_of(overview, bucket)]
    ]


def _days_of(overview: Overview, bucket: date) -> tuple[date, date]:
    first, last = bucket, bucket
    if overview.interval == "week":
        last = bucket + timedelta(days=6)
    if overview.interval == "month":
        last = (bucket + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return max(first, overview.period.first_day), min(last, overview.period.last_day)


def shown_kinds(overview: Overview, name: Literal["category", "slot"], **scope: str | None) -> list[dict[str, object]]:
    """By category or by slot, with the sessions and duties behind each."""
    groups: Iterable[tuple[str, Sums]] = sorted(
        (overview.by_category if name == "category" else overview.by_slot).items()
    )
    period = overview.period
    return [
        {
            name: kind or None,
            **shown_service(sums),
            "rows": service_rows(period.first_day, period.last_day, **{name: kind}, **scope),
        }
        for kind, sums in groups
    ]
