"""What sheets say, read from the ledger: lines by person, from the work itself or from a document; people, schools."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from services.reporting.corrections import corrections_of
from services.reporting.pay_run import pay_basis
from services.reporting.periods import Period
from shared.class_hours import hundredths_of
from shared.problems import Refused
from shared.work import dates_of, hours_of

_DOCUMENT = """
    select school_id, key, revision, content, recorded_at
    from ledger.current_entry
    where resource = $1 and key = $2 and ($3::text is null or school_id = $3)
    order by school_id
    limit 2
"""
_PEOPLE = """
    select distinct on (key) key as staff_id, content ->> 'name' as name, content ->> 'kind' as kind
    from ledger.current_entry
    where resource = 'staff' and key = any($1)
    order by key, school_id = $2 desc
"""
_SCHOOL = "select name, stages, centre from ledger.school where school_id = $1"


@dataclass(frozen=True)
class Line:
    """One person's: class hours in hundredths, dates in order, fen; None where the source does not say."""

    staff_id: str
    class_hours_hundredths: int | None = None
    dates: tuple[date, ...] | None = None
    amount_fen: int | None = None
    paid_on: date | None = None


@dataclass(frozen=True)
class Person:
    """What a sheet shows of a person beside the id."""

    name: str | None
    kind: str | None


@dataclass(frozen=True)
class SchoolNamed:
    """A school as sheets name it."""

    school_id: str
    name: str
    centres: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """The newest revision of a publication, a submission, a payment."""

    school_id: str
    key: str
    revision: int
    content: Mapping[str, Any]
    recorded_at: datetime


@dataclass(frozen=True)
class Worked:
    """A period's lines from the work itself, by person; `unpriced`: how many records no plan gives a rate for.

    `corrections_fen`: what the amounts hold of earlier periods that were paid too little for, or too much.
    """

    lines: tuple[Line, ...]
    unpriced: int
    refused: bool
    corrections_fen: int


async def worked(
    connection: asyncpg.Connection, school_id: str, period: Period, *, as_of: datetime | None = None
) -> Worked:
    """Class hours, dates and the remuneration under the school's plan, as the reports of both say them."""
    basis = await pay_basis(connection, school_id, period, as_of=as_of)
    run = basis.run()
    corrected: dict[str, int] = defaultdict(int)
    for each in await corrections_of(connection, school_id, period, as_of=as_of):
        corrected[each.staff_id] += each.amount_fen
    hours, dates = hours_of(basis.work), dates_of(basis.work)
    lines = (
        Line(
            staff_id,
            hours.get(staff_id, 0),
            tuple(sorted(dates.get(staff_id, ()))),
            run.total_by_staff_fen.get(staff_id, 0) + corrected[staff_id]
            if staff_id in run.total_by_staff_fen or staff_id in corrected
            else None,
        )
        for staff_id in sorted({*hours, *corrected})
    )
    return Worked(tuple(lines), len(run.unpriced), run.refused, sum(corrected.values()))


async def document(
    connection: asyncpg.Connection, resource: str, key: str, *, school_id: str | None = None
) -> Document:
    """A document as it stands; raises Refused (404), or (422) where two schools have one of that name."""
    rows = await connection.fetch(_DOCUMENT, resource, key, school_id)
    if not rows:
        raise Refused("not_found")
    if len(rows) > 1:
        raise Refused("invalid_parameter", name="school_id", reason="more than one school has a document of this id")
    row = rows[0]
    content = msgspec.json.decode(row["content"], type=dict[str, Any])
    return Document(row["school_id"], row["key"], row["revision"], content, row["recorded_at"])


def lines_of(content: Mapping[str, Any]) -> tuple[Line, ...]:
    """A document's lines, by person."""
    return tuple(
        Line(
            line["staff_id"],
            None if line.get("class_hours") is None else int(hundredths_of(Decimal(str(line["class_hours"])))),
            None if line.get("dates") is None else tuple(sorted(map(date.fromisoformat, line["dates"]))),
            line.get("amount_fen"),
            None if line.get("paid_on") is None else date.fromisoformat(line["paid_on"]),
        )
        for line in sorted(content["lines"], key=lambda line: str(line["staff_id"]))
    )


async def people_of(connection: asyncpg.Connection, school_id: str, lines: Iterable[Line]) -> dict[str, Person]:
    """The people of the lines that the reader may see, by id."""
    rows = await connection.fetch(_PEOPLE, [line.staff_id for line in lines], school_id)
    return {row["staff_id"]: Person(row["name"], row["kind"]) for row in rows}


async def school_named(connection: asyncpg.Connection, school_id: str) -> SchoolNamed:
    """The school; raises Refused (404) for one that is not to be seen."""
    row = await connection.fetchrow(_SCHOOL, school_id)
    if row is None:
        raise Refused("not_found")
    centres = (row["centre"],) if row["centre"] else tuple(row["stages"])
    return SchoolNamed(school_id, row["name"], centres)


def content_of(lines: Iterable[Line]) -> list[list[object]]:
    """What a sheet's code stands for: its lines, whole."""
    return [
        [line.staff_id, line.class_hours_hundredths, line.dates, line.amount_fen, line.paid_on]
        for line in sorted(lines, key=lambda line: line.staff_id)
    ]


def same_figures(stated: Iterable[Line], found: Iterable[Line], *, amounts: bool) -> bool:
    """Whether a document's class hours (and amounts) are the ledger's; a line of nothing is no line."""

    def figures(lines: Iterable[Line]) -> dict[str, tuple[int, int | None]]:
        return {
            line.staff_id: (line.class_hours_hundredths or 0, line.amount_fen if amounts else None)
            for line in lines
            if line.class_hours_hundredths or (amounts and line.amount_fen)
        }

    return figures(stated) == figures(found)
