"""Outside people and providers (校外人员和机构): who serves, what was verified and until when, pairing, removal; 一(一)4, 三(四)."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.periods import Month, Period, TermId, period_of
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import StaffKind

router = APIRouter(prefix="/v1/reports/staffing", tags=["reports"])

_STAFFING = Statement.from_file(Path(__file__).with_suffix(".sql"))
_COLUMNS = (
    "school_id", "staff_id", "kind", "provider_id", "provider_status", "licence_valid_to", "verified", "expired",
    "next_expiry_on", "sessions", "class_hours", "unpaired", "last_served_on",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def staffing(
    reports: Reports,
    school_id: str | None = None,
    month: Month = None,
    term_id: TermId = None,
    kind: StaffKind | None = None,
    cursor: str | None = None,
    limit: Limit = 500,
) -> Response:
    """Each outside person at each school: qualifications with their days, the provider's standing, sessions with and without a pair."""
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reports.snapshot() as snapshot:
        if school_id is not None:
            await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await period_of(snapshot.connection, month, term_id, as_of=snapshot.as_of)
        rows = await _STAFFING.fetch(
            snapshot.connection,
            school_id=school_id,
            kind=kind,
            first_day=period.first_day,
            last_day=period.last_day,
        )
    items = [_shown(row, period, min(snapshot.today, period.last_day)) for row in rows]
    page = items[after : after + limit]
    body = {
        "period": period.name,
        "totals": {
            "people": len(items),
            "serving": sum(item["sessions"] > 0 for item in items),
            "with_something_expired": sum(bool(item["expired"]) for item in items),
            "of_providers_not_listed": sum(item["provider_status"] in {"suspended", "removed"} for item in items),
            "unpaired_sessions": sum(item["unpaired"] for item in items),
        },
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(items) > after + limit else None),
    }
    return snapshot.answer(body, Table(f"staffing-{period.name}", _COLUMNS, page))


def _shown(row: Mapping[str, Any], period: Period, on_day: date) -> dict[str, Any]:
    """`verified`: what was verified and holds on the period's last day that has come; `expired`: what does not any more."""
    qualifications = msgspec.json.decode(row["qualifications"], type=list[dict[str, Any]])
    ends = {
        (each["type"], date.fromisoformat(each["valid_to"]) if each.get("valid_to") else None)
        for each in qualifications
    }
    valid = {kind for kind, end in ends if end is None or end >= on_day}
    coming = [end for _kind, end in ends if end is not None and end >= on_day]
    plain = (
        "school_id", "staff_id", "kind", "provider_id", "provider_status", "provider_status_from", "licence_valid_to",
        "active_from", "active_to", "sessions", "unpaired", "last_served_on",
    )  # fmt: skip
    return {
        **{name: row[name] for name in plain},
        "class_hours": row["class_hours_hundredths"] / 100,
        "verified": sorted(valid),
        "expired": sorted({kind for kind, _end in ends} - valid),
        "next_expiry_on": min(coming, default=None),
        "rows": row_query(
            "/v1/ledger/sessions",
            school_id=row["school_id"],
            staff_id=row["staff_id"],
            from_=period.first_day,
            to=period.last_day,
        ),
    }
