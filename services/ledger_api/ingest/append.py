"""The append: one transaction a batch. Checks records against the school's roll, writes revisions, links the chain.

Each write is one call of a function in `shared/migrations/sql/append.sql`: the locks, the revisions, the chain and the
outbox are its one transaction, so that nothing is half-applied, whatever dies.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any, Literal, Protocol, TypeVar
from uuid import uuid4

import asyncpg
import msgspec
import structlog
from msgspec import Struct

from services.ledger_api.ingest.batch import (
    Batch,
    Columns,
    Sender,
    day_bounds,
    places_of,
    refuse_binding_others,
    refuse_of_another_stage,
    refuse_other_schools,
    request_of,
    term_bounds,
)
from services.ledger_api.ingest.check import (
    Known,
    check_attendance,
    check_sessions,
    void_roll_rows,
    void_session_rows,
)
from services.ledger_api.ingest.columns import array_literal
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.homes import homes_of, known_providers
from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet, Session
from services.ledger_api.ingest.precondition import (
    ENTRY_REVISION,
    ROLL_REVISION,
    SESSION_REVISION,
    Revision,
    require,
)
from services.ledger_api.ingest.receipt import Receipt, receipt_of
from services.ledger_api.ingest.resource import EntryRows, Resource, check_entries
from services.ledger_api.ingest.roll_book import RollBook
from shared.chain import NAMING_PUPILS
from shared.database import ACQUIRE_SECONDS, show, taken_back
from shared.problems import Fault, Invalid, Refused
from shared.tokens import Caller

log = structlog.get_logger()

# Raised by the functions that append.
STALE_ROLL = "TZ001"
BELONGS_TO_ANOTHER_SCHOOL = "TZ003"
ONLY_THE_BUREAU_CHANGES_IT = "TZ004"
REASON_NEEDED = "TZ005"

# The digests of so many bodies are kept, to know an exact replay; a district's week in a few MiB.
BODIES_REMEMBERED = 20_000

Payload = TypeVar("Payload", bound=Struct)

# The request, the terms' bounds, then one parameter a column.
_SESSIONS = f"select * from ledger.append_sessions({', '.join(f'${n}' for n in range(1, 25))})"  # noqa: S608 only $n
_ATTENDANCE = f"select * from ledger.append_attendance({', '.join(f'${n}' for n in range(1, 18))})"  # noqa: S608 only $n
_ROLL = f"select * from ledger.append_roll({', '.join(f'${n}' for n in range(1, 16))})"  # noqa: S608 only $n
_USUAL_SESSION: Mapping[str, object] = {"states": "held"}
_USUAL_ROLL: Mapping[str, object] = {"states": "recorded", "patches": False, "weights": 1}
_OPEN_CHAINS = "insert into ledger.chain_head (school_id) select unnest($1::text[]) on conflict do nothing"
ENTRIES = "select * from ledger.append_entries($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

Job = Literal["audit", "deliver"]


class RollMoved(Exception):
    """A school's registers changed between the check and the lock."""


class Bell(Protocol):
    """Told after the commit that there is something to audit, or to deliver."""

    def ring(self, job: Job = "audit") -> None:
        """Ring; never waits, never fails."""


