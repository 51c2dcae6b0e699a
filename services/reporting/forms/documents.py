"""A publication, submission or payment as JSON: its record, its lines in order, its totals."""

from typing import Any

from services.reporting.forms.reading import Document, Line
from services.reporting.forms.wording import total

LINE_COLUMNS = ("staff_id", "class_hours", "dates", "amount_fen")


def shown_document(found: Document, lines: tuple[Line, ...]) -> dict[str, Any]:
    """The newest revision; totals are None where no line says the figure."""
    hours = total(line.class_hours_hundredths for line in lines)
    return {
        **{name: value for name, value in found.content.items() if name != "lines"},
        "revision": found.revision,
        "recorded_at": found.recorded_at,
        "totals": {
            "people": len(lines),
            "class_hours": None if hours is None else hours / 100,
            "amount_fen": total(line.amount_fen for line in lines),
        },
        "lines": [_shown(line) for line in lines],
    }


def _shown(line: Line) -> dict[str, Any]:
    hundredths = line.class_hours_hundredths
    said: dict[str, Any] = {
        "class_hours": None if hundredths is None else hundredths / 100,
        "dates": None if line.dates is None else [day.isoformat() for day in line.dates],
        "amount_fen": line.amount_fen,
        "paid_on": None if line.paid_on is None else line.paid_on.isoformat(),
    }
    return {"staff_id": line.staff_id, **{name: value for name, value in said.items() if value is not None}}
