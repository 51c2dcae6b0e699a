"""A cluster of Citus, as far as plain PostgreSQL can tell: where tables lie, what their keys are, what statements join."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
CITUS = ROOT / "deploy" / "citus"
PAGE = ROOT / "docs" / "scale-out.md"


@pytest.fixture(scope="module")
def shapes() -> ModuleType:
    """deploy/citus/shapes.py, which is a script."""
    spec = importlib.util.spec_from_file_location("shapes", CITUS / "shapes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The newest schema with a partition, on plain PostgreSQL."""
    with psycopg.connect(database_url) as connection:
        connection.execute("select ledger.ensure_partitions('2025-09-01', '2025-09-30')")
        yield connection
        connection.rollback()


TABLES = """
select c.oid::regclass::text
from pg_class as c
where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace in ('ledger'::regnamespace, 'audit'::regnamespace)
"""

KEYS = """
select
    c.oid::regclass::text,
    array(select attname from pg_attribute where attrelid = c.oid and attnum = any (i.indkey))
from pg_index as i
inner join pg_class as c on c.oid = i.indrelid
where i.indisunique and not c.relispartition and c.relnamespace in ('ledger'::regnamespace, 'audit'::regnamespace)
"""

# In place of the extension: what it would be told.
STAND_IN = """
create table public.told (name text, by text, beside text);
create function public.create_distributed_table(name text, by text, colocate_with text) returns void
language sql as 'insert into public.told values (name, by, colocate_with)'
"""


def test_every_table_has_its_place(shapes: ModuleType, database: psycopg.Connection[Any]) -> None:
    placed = [
        *shapes.placement()["coordinator"],
        *(t for kept in shapes.placement()["distributed"].values() for t in kept),
    ]
    assert sorted(placed) == sorted(row[0] for row in database.execute(TABLES))


def test_every_key_of_a_distributed_table_contains_its_column(
    shapes: ModuleType, database: psycopg.Connection[Any]
) -> None:
    keys = database.execute(KEYS).fetchall()
    assert {table for table, _ in keys} > {"ledger.entry", "ledger.session_revision", "audit.staff_day"}
    assert [
        (table, key) for table, key in keys if (column := shapes.column_of(table)) is not None and column not in key
    ] == []


def test_the_script_distributes_as_the_placement_says(shapes: ModuleType, database: psycopg.Connection[Any]) -> None:
    database.execute(STAND_IN)
    database.execute((CITUS / "distribute.sql").read_text("utf-8"))
    told = database.execute("select name, by, beside from public.told").fetchall()
    assert {(name, by) for name, by, _ in told} == {
        (table, column) for column, tables in shapes.placement()["distributed"].items() for table in tables
    }
    # Who is laid beside nobody begins a group.
    assert {name for name, _, beside in told if beside == "none"} == {"ledger.chain_head", "audit.staff_day"}
    assert {beside for _, _, beside in told} == {"none", "ledger.chain_head"}
    # What a request may see is then set as Citus hands it on: as it is set here, and gone with the transaction.
    database.execute("select ledger.let_see('', null, '3101150001,o''clock')")
    seen = database.execute(
        "select current_setting('taizhang.schools'), current_setting('taizhang.district')"
    ).fetchone()
    assert seen == ("3101150001,o'clock", "")


def test_the_page_lists_every_statement_with_its_shape(shapes: ModuleType, database: psycopg.Connection[Any]) -> None:
    page = PAGE.read_text("utf-8")
    assert shapes.table_of(database) in page, "python deploy/citus/shapes.py prints the tables of docs/scale-out.md"
    assert shapes.table_of_ingest() in page


def test_no_other_statement_does_what_citus_does_not(shapes: ModuleType, database: psycopg.Connection[Any]) -> None:
    assert shapes.breaks_of(database) == shapes.placement()["breaks"]


def test_a_join_on_something_else_is_told_from_one_on_the_school(
    shapes: ModuleType, database: psycopg.Connection[Any]
) -> None:
    def shape(sql: str) -> tuple[str, list[str]]:
        found = shapes.shape_of(shapes.plan_of(database, sql), sql)
        return found.kind, found.breaks

    two = "select 1 from ledger.entry as one inner join ledger.chain_entry as other"
    assert shape(f"{two} on one.school_id = other.school_id where one.school_id = :school_id") == ("single shard", [])
    assert shape(f"{two} on one.school_id = other.school_id where one.school_id = any(:school_ids)") == ("parallel", [])
    assert shape(f"{two} on one.batch_id = other.batch_id") == ("repartition", [])
    assert shape("select 1 from ledger.person") == ("coordinator", [])
    assert shape("select school_id, revision, 1 from ledger.entry group by grouping sets (school_id, revision)") == (
        "parallel",
        ["grouping sets"],
    )
    tied = (
        "select (select count(*) from audit.staff_day as day where day.staff_id = entry.key) from ledger.entry as entry"
    )
    assert shape(tied) == ("repartition", ["correlated with audit.staff_day"])
