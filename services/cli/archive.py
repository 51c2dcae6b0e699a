"""`taizhang archive`: a school year's sessions and rolls as files, out of the database, and brought back.

The files are complete, on the disk and read back before the partitions go; those go in one transaction with the entry in the
district's chain that says what the files are. Whatever dies, there is the partition or the complete file.
"""

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import msgspec
import psycopg
from psycopg import sql

from shared.chain import canonical, record_digest

# The partitioned facts. The rollups of schema audit are derived and stay: what was found and paid is still explained.
TABLES = ("session_revision", "attendance_revision")
MANIFEST = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20
# As migrations do (shared/migrations): a lock is waited for no longer than readers can bear, and asked for again.
LOCK_MS, ATTEMPTS, PAUSE_SECONDS = 4000, 40, 1.0
AGAIN = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class ArchiveRefused(Exception):
    """A year is not archived or not brought back; the message says why and what to do."""


@dataclass(frozen=True)
class ArchivedTable:
    """One file of an archive: CSV with a header, gzip; `sha256` of the file as it lies there, in hexadecimal."""

    file: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive holds; `year`: when its school year begins. `schema`: the version the rows are of."""

    format: int
    year: int
    schema: str
    made_at: str
    tables: dict[str, ArchivedTable]


def archive_year(database_url: str, year: int, out: Path, *, retention_years: int, today: date) -> Path:
    """Take a school year out of the database into `out`/YEAR; returns that directory.

    Raises ArchiveRefused: the year is to be kept for longer, is not there, is not audited yet, or an open case is about it.
    """
    kept_until = date(year + 1 + retention_years, 8, 31)
    if today <= kept_until:
        raise ArchiveRefused(
            f"the school year {year} stays in the database until {kept_until} (TAIZHANG_RETENTION_YEARS={retention_years})"
        )
    with psycopg.connect(database_url) as connection:
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        _require_done_with(connection, year)
        place = _write(connection, year, out)
    manifest = read_manifest(place)
    _again(database_url, lambda connection: _drop(connection, manifest))
    return place


def bring_back(database_url: str, place: Path) -> int:
    """Put the archive in the directory `place` back into the database; returns how many rows.

    Raises ArchiveRefused: the files are not what the manifest and the district's chain say, or the year is here already.
    """
    manifest = read_manifest(place)
    check_files(place, manifest)
    _again(database_url, lambda connection: _attach(connection, manifest, place))
    return sum(table.rows for table in manifest.tables.values())


def read_manifest(place: Path) -> Manifest:
    """The manifest of an archive. Raises ArchiveRefused when it is none of ours."""
    try:
        manifest = msgspec.json.decode((place / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ArchiveRefused(f"{place} is no archive: {error}") from error
    if manifest.format != FORMAT or set(manifest.tables) != set(TABLES):
        raise ArchiveRefused(f"{place / MANIFEST} is of a format that this version does not know")
    return manifest


def said_of(manifest: Manifest, batches_sha256: str) -> dict[str, Any]:
    """What the district's chain says of an archive."""
    tables = {name: {"rows": table.rows, "sha256": table.sha256} for name, table in manifest.tables.items()}
    return {"year": manifest.year, "schema": manifest.schema, "tables": tables, "batches_sha256": batches_sha256}


def _require_done_with(connection: psycopg.Connection, year: int) -> None:
    """Raises ArchiveRefused: the year is not here, not audited to its end, or an open case needs it."""
    archived = _value(connection, "select %s = any (ledger.archived_years())", year)
    if archived:
        raise ArchiveRefused(f"the school year {year} lies in an archive already")
    for name in TABLES:
        if _value(connection, "select to_regclass(%s)", f"ledger.{name}_{year}") is None:
            raise ArchiveRefused(f"there are no records of the school year {year}")
    waiting = _value(
        connection,
        "select count(*) from ledger.outbox where service_dates && array(select generate_series(%s::date, %s::date, '1 day')::date)",
        date(year, 9, 1),
        date(year + 1, 8, 31),
    )
    if waiting:
        raise ArchiveRefused(f"records of the school year {year} are not audited yet: let the worker come to its end")
    held_by = _value(
        connection,
        "select string_agg(distinct held_by, ', ' order by held_by) from ledger.open_case where days && daterange(%s, %s)",
        date(year, 9, 1),
        date(year + 1, 9, 1),
    )
    if held_by:
        raise ArchiveRefused(f"the school year {year} is held by cases that are open: {held_by}")


