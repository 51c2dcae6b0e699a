"""Whether a printed sheet still holds: its content against its document, and its figures against the work itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg

from services.reporting.forms.codes import Bound, tag_of
from services.reporting.forms.dossier import dossier_content
from services.reporting.forms.draft import drawn_lines
from services.reporting.forms.reading import Document, Line, content_of, document, lines_of, same_figures, worked
from services.reporting.forms.visit import visit_content
from services.reporting.periods import Period, chain_position, period_of
from shared.database import Statement
from shared.problems import Refused

_CHANGED = Statement.from_file(Path(__file__).with_name("changed.sql"))
_NEXT = "select min(recorded_at) from ledger.chain_entry where school_id = $1 and seq > $2"
DRAWN = frozenset({"workload", "compensation"})


@dataclass(frozen=True)
class Verdict:
    """Yes or no, and when.

    `unchanged`: the sheet's own content is still what it would be printed with; `agrees`: its figures are those of the
    work in the ledger, None for a sheet that states none. `changed_at`: the first record after it that it rests on.
    """

    unchanged: bool
    agrees: bool | None
    bound_at: datetime | None
    seq: int
    changed_at: datetime | None

    @property
    def equal(self) -> bool:
        """Whether the sheet equals the ledger."""
        return self.unchanged and self.agrees is not False


async def judged(connection: asyncpg.Connection, key: bytes, bound: Bound) -> Verdict:
    """What holds of the sheet now; raises Refused (404) when the school is not there."""
    chain = await chain_position(connection, bound.school_id, as_of=None)
    if chain is None:
        raise Refused("not_found")
    bound_at = await connection.fetchval(
        "select recorded_at from ledger.chain_entry where school_id = $1 and seq = $2", bound.school_id, bound.seq
    )
    if bound.kind == "inspection":
        # A dossier rests on everything: it holds until the school's next record.
        unchanged = tag_of(key, dossier_content(chain)) == bound.tag
        later = None if unchanged else await connection.fetchval(_NEXT, bound.school_id, bound.seq)
        return Verdict(unchanged, None, bound_at, int(str(chain["seq"])), later)
    period, unchanged, agrees = await _compared(connection, key, bound)
    changed_at = None
    if not unchanged or agrees is False:
        (row,) = await _CHANGED.fetch(
            connection,
            school_id=bound.school_id,
            first_day=period.first_day,
            last_day=period.last_day,
            bound_at=bound_at or datetime(1970, 1, 1, tzinfo=UTC),
            priced=bound.kind != "workload",
            resource=bound.kind,
            key=bound.about,
        )
        changed_at = row["changed_at"]
    return Verdict(unchanged, agrees, bound_at, int(str(chain["seq"])), changed_at)


async def _compared(connection: asyncpg.Connection, key: bytes, bound: Bound) -> tuple[Period, bool, bool | None]:
    if bound.kind in DRAWN:
        period = await _period(connection, bound.about)
        lines = drawn_lines(await worked(connection, bound.school_id, period), money=bound.kind == "compensation")
        return period, _is(key, bound, lines), None
    if bound.kind == "onsite":
        day = date.fromisoformat(bound.about)
        content = await visit_content(connection, bound.school_id, day)
        return Period(bound.about, day, day), tag_of(key, content) == bound.tag, None
    found = await _document(connection, bound)
    if found is None:
        # It was taken back: there is nothing left that the sheet could equal.
        return Period("", date.min, date.min), False, None
    lines = lines_of(found.content)
    period = await _period(connection, str(found.content.get("period") or found.content.get("term_id")))
    return period, _is(key, bound, lines), await _agrees(connection, bound, period, lines)


async def _agrees(connection: asyncpg.Connection, bound: Bound, period: Period, lines: tuple[Line, ...]) -> bool | None:
    """Whether the stated figures are the ledger's; amounts only where a plan prices all the work."""
    if bound.kind == "payments":
        return None
    work = await worked(connection, bound.school_id, period)
    priced = not work.unpriced and any(line.amount_fen is not None for line in lines)
    return same_figures(lines, work.lines, amounts=priced)


async def _document(connection: asyncpg.Connection, bound: Bound) -> Document | None:
    try:
        return await document(connection, bound.kind, bound.about, school_id=bound.school_id)
    except Refused:
        return None


async def _period(connection: asyncpg.Connection, name: str) -> Period:
    is_month = len(name) == 7
    return await period_of(connection, name if is_month else None, None if is_month else name, as_of=None)


def _is(key: bytes, bound: Bound, lines: Iterable[Line]) -> bool:
    return tag_of(key, content_of(lines)) == bound.tag
