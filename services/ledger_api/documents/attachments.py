"""Attachments (附件): the papers that documents name, known by the SHA-256 of their bytes; 一(二)2–3, 二(二).

The file goes to the attachment store, the fact of it (digest, size, type, who keeps it) into the keeper's chain: a school's,
or an office's own, which no school reads. Who sees the fact may download the file.
"""

import asyncio
import zipfile
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Any
from urllib.parse import quote

import puremagic
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.ledger_api.attachment_store import AttachmentStore
from services.ledger_api.dependencies import Ledger, LedgerReader, Writer, sender_of
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import BODY_LIMIT_BYTES, MIB, within_limits
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Record
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.receipt import ChainPosition, Receipt
from services.ledger_api.ingest.resource import Resource
from shared.asgi import requires
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Fault, Invalid, Refused
from shared.tokens import Caller
from shared.vocabulary import BUREAU, CENTRES

router = APIRouter(prefix="/v1/attachments", tags=["attachments"])

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CSV, TEXT = "text/csv", "text/plain"
# No ZIP: what is packed in it is not looked at. Papers are sent one by one.
TAKEN = (PDF, JPEG, PNG, XLSX, DOCX, CSV, TEXT)
# What a form may have around its file.
FORM_BYTES = 64 * 1024
NAME_LENGTH = 200
# What is in an office file tells which one it is, and whether it holds macros.
_MAIN_PARTS = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX}
_PROGRAMS = ("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")
READ_BYTES = 256 * 1024

Name = Annotated[
    str | None, Query(max_length=NAME_LENGTH, pattern=r"^[^\x00-\x1f\x7f/\\]*$", description="the file's own name")
]


class Attachment(Record, frozen=True):
    """The fact of one paper: its digest, size and type, by its content; `school_id`: the school or office that keeps it."""

    school_id: str
    sha256: str
    size: int
    media_type: str
    name: str | None = None


class AttachmentReceipt(Receipt):
    """The receipt, and by what the paper is named from now on."""

    sha256: str
    size: int
    media_type: str
    name: str | None
    school_id: str


ATTACHMENTS = Resource("attachments", Attachment, key=("sha256",))

_KEPT = """
    select attachment.*, entry.batch_id, chain_entry.seq, chain_entry.head
    from ledger.attachment
    inner join ledger.entry
        on entry.school_id = attachment.kept_by and entry.resource = 'attachments' and entry.key = attachment.sha256
    inner join ledger.chain_entry on chain_entry.school_id = entry.school_id and chain_entry.batch_id = entry.batch_id
    where attachment.sha256 = $1 and ($2::text is null or attachment.kept_by = $2)
    order by attachment.kept_by
    limit 1
"""
_LIST = """
    select kept_by, sha256, media_type, size_bytes, name, recorded_at
    from ledger.attachment
    where ($1::text is null or kept_by = $1) and (kept_by, sha256) > ($2, $3)
    order by kept_by, sha256
    limit $4
"""


@dataclass(frozen=True)
class _Paper:
    """A file that has arrived: where it waits, and what was said of it."""

    path: Path
    sha256: str
    size: int
    name: str | None
    school_id: str | None


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "school_id": {"type": "string"},
                        "name": {"type": "string"},
                    },
                }
            },
            **{media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in TAKEN},
        },
    }
}


@router.post(
    "",
    dependencies=[Depends(requires("documents.write", "oversight.write"))],
    openapi_extra=_FORM,
)
async def post_attachment(
    request: Request,
    caller: Writer,
    ledger: Ledger,
    school_id: Annotated[str | None, Query(description="whose paper it is; the caller's own when absent")] = None,
    name: Name = None,
) -> AttachmentReceipt:
    """Keep one paper: the body as it is, or a form's `file`. The same content again is unchanged."""
    store: AttachmentStore = request.app.state.attachments
    with NamedTemporaryFile(prefix="taizhang-attachment-") as arrived:
        paper = await _arrive(request, arrived, school_id=school_id, name=name)
        kept_by = _keeper(caller, paper.school_id)
        media_type = await asyncio.to_thread(media_type_of, paper.path, paper.name, request.headers.get("content-type"))
        await store.put(paper.sha256, paper.path)
    fact = Attachment(
        school_id=kept_by, sha256=paper.sha256, size=paper.size, media_type=media_type, name=paper.name or None
    )
    return await _record(ledger, fact, sender_of(request, caller))