def _write(connection: psycopg.Connection, year: int, out: Path) -> Path:
    """Both tables as of one snapshot, into `out`/YEAR: fsynced and read back before it has this name."""
    half, whole = out / f"{year}.part", out / str(year)
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    connection.execute("set local datestyle = 'ISO'")
    connection.execute("set local timezone = 'UTC'")
    schema = _value(connection, "select version_num from public.alembic_version")
    tables = {name: _export(connection, name, year, half) for name in TABLES}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(format=FORMAT, year=year, schema=schema, made_at=made_at, tables=tables)
    with (half / MANIFEST).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        _sync(file)
    check_files(half, manifest)
    _sync_directory(half)
    # What an attempt that died left: the year is still in the database.
    shutil.rmtree(whole, ignore_errors=True)
    half.rename(whole)
    _sync_directory(out)
    return whole


def _export(connection: psycopg.Connection, name: str, year: int, into: Path) -> ArchivedTable:
    columns = [
        row[0]
        for row in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [f"ledger.{name}_{year}"],
        )
    ]
    table = sql.Identifier("ledger", f"{name}_{year}")
    rows: int = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()[0]  # type: ignore[index]
    query = sql.SQL(
        "copy (select {} from {} order by school_id, service_date, session_id, revision) to stdout (format csv, header)"
    ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), table)
    path = into / f"{name}.csv.gz"
    with path.open("wb") as file:
        # Without a time of its own: the same rows give the same file.
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed,
            connection.cursor().copy(query) as lines,
        ):
            for chunk in lines:
                packed.write(chunk)
        _sync(file)
    return ArchivedTable(path.name, tuple(columns), rows, _digest(path))


def check_files(place: Path, manifest: Manifest) -> None:
    """Read each file back: its digest, and so many rows behind its header. Raises ArchiveRefused."""
    for table in manifest.tables.values():
        path = place / table.file
        try:
            digest = _digest(path)
            rows = sum(1 for _row in _records(path)) - 1 if digest == table.sha256 else 0
        except (OSError, EOFError) as error:
            raise ArchiveRefused(f"{path} cannot be read: {error}") from error
        if digest != table.sha256 or rows != table.rows:
            raise ArchiveRefused(f"{path} is not what {MANIFEST} says: {table.rows} rows, sha256 {table.sha256}")


def _records(path: Path) -> Iterator[bytes]:
    """The records of a CSV file: lines, put together where a line feed stands inside quotes."""
    record = b""
    with gzip.open(path) as file:
        for line in file:
            record += line
            if record.count(b'"') % 2 == 0:
                yield record
                record = b""


def _drop(connection: psycopg.Connection, manifest: Manifest) -> None:
    """In one transaction: nobody writes, the rows are those of the files, the chain says so, and the partitions go."""
    year = manifest.year
    _hold_writers(connection)
    _require_done_with(connection, year)
    for name, table in manifest.tables.items():
        rows = _value(connection, f"select count(*) from ledger.{name}_{year}")  # noqa: S608 of our own names
        # A fact is never changed: as many rows are the same rows.
        if rows != table.rows:
            raise ArchiveRefused(f"records of the school year {year} came in meanwhile: archive it again")
    for name in TABLES:
        connection.execute(
            f"""
            insert into ledger.archived_batch (year, school_id, batch_id, rows)
            select %s, school_id, batch_id, count(*) from ledger.{name}_{year} group by school_id, batch_id
            """,  # noqa: S608 of our own names
            [year],
        )
    digest: bytes = _value(connection, "select ledger.archived_batches_digest(%s)", year)
    _tell(connection, year, "recorded", said_of(manifest, digest.hex()))
    for name in TABLES:
        partition = sql.Identifier("ledger", f"{name}_{year}")
        parent = sql.Identifier("ledger", name)
        connection.execute(sql.SQL("alter table {} detach partition {}").format(parent, partition))
        connection.execute(sql.SQL("drop table {}").format(partition))


