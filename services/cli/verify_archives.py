"""What a verification does about school years that lie in an archive: reads them too, or knows what it does not see."""

import gzip
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from services.cli.archive import TABLES, ArchiveRefused, check_files, read_manifest, said_of

_SAID = """
    select key::integer as year, content
    from ledger.current_entry
    where school_id = 'district' and resource = 'archives'
"""
_LISTED = """
    select year, encode(ledger.archived_batches_digest(year), 'hex') as digest
    from (select distinct year from ledger.archived_batch union select unnest(ledger.archived_years())) as listed (year)
    order by year
"""


@dataclass(frozen=True)
class AtHand:
    """The archived years whose records this connection reads beside the others; what is wrong with an archive, by year."""

    years: Collection[int] = ()
    broken: Sequence[tuple[int, str]] = ()

    def with_archived(self, query: str) -> str:
        """The query with the archived records among the others."""
        for name in TABLES if self.years else ():
            both = f"(select * from ledger.{name} union all select * from pg_temp.archived_{name}) as {name}"  # noqa: S608 our names
            query = query.replace(f"from ledger.{name}", f"from {both}")
        return query


async def archives_at_hand(connection: asyncpg.Connection, places: Sequence[Path]) -> AtHand:
    """Read archives into tables of the connection's own. Raises ArchiveRefused for what is no archive of this ledger."""
    said = {row["year"]: msgspec.json.decode(row["content"]) for row in await connection.fetch(_SAID)}
    broken = [
        (row["year"], "the list of archived batches is not what the archive's entry says")
        for row in await connection.fetch(_LISTED)
        if said.get(row["year"], {}).get("batches_sha256") != row["digest"]
    ]
    years = set()
    for name in TABLES if places else ():
        await connection.execute(f"create temp table archived_{name} (like ledger.{name})")
    for place in places:
        manifest = read_manifest(place)
        if manifest.year not in said:
            raise ArchiveRefused(
                f"{place}: the district's chain knows of no archive of {manifest.year}; is it back already?"
            )
        try:
            check_files(place, manifest)
        except ArchiveRefused as error:
            broken.append((manifest.year, str(error)))
            continue
        if said_of(manifest, said[manifest.year]["batches_sha256"]) != said[manifest.year]:
            broken.append((manifest.year, f"{place} is not what the archive's entry says"))
            continue
        for name, table in manifest.tables.items():
            with gzip.open(place / table.file) as source:
                await connection.copy_to_table(
                    f"archived_{name}", source=source, columns=list(table.columns), format="csv", header=True
                )
        years.add(manifest.year)
    for name in TABLES if years else ():
        await connection.execute(f"create index on archived_{name} (school_id)")
        await connection.execute(f"analyze archived_{name}")
    return AtHand(years, broken)


async def archived_batches(connection: asyncpg.Connection, school_id: str, at_hand: AtHand) -> Collection[UUID]:
    """The batches of a school of which records lie in an archive that is not at hand."""
    rows = await connection.fetch(
        "select distinct batch_id from ledger.archived_batch where school_id = $1 and year <> all ($2::integer[])",
        school_id,
        list(at_hand.years),
    )
    return {row["batch_id"] for row in rows}
