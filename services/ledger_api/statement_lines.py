"""The lines that publications and submissions share: a person, their class hours, and their amount."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.ingest.check import Known, Pointer, class_hours_faults
from services.ledger_api.ingest.payload import ClassHours, Fen, Identifier, Record
from shared.problems import Fault


class StatementLine(Record, frozen=True):
    """One person of a statement; `amount_fen` where the statement is about money.

    `correction_fen`: how much of the amount corrects earlier periods that are paid, more or less (report `compensation`).
    """

    staff_id: Identifier
    class_hours: ClassHours
    dates: Annotated[tuple[date, ...], Meta(max_length=400)] | None = None
    amount_fen: Fen | None = None
    correction_fen: Fen | None = None


def line_faults(lines: Sequence[StatementLine], known: Known, at: Pointer) -> Iterable[Fault]:
    """What is wrong with the lines: unknown or repeated people, impossible numbers."""
    first_seen: dict[str, int] = {}
    for place, line in enumerate(lines):
        before = first_seen.setdefault(line.staff_id, place)
        if before != place:
            yield Fault(at("lines", place, "staff_id"), "repeated_key", {"key": line.staff_id, "first": before})
        if line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})
        for fault in class_hours_faults(line.class_hours, at("lines", place, "class_hours")):
            # A month or a term of one person holds more class hours than a day.
            if fault.code != "too_many_class_hours":
                yield fault
