"""The yearly performance table (绩效考核): each school's indicators with weight, score and what the ledger says to it; 二(四)."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.overview import Overview, Sums, finding_rows, overview_of, rate, shown_pupils
from services.reporting.periods import Period, span_of
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import Stage

router = APIRouter(prefix="/v1/reports/evaluation", tags=["reports"])

_APPRAISALS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_INPUTS = Statement.from_file(Path(__file__).with_name("evaluation_inputs.sql"))
_COLUMNS = (
    "school_id", "name", "stage", "town", "kind", "indicator", "group", "weight", "score", "weighted", "total_score",
    "data_submission_score", "grade", "finalised_on",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def evaluation(
    reports: Reports,
    academic_year: Annotated[str, Query(pattern=r"^[0-9]{4}-[0-9]{4}$", examples=["2025-2026"])],
    stage: Stage | None = None,
    school_id: str | None = None,
    cursor: str | None = None,
    limit: Limit = 500,
) -> Response:
    """By school: its appraisal of a year, each indicator with weight, score and inputs from the ledger; those without one, too."""
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reports.snapshot() as snapshot:
        if school_id is not None:
            await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        year = await span_of(snapshot.connection, None, None, academic_year)
        rows = await _APPRAISALS.fetch(
            snapshot.connection, academic_year=academic_year, stage=stage, school_id=school_id
        )
        overview = await overview_of(snapshot, year, interval="month", stage=stage, school_id=school_id)
        inputs = await _INPUTS.fetch(
            snapshot.connection, school_ids=[row["school_id"] for row in rows], academic_year=academic_year
        )
    said = {row["school_id"]: row for row in inputs}
    items = [_shown(row, overview, said[row["school_id"]], year) for row in rows]
    page = items[after : after + limit]
    body = {
        "academic_year": academic_year,
        "schools": len({item["school_id"] for item in items}),
        "appraised": len({item["school_id"] for item in items if item["finalised_on"]}),
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(items) > after + limit else None),
    }
    lines = [{**item, **each, "total_score": item["score"]} for item in page for each in item["indicators"] or [{}]]
    return snapshot.answer(body, Table(f"evaluation-{academic_year}", _COLUMNS, lines))


def _shown(row: Mapping[str, Any], overview: Overview, said: Mapping[str, Any], year: Period) -> dict[str, Any]:
    """One school's row. `computed_score`: the scores weighted, where every indicator has one."""
    appraisal = msgspec.json.decode(row["content"]) if row["content"] else {}
    scores = {each["indicator"]: Decimal(str(each["score"])) for each in appraisal.get("scores") or ()}
    school_id = row["school_id"]
    inputs = _inputs(overview.by_school.get(school_id, Sums()), said, school_id, year)
    indicators = [
        {
            "indicator": each["indicator"],
            "group": each["group"],
            "weight": float(each["weight"]),
            "score": _number(scores.get(each["indicator"])),
            "weighted": _number(_weighted(each, scores)),
            "inputs": inputs.get(each["group"], {}),
        }
        for each in (msgspec.json.decode(row["indicators"]) if row["indicators"] else ())
    ]
    parts = [each["weighted"] for each in indicators]
    plain = ("school_id", "name", "stage", "town", "kind", "appraisal_id", "indicator_set_id")
    stated = ("started_on", "score", "data_submission_score", "grade", "communicated_on", "finalised_on")
    return {
        **{name: row[name] for name in plain},
        "approved_on": row["approved_on"],
        **{name: appraisal.get(name) for name in stated},
        "computed_score": _total(parts),
        "indicators": indicators,
        "inputs": inputs,
        "feedback": appraisal.get("feedback") or [],
        "transfers": appraisal.get("transfers") or [],
    }


def _weighted(indicator: Mapping[str, Any], scores: Mapping[str, Decimal]) -> Decimal | None:
    score = scores.get(indicator["indicator"])
    return None if score is None else score * Decimal(str(indicator["weight"]))


def _total(parts: list[float | None]) -> float | None:
    known = [Decimal(str(part)) for part in parts if part is not None]
    return float(sum(known, Decimal(0))) if known and len(known) == len(parts) else None


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _inputs(sums: Sums, said: Mapping[str, Any], school_id: str, year: Period) -> dict[str, dict[str, object]]:
    """What the ledger says to each group of indicators, with the address of its rows."""
    days = {"school_id": school_id, "from_": year.first_day, "to": year.last_day}
    pupils, found = shown_pupils(sums), finding_rows(year, school_id=school_id)
    return {
        "quality": {
            "quality_activity": pupils["quality_activity"],
            "satisfaction": {
                "answered": said["answered"],
                "agreeing": said["agreeing"],
                "rate": rate(said["agreeing"] or 0, said["answered"] or 0),
            },
            "evaluated_terms": said["terms"],
            "improvements": {"planned": said["actions"], "done": said["done"]},
            "rows": row_query("/v1/reports/coverage", academic_year=year.name),
        },
        "participation": {**_part(pupils, "participation"), "rows": row_query("/v1/ledger/attendance", **days)},
        "data_submission": {
            "missing_days": sums.missing_days,
            "late_days": sums.late_days,
            "rows": [found["missing_days"], found["late_days"]],
        },
        "other": {
            "open_findings": sums.findings,
            "amount_at_risk_fen": sums.amount_at_risk_fen if sums.findings > sums.unpriced else None,
            "overdue_rectifications": sums.overdue,
            "rows": found["findings"],
        },
    }


def _part(pupils: Mapping[str, object], name: str) -> dict[str, object]:
    part = pupils[name]
    return dict(part) if isinstance(part, dict) else {}
