"""How a register, a day, a duty or a document is keyed, checked and kept: one declaration each, one way for all."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from services.ledger_api.ingest.check import Known, Pointer
from shared.chain import canonical, record_digest
from shared.problems import FAULTS_COUNTED, Fault

Payload = TypeVar("Payload", bound=Struct)


def _nothing_wrong(_record: Struct, _known: Known, _at: Pointer) -> Iterable[Fault]:
    return ()


def _as_sent(record: Struct) -> object:
    return record


def _no_school(_record: Struct) -> Collection[str] | None:
    return ()


def _attachments(record: Struct) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for place, paper in enumerate(getattr(record, "attachments", ())):
        if isinstance(paper, str):
            yield ("attachments", place), paper


@dataclass(frozen=True)
class Resource(Generic[Payload]):
    """One kind of entry.

    name: the path's noun. key: the fields of the natural key, without school_id. home: the field that names the school
    whose chain keeps it (or the district, where it names none), or 'district', or 'bureau', whose chain only the bureau and the auditor read; for 'staff_id' it is
    the school that registered the person; for 'office' the centre that looks after the school, whose chain no school reads,
    so that a school's own chain tells it nothing of what it may not know. planned_as: the resource that keeps a record of
    this kind at the office, until its school may know. moves_roll: whether
    other records are checked against it. faults: what is wrong beyond the types. content: what is kept, if not as sent.
    papers_named: the attachments that a record names, with their places in it.
    schools_bound: of a district register, the schools that an entry binds; None when it binds the whole district.
    """

    name: str
    payload: type[Payload]
    key: tuple[str, ...]
    home: Literal["school_id", "school_id_or_district", "district", "bureau", "staff_id", "office"] = "school_id"
    planned_as: str | None = None
    moves_roll: bool = False
    faults: Callable[[Payload, Known, Pointer], Iterable[Fault]] = _nothing_wrong
    content: Callable[[Payload], object] = _as_sent
    staff_named: Callable[[Payload], Iterable[str]] = field(default=lambda _record: ())
    providers_named: Callable[[Payload], Iterable[str]] = field(default=lambda _record: ())
    papers_named: Callable[[Payload], Iterable[tuple[tuple[str | int, ...], str]]] = _attachments
    schools_bound: Callable[[Payload], Collection[str] | None] = _no_school

    @property
    def kept_by_stage(self) -> bool:
        """Whether a stage centre keeps its own in the district's register: the key begins with its stage."""
        return self.home == "district" and self.key[0] == "stage"

    def key_of(self, record: Payload) -> str:
        """The natural key within its school, parts joined by '/'."""
        return "/".join(str(getattr(record, name)) for name in self.key)

    def home_of(self, record: Payload, homes: Mapping[str, str]) -> str | None:
        """The school whose chain keeps it; `homes`: staff_id -> school_id, or school_id -> the office that keeps it."""
        if self.home in {"district", "bureau"}:
            return self.home
        if self.home == "staff_id":
            return getattr(record, "school_id", None) or homes.get(record.staff_id)  # type: ignore[attr-defined]
        school_id: str = record.school_id or "district"  # type: ignore[attr-defined]
        return homes.get(school_id) if self.home == "office" else school_id


@dataclass
class EntryRows:
    """Entries as columns, in the order of ledger.append_entries."""

    school_ids: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    service_dates: list[date | None] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)

    def add(
        self,
        resource: str,
        school_id: str,
        key: str,
        *,
        service_date: date | None,
        state: str,
        content: bytes,
        reason: str | None,
    ) -> None:
        """Add one entry and its digest."""
        self.school_ids.append(school_id)
        self.keys.append(key)
        self.service_dates.append(service_date)
        self.states.append(state)
        self.contents.append(content.decode())
        self.digests.append(record_digest((resource, school_id, key, service_date, state, msgspec.Raw(content))))
        self.reasons.append(reason)


def check_entries(
    resource: Resource[Payload], records: Sequence[Payload], known: Known, pointer: Pointer
) -> tuple[EntryRows, list[Fault]]:
    """Records of a resource as entries, and every fault: unknown school, a repeated key, and the resource's own."""
    rows = EntryRows()
    faults: list[Fault] = []
    first_seen: dict[tuple[str, str], int] = {}
    for index, record in enumerate(records):
        school_id = resource.home_of(record, known.homes)
        if school_id is None and resource.home == "office":
            named = {"school_id": record.school_id}  # type: ignore[attr-defined]
            faults.append(Fault(pointer(index, "school_id"), "unknown_school", named))
            continue
        if school_id is None:
            staff_id = record.staff_id  # type: ignore[attr-defined]
            faults.append(Fault(pointer(index, "staff_id"), "unknown_staff", {"staff_id": staff_id}))
            continue
        if school_id not in known.rolls and resource.name != "schools":
            faults.append(Fault(pointer(index, "school_id"), "unknown_school", {"school_id": school_id}))
            continue
        key = resource.key_of(record)
        before = first_seen.setdefault((school_id, key), index)
        if before != index:
            faults.append(Fault(pointer(index), "repeated_key", {"key": key, "first": before}))
            continue
        wrong = list(resource.faults(record, known, lambda *steps, at=index: pointer(at, *steps)))
        faults.extend(wrong)
        if len(faults) > FAULTS_COUNTED:
            break
        if not wrong:
            rows.add(
                resource.name,
                school_id,
                key,
                service_date=getattr(record, "service_date", None),
                state="recorded",
                content=_content_bytes(resource.content(record)),
                reason=getattr(record, "reason", None),
            )
    return rows, faults


def _content_bytes(content: object) -> bytes:
    """Canonical JSON of what is kept; decimals without an exponent, as PostgreSQL gives them back."""
    encoded = canonical(content)
    if b"E+" in encoded or b"E-" in encoded:
        return canonical(_without_exponents(msgspec.to_builtins(content, builtin_types=(Decimal,))))
    return encoded


def _without_exponents(value: object) -> object:
    if isinstance(value, Decimal):
        return Decimal(format(value, "f"))
    if isinstance(value, dict):
        return {name: _without_exponents(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_exponents(each) for each in value]
    return value