class Ledger:
    """The only writer of facts."""

    def __init__(self, pool: asyncpg.Pool, bell: Bell) -> None:
        """`pool`: connections of the role taizhang_ledger."""
        self.pool = pool
        self._bell = bell
        self._book = RollBook()
        self._seen: OrderedDict[bytes | None, None] = OrderedDict()

    def ring(self, job: Job) -> None:
        """Tell the worker, after the commit, of something other than facts."""
        self._bell.ring(job)

    async def replayed(self, resource: str, sender: Sender) -> Receipt | None:
        """The receipt of an exact replay of an earlier body, or None; it writes nothing and decodes nothing.

        Only a body that this process has seen is looked up: for any other it would be a question in vain.
        """
        if sender.body_digest not in self._seen:
            return None
        request = request_of(uuid4(), sender, received=0, schools=[], versions=[])
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch("select * from ledger.replayed($1, $2)", request, resource)
        if not rows:
            return None
        return receipt_of(rows[0]["batch_id"], rows, received=rows[0]["received"])

    async def with_schools_of_stage(self, caller: Caller) -> Caller:
        """The stage centre's caller with the schools it writes for named, as they are registered now.

        The database is told the same ids and holds every row against them.
        """
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            schools = await connection.fetchval("select ledger.schools_of_stage($1)", caller.visible.stage)
        return replace(caller, visible=replace(caller.visible, schools=tuple(schools.split(","))))

    async def append_sessions(self, sessions: Decoded[Session], sender: Sender) -> Receipt:
        """Append sessions held or cancelled, each a new record or a new revision; 一(二)1.

        Raises Invalid with every fault; nothing is written then.
        """
        records = sessions.records
        batch = Batch(
            size=len(records),
            homes=places_of(sessions.pointer, (session.school_id for session in records)),
            staff_ids={
                staff_id
                for session in records
                for member in session.staff
                for staff_id in (member.staff_id, member.replaces)
                if staff_id is not None
            },
            check=lambda known: check_sessions(records, known, sessions.pointer),
            statement=_SESSIONS,
            usual=_USUAL_SESSION,
            before_columns=term_bounds,
            revision_of=Revision(SESSION_REVISION, lambda: (records[0].school_id, records[0].session_id)),
            keys=lambda: ((session.school_id, session.session_id) for session in records),
        )
        return await self._append(batch, sender, sessions.pointer)

    async def append_attendance(self, rolls: Decoded[AttendanceSheet | AttendanceMark], sender: Sender) -> Receipt:
        """Append whole rolls, or single marks that patch them; 一(二)1, 一(一)6. Raises as append_sessions."""
        records = rolls.records
        batch = Batch(
            size=len(records),
            homes=places_of(rolls.pointer, (record.school_id for record in records)),
            staff_ids=(),
            check=lambda known: check_attendance(records, known, rolls.pointer),
            statement=_ATTENDANCE,
            statement_of_one=_ROLL,
            usual=_USUAL_ROLL,
            before_columns=day_bounds,
            revision_of=Revision(ROLL_REVISION, lambda: (records[0].school_id, records[0].session_id)),
            keys=lambda: ((record.school_id, f"{record.service_date}/{record.session_id}") for record in records),
        )
        return await self._append(batch, sender, rolls.pointer)

    async def append_entries(self, resource: Resource[Payload], entries: Decoded[Payload], sender: Sender) -> Receipt:
        """Append revisions of a register, days, duties or documents. Raises as append_sessions."""
        if resource.name in NAMING_PUPILS:
            # Nobody is to tell by a digest of the body whom it named, when that has been erased: replays are decoded.
            sender = replace(sender, body_digest=None)
        return await self._append(await self.batch_of(resource, entries, sender), sender, entries.pointer)

    async def batch_of(self, resource: Resource[Payload], entries: Decoded[Payload], sender: Sender) -> Batch:
        """What appends them. Raises Refused (403), Invalid (404) when they are not the sender's to write."""
        records = entries.records
        if resource.home == "district":
            refuse_binding_others(resource, records, sender)
        if resource.home == "bureau" and not sender.caller.visible.district:
            raise Refused("district_only", resource=resource.name)
        homes = await homes_of(self.pool, resource, entries, sender)
        named = {provider_id for record in records for provider_id in resource.providers_named(record)}
        providers = await known_providers(self.pool, named, sender)
        batch = Batch(
            size=len(records),
            homes=places_of(entries.pointer, (resource.home_of(record, homes) for record in records)),
            staff_ids={staff_id for record in records for staff_id in resource.staff_named(record)},
            check=lambda known: check_entries(
                resource, records, replace(known, homes=homes, providers=providers), entries.pointer
            ),
            statement=ENTRIES,
            before_columns=lambda _known, _rows: (resource.name, resource.moves_roll),
            revision_of=Revision(
                ENTRY_REVISION,
                lambda: (resource.home_of(records[0], homes), resource.key_of(records[0]), resource.name),
            ),
            opens_chains=resource.name == "schools",
            keys=lambda: ((resource.home_of(record, homes), resource.key_of(record)) for record in records),
        )
        refuse_other_schools(batch, sender)
        return batch

    async def void_entry(
        self,
        resource: Resource[Payload],
        school_id: str,
        key: str,
        *,
        service_date: date | None,
        reason: str,
        sender: Sender,
    ) -> Receipt:
        """Append a void revision: the entry holds no more, its history stays."""
        if school_id == "district" and resource.kept_by_stage:
            refuse_of_another_stage(resource, key.partition("/")[0], sender)
        rows = EntryRows()
        rows.add(resource.name, school_id, key, service_date=service_date, state="void", content=b"{}", reason=reason)
        revision_of = Revision(ENTRY_REVISION, lambda: (school_id, key, resource.name))
        return await self._append_void(
            rows, ENTRIES, lambda _known, _rows: (resource.name, resource.moves_roll), revision_of, sender
        )

    async def void_session(
        self, school_id: str, session_id: str, *, service_date: date, reason: str, sender: Sender
    ) -> Receipt:
        """Append a void revision of a session; 一(一)6: what was recorded stays traceable."""
        return await self._append_void(
            void_session_rows(school_id, session_id, service_date, reason),
            _SESSIONS,
            term_bounds,
            Revision(SESSION_REVISION, lambda: (school_id, session_id)),
            sender,
        )

    async def void_roll(
        self, school_id: str, session_id: str, *, service_date: date, reason: str, sender: Sender
    ) -> Receipt:
        """Append a void revision of a session's roll."""
        return await self._append_void(
            void_roll_rows(school_id, session_id, service_date, reason),
            _ATTENDANCE,
            day_bounds,
            Revision(ROLL_REVISION, lambda: (school_id, session_id)),
            sender,
        )

    async def _append_void(
        self,
        rows: Columns,
        statement: str,
        before_columns: Callable[[Known, Any], Sequence[object]],
        revision_of: Revision,
        sender: Sender,
    ) -> Receipt:
        batch = Batch(
            size=1,
            homes=dict.fromkeys(rows.school_ids, ""),
            staff_ids=(),
            check=lambda _known: (rows, []),
            statement=statement,
            before_columns=before_columns,
            revision_of=revision_of,
        )
        return await self._append(batch, sender, lambda *_steps: "")

    async def _append(self, batch: Batch, sender: Sender, pointer: Callable[..., str]) -> Receipt:
        refuse_other_schools(batch, sender)
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            known = await self._known(connection, batch)
            rows, faults = batch.check(known)
            if faults:
                # The registers may have learnt meanwhile what the roll kept here does not know yet.
                self._book.drop(batch.homes)
                known = await self._known(connection, batch)
                rows, faults = batch.check(known)
            if faults:
                raise Invalid(faults)
            if sender.dry_run:
                # What only the database refuses is refused in a dry run too; a chain that it opened is there no more.
                async with taken_back(connection):
                    await self.write_under_lock(connection, batch, sender, pointer)
                self._book.drop(batch.homes if batch.opens_chains else ())
                return receipt_of(uuid4(), [], received=batch.size)
            if sender.precondition is not None:
                receipt = await self.write_under_lock(connection, batch, sender, pointer)
            else:
                try:
                    receipt = await self._write(connection, batch, rows, known, sender, pointer)
                except RollMoved:
                    receipt = await self.write_under_lock(connection, batch, sender, pointer)
        self.appended(receipt, sender)
        return receipt

    def appended(self, receipt: Receipt, sender: Sender) -> None:
        """After the commit: the audit is told, and the body remembered, when anything was written."""
        if receipt.chains:
            # From here one request is followed to its findings: the line has its request's id, and names nobody.
            log.info(
                "batch_recorded",
                request_id=sender.request_id,
                batch_id=receipt.batch_id,
                client_id=sender.caller.client_id,
                created=receipt.created,
                revised=receipt.revised,
            )
            self._bell.ring()
            self._seen[sender.body_digest] = None
            if len(self._seen) > BODIES_REMEMBERED:
                self._seen.popitem(last=False)

    async def _known(self, connection: asyncpg.Connection, batch: Batch) -> Known:
        rolls, calendar = await self._book.rolls(connection, batch.homes)
        return Known(calendar, rolls, await self._book.staff(connection, batch.staff_ids))

    async def write_under_lock(
        self, connection: asyncpg.Connection, batch: Batch, sender: Sender, pointer: Callable[..., str]
    ) -> Receipt:
        """Once more, with the schools' locks held from the reading of their rolls to the commit: nothing moves now."""
        async with connection.transaction():
            schools = sorted(batch.homes)
            request = request_of(uuid4(), sender, received=0, schools=schools, versions=[None] * len(schools))
            if batch.opens_chains:
                # What is to be locked may not be there yet.
                await show(connection, sender.caller.visible)
                await connection.execute(_OPEN_CHAINS, schools)
            await connection.fetchval("select ledger.open_batch($1)", request)
            if sender.precondition is not None:
                await require(sender.precondition, batch.revision_of, batch.size, connection)
            self._book.drop(batch.homes)
            known = await self._known(connection, batch)
            rows, faults = batch.check(known)
            if faults:
                raise Invalid(faults)
            return await self._write(connection, batch, rows, known, sender, pointer)

    async def _write(
        self,
        connection: asyncpg.Connection,
        batch: Batch,
        rows: Columns,
        known: Known,
        sender: Sender,
        pointer: Callable[..., str],
    ) -> Receipt:
        """The one statement that appends. Raises RollMoved, Invalid (409), Refused (403)."""
        batch_id = uuid4()
        schools = sorted(batch.homes)
        # A school that registers itself has no roll yet to be checked against.
        versions = [None if batch.opens_chains else known.rolls[school_id].version for school_id in schools]
        request = request_of(batch_id, sender, received=batch.size, schools=schools, versions=versions)
        statement, arguments = _statement_of(batch, rows, known, schools)
        try:
            appended = await connection.fetch(statement, request, *arguments)
        except asyncpg.PostgresError as error:
            if error.sqlstate == STALE_ROLL:
                raise RollMoved from error
            if (refusal := _refusal_of(error, batch, rows, pointer)) is not None:
                raise refusal from error
            raise
        return receipt_of(batch_id, appended, received=batch.size)