def _attach(connection: psycopg.Connection, manifest: Manifest, place: Path) -> None:
    """In one transaction: the rows, the partitions that hold them, and the chain that says so."""
    year = manifest.year
    _hold_writers(connection)
    said = chained_archives(connection).get(year)
    if said is None:
        raise ArchiveRefused(f"the school year {year} does not lie in an archive: it is here")
    if said_of(manifest, said["batches_sha256"]) != said:
        raise ArchiveRefused(f"{place} is not the archive of which the district's chain speaks: {json.dumps(said)}")
    bounds = sql.Literal(date(year, 9, 1)), sql.Literal(date(year + 1, 9, 1))
    for name in TABLES:
        parent, partition = sql.Identifier("ledger", name), sql.Identifier("ledger", f"{name}_{year}")
        connection.execute(sql.SQL("create table {} (like {} including all)").format(partition, parent))
        load(connection, partition, place, manifest.tables[name])
        connection.execute(
            sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
                parent, partition, *bounds
            )
        )
    connection.execute("delete from ledger.archived_batch where year = %s", [year])
    _tell(connection, year, "void", said)


def load(connection: psycopg.Connection, table: sql.Composable, place: Path, archived: ArchivedTable) -> None:
    """Copy a file's rows into a table."""
    columns = sql.SQL(", ").join(map(sql.Identifier, archived.columns))
    query = sql.SQL("copy {} ({}) from stdin (format csv, header)").format(table, columns)
    with gzip.open(place / archived.file) as packed, connection.cursor().copy(query) as lines:
        while chunk := packed.read(CHUNK):
            lines.write(chunk)


def chained_archives(connection: psycopg.Connection) -> Mapping[int, dict[str, Any]]:
    """What the district's chain says of each year that lies in an archive."""
    rows = connection.execute(
        "select key::integer, content from ledger.current_entry where school_id = 'district' and resource = 'archives'"
    )
    return dict(rows.fetchall())


def _hold_writers(connection: psycopg.Connection) -> None:
    """Lock every school's chain, in the order in which appends do; what they checked records against has moved.

    An append that waits sees that afterwards, checks again, and is refused.
    """
    schools = _value(connection, 'select array_agg(school_id order by school_id collate "C") from ledger.chain_head')
    connection.execute("set local role taizhang_ledger")
    connection.execute(
        "select set_config('taizhang.district', 'on', true), set_config('taizhang.schools', %s, true)",
        [",".join(schools)],
    )
    connection.execute('select from ledger.chain_head order by school_id collate "C" for update')
    connection.execute("update ledger.chain_head set roll_version = roll_version + 1")
    connection.execute("reset role")


def _tell(connection: psycopg.Connection, year: int, state: str, said: Mapping[str, Any]) -> None:
    """Append to the district's chain what became of a year, by the same function as every other entry."""
    content = canonical(said)
    digest = record_digest(("archives", "district", str(year), None, state, msgspec.Raw(content)))
    connection.execute("set local role taizhang_ledger")
    connection.execute(
        """
        select ledger.append_entries(
            row (
                %s, 'taizhang archive', null, true, 'district', null, 1, array['district'], array[null]::integer[], null
            )::ledger.request,
            'archives', true, '{district}', %s, '{null}', %s, %s::text[]::text, %s::bytea[]::text, '{null}'
        )
        """,
        [uuid4(), f"{{{year}}}", f"{{{state}}}", [content.decode()], [digest]],
    )
    connection.execute("reset role")


def _again(database_url: str, change: Callable[[psycopg.Connection], None]) -> None:
    """One transaction, tried again where it did not get its locks. Raises psycopg.errors.LockNotAvailable at last."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with psycopg.connect(database_url) as connection:
                connection.execute(f"set lock_timeout = {LOCK_MS}")
                connection.execute("set datestyle = 'ISO'")
                connection.commit()
                change(connection)
                return
        except AGAIN:
            if not left:
                raise
            time.sleep(PAUSE_SECONDS)


def _value(connection: psycopg.Connection, query: str, *arguments: object) -> Any:
    row = connection.execute(query, arguments).fetchone()
    return None if row is None else row[0]


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
