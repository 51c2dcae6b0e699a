"""What one append is made of: who sends it, the schools it moves, its check and its statement; and whose it may be."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from services.ledger_api.ingest.check import Known, RollRows
from services.ledger_api.ingest.precondition import Precondition, Revision
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault, Invalid, Refused
from shared.tokens import Caller
from shared.tracing import current_traceparent
from shared.vocabulary import OFFICES, SCHOOL_ID

Payload = TypeVar("Payload", bound=Struct)

_is_school_id = re.compile(SCHOOL_ID).match


@dataclass(frozen=True)
class Sender:
    """Who sends a batch, and which request it is."""

    caller: Caller
    request_id: str
    body_digest: bytes | None = None
    dry_run: bool = False
    precondition: Precondition | None = None


class Columns(Protocol):
    """A batch as columns, one list a column, in the order of the function that appends it."""

    school_ids: list[str]


@dataclass(frozen=True)
class Batch:
    """What one append needs: the schools, the check, and the statement with what stands before the columns."""

    size: int
    # The schools whose chains the batch moves, and where each is named first.
    homes: Mapping[str, str]
    staff_ids: Collection[str]
    check: Callable[[Known], tuple[Any, list[Fault]]]
    statement: str
    before_columns: Callable[[Known, Any], Sequence[object]]
    # The revision of the batch's one record, asked under the lock when a request has a precondition.
    revision_of: Revision
    # For a batch of one record, where that has a statement of its own.
    statement_of_one: str | None = None
    opens_chains: bool = False
    # Each record's school and its key there, in the request's order: whom a refusal under the lock is about.
    keys: Callable[[], Iterable[tuple[str | None, str]]] = field(default=lambda: ())
    # What most columns hold from end to end; the statement fills it in where the column does not travel.
    usual: Mapping[str, object] = field(default_factory=dict)


def request_of(
    batch_id: UUID, sender: Sender, *, received: int, schools: Sequence[str], versions: Sequence[int | None]
) -> tuple[object, ...]:
    """The composite `ledger.request`."""
    visible = sender.caller.visible
    # The district's own registers are visible to everybody; the append lets a school introduce there, never change.
    visible_schools = [*visible.schools, *(["district"] if "district" in schools else [])]
    return (
        batch_id,
        sender.caller.client_id,
        sender.request_id,
        visible.district,
        ",".join(visible_schools),
        sender.body_digest,
        received,
        schools,
        versions,
        current_traceparent(),
    )


def places_of(pointer: Callable[..., str], homes: Iterable[str | None]) -> dict[str, str]:
    """Each school of a batch, with the pointer of the record that names it first."""
    places: dict[str, str] = {}
    for index, home in enumerate(homes):
        if home is not None and home not in places:
            places[home] = pointer(index, "school_id")
    return places


def term_bounds(known: Known, _rows: Columns) -> tuple[date, date]:
    """From the first term's start to the last one's end: where an earlier revision of a record can lie."""
    terms = known.calendar.terms
    return (terms[0].starts_on, max(term.ends_on for term in terms)) if terms else (date.max, date.max)


def day_bounds(_known: Known, rows: RollRows) -> tuple[date, date]:
    """The batch's first and last day: a roll keeps its day."""
    return (min(rows.service_dates), max(rows.service_dates)) if rows.service_dates else (date.max, date.max)


def refuse_other_schools(batch: Batch, sender: Sender) -> None:
    """Somebody else's school is as unknown as one that is not there, or as what is no school's id at all."""
    others = sorted(
        home
        for home in batch.homes
        if home != "district" and not ((_is_school_id(home) or home in OFFICES) and sender.caller.may_write_for(home))
    )
    if others:
        raise Invalid([Fault(batch.homes[home], "unknown_school", {"school_id": home}) for home in others], status=404)


def refuse_binding_others(resource: Resource[Payload], records: Sequence[Payload], sender: Sender) -> None:
    """A school may enter into a district register what binds nobody else; only the bureau binds the district."""
    for record in records:
        if resource.kept_by_stage:
            refuse_of_another_stage(resource, record.stage, sender)  # type: ignore[attr-defined]
            continue
        bound = resource.schools_bound(record)
        if not sender.caller.visible.district and (bound is None or not all(map(sender.caller.may_write_for, bound))):
            raise Refused("district_only", resource=resource.name)


def refuse_of_another_stage(resource: Resource[Payload], stage: str, sender: Sender) -> None:
    """A stage centre keeps what is its own, the bureau either's."""
    if not sender.caller.visible.district and stage != sender.caller.visible.stage:
        raise Refused("district_only", resource=resource.name)
