"""The on-site sheet of a school and day: sessions to look into, room for what is seen, what must be looked at; 二(二)."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Table
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.press import AnswerPress
from services.reporting.forms.reading import people_of, school_named
from services.reporting.forms.visit import lines_named, sessions_of, visit_content, visit_form
from services.reporting.periods import chain_position
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/onsite", tags=["reports"])

_COLUMNS = ("session_id", "slot", "starts_at", "ends_at", "activity", "category", "room", "state", "planned_headcount", "headcount", "staff_ids")  # fmt: skip


@router.get("", responses=ON_PAPER)
async def onsite(
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str, Query()],
    day: Annotated[date, Query(alias="date", description="the day of the visit")],
) -> Response:
    """The sheet to take along. It writes nothing: a visit is on record only once it was entered as an inspection."""
    async with reports.snapshot() as snapshot:
        connection = snapshot.connection
        chain = await chain_position(connection, school_id, as_of=snapshot.as_of)
        if chain is None:
            raise Refused("not_found")
        if snapshot.is_known:
            return snapshot.unchanged()
        school = await school_named(connection, school_id)
        recorded_on, rows = await sessions_of(connection, school_id, day)
        content = await visit_content(connection, school_id, day)
        form = await visit_form(
            connection,
            school,
            day,
            rows,
            await people_of(connection, school_id, lines_named(rows)),
            recorded_on=recorded_on,
            binding=await press.bind(connection, chain, kind="onsite", about=day.isoformat(), content=content),
            language=press.language,
        )
    body: dict[str, Any] = {
        "school_id": school_id,
        "date": day.isoformat(),
        "recorded_on": recorded_on.isoformat(),
        "chain": chain,
        "lines": [
            {name: f"{value:%H:%M}" if name.endswith("_at") and value else value for name, value in row.items()}
            for row in rows
        ],
    }
    return await press.answer(snapshot, form, body, Table(f"onsite-{school_id}-{day}", _COLUMNS, body["lines"]))