@router.get("", response_model=None)
async def list_attachments(
    request: Request,
    caller: LedgerReader,
    ledger: Ledger,
    school_id: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """The papers that the caller may see, by keeper and digest: size, type and name, without their content."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_LIST, school_id, *after, limit + 1)
    items = [
        {
            "sha256": row["sha256"],
            "school_id": row["kept_by"],
            "size": row["size_bytes"],
            "media_type": row["media_type"],
            "name": row["name"],
            "recorded_at": row["recorded_at"],
        }
        for row in rows[:limit]
    ]
    last = (rows[limit - 1]["kept_by"], rows[limit - 1]["sha256"]) if len(rows) > limit else None
    return page_response(request, items, last)


@router.get("/{sha256}", response_class=Response, responses={200: {"content": {each: {} for each in TAKEN}}})
async def get_attachment(request: Request, sha256: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """The file, if it still is what was uploaded: its digest is compared before a byte is given out."""
    async with reading(ledger.pool, caller.visible) as connection:
        row = await connection.fetchrow(_KEPT, sha256, None)
    if row is None:
        raise Refused("not_found")
    headers = {
        "ETag": f'"{sha256}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'] or sha256, safe='')}",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    store: AttachmentStore = request.app.state.attachments
    await store.check(sha256)
    headers["Content-Length"] = str(row["size_bytes"])
    return StreamingResponse(store.read(sha256), media_type=row["media_type"], headers=headers)


def _keeper(caller: Caller, school_id: str | None) -> str:
    """Whose chain tells of the paper: the school named, the caller's only one, or the caller's office.

    Raises Invalid: unknown_school (404) when it is not the caller's, missing_field when it has several and names none.
    """
    if school_id is None:
        if caller.kind == "bureau":
            return BUREAU
        if caller.visible.stage is not None:
            return CENTRES[caller.visible.stage]
        if len(caller.visible.schools) == 1:
            return caller.visible.schools[0]
        raise Invalid([Fault("/school_id", "missing_field", {"field": "school_id"})])
    if not caller.may_write_for(school_id):
        raise Invalid([Fault("/school_id", "unknown_school", {"school_id": school_id})], status=404)
    return school_id


async def _arrive(request: Request, into: Any, *, school_id: str | None, name: str | None) -> _Paper:
    """Write the body to disk piece by piece. Raises Refused: body_too_large, empty_body, stalled_body, malformed_form."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        digest, size = await _write(within_limits(request.stream()), into)
        return _Paper(Path(into.name), digest, size, name, school_id)
    bounded = within_limits(request.stream(), limit_bytes=BODY_LIMIT_BYTES + FORM_BYTES)
    try:
        form = await MultiPartParser(request.headers, bounded, max_files=1, max_fields=2).parse()
    except (MultiPartException, FormParserError) as error:
        raise Refused("malformed_form", reason=str(error)) from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refused("malformed_form", reason="file")
        digest, size = await _write(_pieces_of(file), into)
        said = {key: value for key, value in form.items() if isinstance(value, str)}
        return _Paper(
            Path(into.name),
            digest,
            size,
            _file_name(name or said.get("name") or file.filename),
            school_id or said.get("school_id"),
        )
    finally:
        await form.close()


def _file_name(given: str | None) -> str | None:
    """The name without its path, and without what no name holds."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:NAME_LENGTH] or None


async def _pieces_of(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(READ_BYTES):
        yield piece


async def _write(pieces: AsyncIterator[bytes], into: IO[bytes]) -> tuple[str, int]:
    """The digest and size of what was written; raises Refused when it is nothing or too much."""
    digest, size = sha256(), 0
    async for piece in pieces:
        size += len(piece)
        if size > BODY_LIMIT_BYTES:
            raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
        digest.update(piece)
        into.write(piece)
    if size == 0:
        raise Refused("empty_body")
    into.flush()
    return digest.hexdigest(), size


def media_type_of(path: Path, name: str | None, declared: str | None) -> str:
    """The type of a file by its content; `name` and `declared` tell only a table from other text.

    Raises Refused (415) when it is none that is taken: a program, a page, a packed archive, an office file with macros.
    """
    try:
        guesses = puremagic.magic_file(path)
    except (puremagic.PureError, ValueError):
        guesses = []
    best = max(guesses, key=lambda guess: guess.confidence, default=None)
    if best is not None and best.mime_type in {PDF, JPEG, PNG}:
        return str(best.mime_type)
    if zipfile.is_zipfile(path) and (office := _office_type(path)) is not None:
        return office
    if _is_text(path):
        is_table = (name or "").lower().endswith(".csv") or (declared or "").lower().startswith(CSV)
        return CSV if is_table else TEXT
    found = best.mime_type if best is not None and best.mime_type else "application/octet-stream"
    raise Refused("unsupported_media_type", given=found, wanted="PDF, JPEG, PNG, XLSX, DOCX, CSV, TXT")


def _office_type(path: Path) -> str | None:
    """A workbook or a text document, by its main part; none when it is another archive or brings programs along."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = {part.lower() for part in packed.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        # Broken, or of a version of zip that no office file has.
        return None
    if "[content_types].xml" not in parts or any(part.endswith(_PROGRAMS) for part in parts):
        return None
    return next((office for main, office in _MAIN_PARTS.items() if main in parts), None)


def _is_text(path: Path) -> bool:
    """Whether it is text that a browser would not run: UTF-8 or GB 18030, no control characters, no markup."""
    return any(_decodes(path, encoding) for encoding in ("utf-8-sig", "gb18030"))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = getincrementaldecoder(encoding)()
    beginning = True
    with path.open("rb") as file:
        try:
            while piece := file.read(READ_BYTES):
                text = decoder.decode(piece)
                if not text.translate(_BREAKS).isprintable() or (beginning and text.lstrip()[:1] == "<"):
                    return False
                beginning = False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


# Ideographic and other spaces are not printable to Python, and are in any Chinese text.
_BREAKS = {ord(each): " " for each in "\t\n\r\f\u00a0\u3000\u2002\u2003\u2009\u200b\ufeff\u2028\u2029"}


async def _record(ledger: LedgerWriterOfFacts, fact: Attachment, sender: Sender) -> AttachmentReceipt:
    """Put the fact into the keeper's chain; what is there already is unchanged, and keeps its first name."""
    earlier = await _receipt_of_earlier(ledger, fact, sender.caller)
    if earlier is not None:
        return earlier
    try:
        receipt = await ledger.append_entries(ATTACHMENTS, Decoded([fact], "object"), _first(sender))
    except Refused as refused:
        earlier = await _receipt_of_earlier(ledger, fact, sender.caller)
        if refused.code != "precondition_failed" or earlier is None:
            raise
        return earlier
    return AttachmentReceipt(**receipt.model_dump(), **_told(fact))


def _first(sender: Sender) -> Sender:
    """Two who send the same at once: one is there first, and the other's is unchanged."""
    return Sender(sender.caller, sender.request_id, precondition=Precondition("none"))


async def _receipt_of_earlier(
    ledger: LedgerWriterOfFacts, fact: Attachment, caller: Caller
) -> AttachmentReceipt | None:
    async with reading(ledger.pool, caller.visible) as connection:
        row = await connection.fetchrow(_KEPT, fact.sha256, fact.school_id)
    if row is None:
        return None
    return AttachmentReceipt(
        batch_id=str(row["batch_id"]),
        received=1,
        created=0,
        revised=0,
        unchanged=1,
        rejected=0,
        errors=[],
        chains=[ChainPosition(school_id=fact.school_id, seq=row["seq"], head=row["head"].hex())],
        recorded_at=row["recorded_at"],
        sha256=fact.sha256,
        size=row["size_bytes"],
        media_type=row["media_type"],
        name=row["name"],
        school_id=fact.school_id,
    )


def _told(fact: Attachment) -> dict[str, Any]:
    return {
        "sha256": fact.sha256,
        "size": fact.size,
        "media_type": fact.media_type,
        "name": fact.name,
        "school_id": fact.school_id,
    }