def _refusal_of(
    error: asyncpg.PostgresError, batch: Batch, rows: Columns, pointer: Callable[..., str]
) -> Invalid | Refused | None:
    """What a function that appends refused, in the request's own places; None for any other error."""
    if error.sqlstate == BELONGS_TO_ANOTHER_SCHOOL:
        place, taken = pointer(rows.keys.index(str(error))), str(error)  # type: ignore[attr-defined]
        return Invalid([Fault(place, "belongs_to_another_school", {"id": taken})])
    if error.sqlstate == ONLY_THE_BUREAU_CHANGES_IT:
        return Refused("district_only", resource=str(error))
    if error.sqlstate == REASON_NEEDED:
        sealed: dict[tuple[str | None, str], dict[str, str]] = {
            (named["school_id"], named["key"]): named for named in msgspec.json.decode(error.detail or "[]")
        }
        places = [(index, sealed[key]) for index, key in enumerate(batch.keys()) if key in sealed]
        return Invalid([Fault(pointer(index, "reason"), "reason_needed", named) for index, named in places])
    return None


def _statement_of(batch: Batch, rows: Columns, known: Known, schools: Sequence[str]) -> tuple[str, Sequence[object]]:
    """The statement that appends, and its arguments behind the request: columns, or one record's values as they are."""
    columns = {column.name: getattr(rows, column.name) for column in fields(rows)}  # type: ignore[arg-type]
    if batch.statement_of_one is not None and len(rows.school_ids) == 1:
        return batch.statement_of_one, [column[0] for column in columns.values()]
    usual = dict(batch.usual)
    if usual and len(schools) == 1:
        usual["school_ids"] = schools[0]
    literals = [_column(column, usual.get(name)) for name, column in columns.items()]
    return batch.statement, [*batch.before_columns(known, rows), *literals]


def _column(column: list[Any], usual: object) -> str | None:
    """One column as it travels: none at all where every record says what is usual, or nothing."""
    return None if column.count(usual) == len(column) else array_literal(column)
