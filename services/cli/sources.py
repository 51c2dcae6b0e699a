"""What `taizhang push` can read: NDJSON, CSV and XLSX files, folders of them, OneRoster zips; as bodies to post."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from openpyxl import load_workbook

from services.cli.oneroster import read_rosters
from services.ledger_api.discovery import POSTING_ORDER

# One request's share of a file: a few hundred milliseconds of work for the ledger.
CHUNK_BYTES = 1 * 1024 * 1024
ROWS_AT_ONCE = 5000
SUFFIXES = (".ndjson", ".csv", ".xlsx", ".zip")
NDJSON, CSV = "application/x-ndjson", "text/csv"
_NAME = re.compile(r"^(?:[0-9]+-)?(.+?)(?:-[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)?(?:-corrections|-late)?$")


class SourceUnreadable(Exception):
    """A file cannot be pushed; the message names it and says what to do."""


@dataclass(frozen=True)
class Chunk:
    """One request's body. first_row: the number of its first record or row in the source, counted from 0."""

    content: bytes
    content_type: str
    first_row: int


@dataclass(frozen=True)
class Source:
    """Records of one resource in one file (or one sheet of it)."""

    path: Path
    resource: str
    content_type: str
    content: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes to read."""
        return self.path.stat().st_size if self.content is None else len(self.content)

    def chunks(self) -> Iterator[Chunk]:
        """The bodies, each whole records."""
        return self._lines() if self.content_type == NDJSON else self._rows()

    def _lines(self) -> Iterator[Chunk]:
        first = 0
        with self.path.open("rb") if self.content is None else io.BytesIO(self.content) as lines:
            while taken := lines.readlines(CHUNK_BYTES):
                yield Chunk(b"".join(taken), NDJSON, first)
                first += len(taken)

    def _rows(self) -> Iterator[Chunk]:
        header, *body = self._cells()
        own = [place for place, cell in enumerate(header) if "." not in (cell.split() or [""])[-1]]
        start = 0
        while start < len(body):
            end = min(start + ROWS_AT_ONCE, len(body))
            # The elements of a record's lists stand in rows that follow: they travel with it.
            while end < len(body) and len(own) < len(header) and _continues(body[end - 1], body[end], own):
                end += 1
            out = io.StringIO(newline="")
            csv.writer(out).writerows([header, *body[start:end]])
            yield Chunk(out.getvalue().encode(), CSV, start)
            start = end

    def _cells(self) -> list[list[str]]:
        try:
            text = _text_of(self.path.read_bytes() if self.content is None else self.content)
            delimiter = max(",\t;", key=text.partition("\n")[0].count)
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceUnreadable(f"{self.path}: not a CSV file in UTF-8 or GB 18030 ({error})") from error
        if not rows:
            raise SourceUnreadable(f"{self.path}: it is empty; its first row names the columns")
        return rows


def _continues(before: Sequence[str], row: Sequence[str], own: Sequence[int]) -> bool:
    itself = [row[place].strip() for place in own if place < len(row)]
    return not any(itself) or itself == [before[place].strip() for place in own if place < len(before)]


def _text_of(content: bytes) -> str:
    """UTF-8, or what Chinese spreadsheets save instead."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def sources_of(paths: Sequence[Path], *, resource: str | None = None) -> list[Source]:
    """The sources that files and folders hold, in the order that nothing refers to what is not there yet.

    `resource`: what the files hold where their names do not say it. Raises SourceUnreadable.
    """
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.stem != "labels")
            found.extend(source for each in inside for source in _sources_in(each, resource))
        elif path.exists():
            found.extend(_sources_in(path, resource))
        else:
            raise SourceUnreadable(f"{path} is not there")
    return found


def _sources_in(path: Path, resource: str | None) -> list[Source]:
    match path.suffix:
        case ".ndjson":
            return [Source(path, resource or _resource_of(path), NDJSON)]
        case ".csv":
            return [Source(path, resource or _resource_of(path), CSV)]
        case ".xlsx":
            return _sheets_of(path, resource)
        case ".zip":
            return [Source(path, name, NDJSON, content) for name, content in read_rosters(path)]
    raise SourceUnreadable(f"{path}: NDJSON, CSV, XLSX files and OneRoster zips can be pushed, by their endings")


def _resource_of(path: Path) -> str:
    """The resource that a file's name says: `10-sessions-2025-09.ndjson` → `sessions`."""
    named = _NAME.match(path.stem)
    if named is None or named[1] not in POSTING_ORDER:
        raise SourceUnreadable(
            f"{path}: the name says no resource; name it like sessions{path.suffix}, or say --resource ({', '.join(POSTING_ORDER)})"
        )
    return named[1]


def _sheets_of(path: Path, resource: str | None) -> list[Source]:
    """Each sheet that is named after a resource; else the first sheet, as the file's name or `resource` says."""
    try:
        return _sheets_in(path, resource)
    except SourceUnreadable:
        raise
    except Exception as error:
        # What is no workbook breaks the library wherever it happens to look first.
        raise SourceUnreadable(f"{path}: not a workbook that can be read ({error}); save it again as XLSX") from error


def _sheets_in(path: Path, resource: str | None) -> list[Source]:
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        named = [sheet for sheet in book.worksheets if sheet.title in POSTING_ORDER]
        if not book.worksheets:
            raise SourceUnreadable(f"{path}: the workbook has no sheet")
        if not named:
            return [Source(path, resource or _resource_of(path), CSV, _as_csv(book.worksheets[0].values))]
        return [
            Source(path, sheet.title, CSV, _as_csv(sheet.values))
            for sheet in sorted(named, key=lambda sheet: POSTING_ORDER.index(sheet.title))
        ]
    finally:
        book.close()


def _as_csv(rows: "Iterator[tuple[object, ...]]") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    """A cell as the ledger reads it: dates and times as they are written there, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
