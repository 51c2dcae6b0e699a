"""Every decoder of what comes from outside, as a function of bytes: it refuses as it documents, or takes; nothing else."""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from joserfc.jwk import ECKey
from starlette.requests import Request

from services.audit_worker.catalogue import RuleInvalid, _read_config, read_catalogue, with_parameters
from services.cli.oneroster import RosterInvalid
from services.cli.sources import SourceUnreadable, sources_of
from services.ledger_api import app as ledger_app
from services.ledger_api.dependencies import precondition_of
from services.ledger_api.documents.attachments import _file_name, media_type_of
from services.ledger_api.identity_claims import ClaimNames, person_of
from services.ledger_api.ingest.body import LongBodies, received_body
from services.ledger_api.ingest.check import Known, check_attendance, check_sessions
from services.ledger_api.ingest.decode import Decoded, decode
from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet, Session
from services.ledger_api.ingest.resource import Resource, check_entries
from services.ledger_api.ingest.roll import Calendar, Roll, Slot, Term
from services.reporting.findings.events import position_of
from services.reporting.forms.codes import opened, sealed
from shared.pagination import decode_cursor
from shared.problems import Problem
from shared.receiver_address import NotAllowed, receiver_of
from shared.sealing import Seal, SealBroken
from shared.tokens import Verifier

S1 = "3101150001"
RESOURCES: tuple[Resource[Any], ...] = tuple(
    {each.name: each for router in ledger_app.ROUTERS for each in vars(router).values() if isinstance(each, Resource)}
    .values()
)  # fmt: skip
KNOWN = Known(
    calendar=Calendar([Term("2025-2026-1", date(2025, 9, 1), date(2026, 1, 30))]),
    rolls={S1: Roll(S1, 1, {"P1": 1, "P2": 2}, {("2025-2026-1", "s1"): Slot("15:30", "16:15")})},
    staff={"T1", "T2"},
    homes={"T1": S1, "T2": S1, S1: "centre-primary"},
)
CONTENT_TYPES = (
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "text/csv; charset=gbk",
    "text/csv;charset=é",
    "",
)
KEY = ECKey.generate_key("P-256", {"kid": "k"})
VERIFIER = Verifier()
VERIFIER.learn([KEY.as_dict(private=False)])
CURSORS: tuple[tuple[Any, ...], ...] = ((str,), (int,), (str, str), (str, date, str), (UUID, int))
NAMES = ClaimNames(
    kind="role", schools="schools", stage="stage.of", kinds={"b": "bureau", "c": "centre", "s": "school"}
)
RULES = {rule.code: rule for rule in read_catalogue()}
SEAL = Seal(b"0" * 32)
LOOP = asyncio.new_event_loop()
FOLDER = Path(tempfile.mkdtemp(prefix="taizhang-fuzz-"))
# Between the parts of an input that several files are made of.
PART = b"\n\xff\n"


def records(given: bytes) -> None:
    """A body of records: its resource, form and mode by the first three bytes; decoded, checked, its problem shown."""
    which, form, partial, body = (*(given + b"\0\0\0")[:3], given[3:])
    resource = (*RESOURCES, "sessions", "attendance")[which % (len(RESOURCES) + 2)]

    def choose(text: bytes) -> type[msgspec.Struct]:
        if resource == "attendance":
            return AttendanceMark if b"student_id" in text else AttendanceSheet
        return Session if resource == "sessions" else resource.payload  # type: ignore[union-attr]

    try:
        decoded = decode(body, CONTENT_TYPES[form % len(CONTENT_TYPES)], choose, partial=bool(partial & 1))
        faults = _checked(decoded, resource)
        shown = [fault.shown(language) for fault in faults for language in ("zh", "en")]
        if partial & 1:
            decoded.without(faults)
            shown += [fault.shown("zh") for each in decoded.rejected for fault in each.faults]
        msgspec.json.encode(shown)
    except Problem as problem:
        _show(problem)


def _checked(decoded: Decoded[Any], resource: Any) -> list[Any]:
    if resource == "sessions":
        return check_sessions(decoded.records, KNOWN, decoded.pointer)[1]
    if resource == "attendance":
        return check_attendance(decoded.records, KNOWN, decoded.pointer)[1]
    return check_entries(resource, decoded.records, KNOWN, decoded.pointer)[1]


def _show(problem: Problem) -> None:
    assert 400 <= problem.status < 500, problem
    for language in ("zh", "en"):
        msgspec.json.encode(problem.shown(language, instance="/"))


def packed(given: bytes) -> None:
    """A packed body in pieces: gzip or zstd by the first byte, the length of a piece by the second."""
    encoding, size, body = (*(given + b"\0\0")[:2], given[2:])

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size + 1):
            yield body[start : start + size + 1]

    async def receive() -> None:
        async with received_body(pieces(), ("gzip", "zstd")[encoding % 2], LongBodies()) as whole:
            assert whole

    try:
        LOOP.run_until_complete(receive())
    except Problem as problem:
        _show(problem)


def _chunks_of(path: Path) -> None:
    """As `push` reads a file, whole bodies of it."""
    try:
        for source in sources_of([path], resource="sessions"):
            for chunk in source.chunks():
                assert chunk.content
    except (SourceUnreadable, RosterInvalid) as refused:
        assert str(refused)


def rosters(given: bytes) -> None:
    """A OneRoster zip: its files one after the other, each its name, a line end and its text; or the zip's own bytes."""
    path = FOLDER / "roster.zip"
    if given.startswith(b"PK"):
        path.write_bytes(given)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for part in given.split(PART):
                name, _, text = part.partition(b"\n")
                archive.writestr(name.decode("latin-1").strip("\0") or "x", text)
    _chunks_of(path)


def workbook_of(texts: Mapping[str, bytes], path: Path) -> None:
    """A zip of these parts."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)


def workbooks(given: bytes) -> None:
    """An XLSX: its parts one after the other, each its name, a line end and its XML; or the file's own bytes."""
    path = FOLDER / "sessions.xlsx"
    if given.startswith(b"PK"):
        path.write_bytes(given)
    else:
        parts = (part.partition(b"\n") for part in given.split(PART))
        workbook_of({name.decode("latin-1").strip("\0") or "x": text for name, _, text in parts}, path)
    _chunks_of(path)


def tables(given: bytes) -> None:
    """A CSV or NDJSON file that `push` reads, by the first byte."""
    path = FOLDER / ("sessions.csv" if given[:1] < b"\x80" else "sessions.ndjson")
    path.write_bytes(given[1:])
    _chunks_of(path)


def cursors(given: bytes) -> None:
    """A cursor of a list, of one of the sort keys that there are, and a position of the feed of findings."""
    place, text = (given + b"\0")[0], given[1:].decode("latin-1")
    for read in (lambda: decode_cursor(text, *CURSORS[place % len(CURSORS)]), lambda: position_of(text)):
        try:
            read()
        except Problem as problem:
            _show(problem)


def tokens(given: bytes) -> None:
    """A bearer token."""
    text = given.decode("latin-1")
    VERIFIER.lacks_key_of(text)
    try:
        VERIFIER.verify(text)
    except Problem as problem:
        assert problem.status == 401
        _show(problem)


def sheet_codes(given: bytes) -> None:
    """A code from a printed sheet: what opens is what was sealed."""
    text = given.decode("latin-1")
    bound = opened(b"k" * 32, text)
    assert bound is None or sealed(b"k" * 32, bound) == text


def rules_configuration(given: bytes) -> None:
    """The district's parameters of the rules."""
    path = FOLDER / "rules.yaml"
    path.write_bytes(given)
    try:
        for code, own in _read_config(path).items():
            if code in RULES:
                with_parameters(RULES[code], own)
    except RuleInvalid as refused:
        assert str(refused)


def attachments(given: bytes) -> None:
    """A paper: its name in the first sixteen bytes, its type by its content."""
    path = FOLDER / "paper"
    path.write_bytes(given[16:])
    name = _file_name(given[:16].decode("latin-1"))
    try:
        media_type_of(path, name, None)
    except Problem as problem:
        _show(problem)


def receivers(given: bytes) -> None:
    """The address of a webhook's receiver."""
    try:
        assert receiver_of(given.decode("utf-8", "surrogatepass" if given[:1] == b"\0" else "replace"), ()).host
    except NotAllowed as refused:
        assert str(refused)
    except UnicodeDecodeError:
        return


def claims(given: bytes) -> None:
    """What an identity provider says of a person, signature checked."""
    try:
        said = msgspec.json.decode(given)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if isinstance(said, dict):
        try:
            person_of({"sub": "x", **said}, NAMES, issuer="i")
        except Problem as problem:
            _show(problem)


def preconditions(given: bytes) -> None:
    """`If-Match` and `If-None-Match` of a write."""
    first, _, second = given.partition(b"\n")
    headers = [(b"if-match", first), (b"if-none-match", second)] if second else [(b"if-match", first)]
    try:
        precondition_of(Request({"type": "http", "headers": headers}))
    except Problem as problem:
        _show(problem)


def seals(given: bytes) -> None:
    """A sealed secret from the database."""
    try:
        SEAL.open(given, bound_to="x")
    except SealBroken as broken:
        assert str(broken)


DECODERS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        records, packed, rosters, workbooks, tables, cursors, tokens, sheet_codes, rules_configuration, attachments,
        receivers, claims, preconditions, seals,
    )
}  # fmt: skip
