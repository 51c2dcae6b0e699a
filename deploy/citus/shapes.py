"""What each statement of the rules and reports is to a cluster that deploy/citus distributes: read from PostgreSQL's own plan.

`python deploy/citus/shapes.py DATABASE_URL` prints the table of docs/scale-out.md. The database is a migrated one of plain
PostgreSQL; nothing is written to it. A plan names, with every view opened up, which tables a statement reads and on what
they are joined; which rows lie together is placement.yaml's to say.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
APPEND = ROOT / "shared" / "migrations" / "sql" / "append.sql"
TOUCHES = re.compile(
    r"(insert into|update|from|join)\s+((?:ledger|audit)\.(?:chain_\w+|entry|session_revision|attendance_revision))\b"
)
BIND = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::)|:([a-z_][a-z0-9_]*)""", re.DOTALL)
CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", "Hash Cond", "Merge Cond", "Join Filter")
NAME = r'("[^"]+"|\w+)'
JOINED = re.compile(rf"{NAME}\.(\w+) = {NAME}\.(\w+)")
PINNED = re.compile(rf"{NAME}\.(\w+) = \(*(\$\d+)")
OF_DISTRICT = re.compile(rf"{NAME}\.school_id = 'district'::text")
# A full join's key is the one side's or the other's, which the join has made the same.
EITHER = re.compile(r"COALESCE\(([^(),]+), [^(),]+\)")
# What works on one shard alone, says the documentation of Citus.
SINGLE_SHARD_ONLY = re.compile(
    r"\b(for (?:no key )?(?:update|share)|tablesample|with recursive|grouping sets|rollup \(|cube \(|merge into)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Scan:
    """One look at a table: by which name, where in the plan."""

    table: str
    alias: str
    column: str | None
    within: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """What a statement is to the cluster. `district`: it also reads what the district's own registers say."""

    tables: list[str]
    kind: str
    district: bool
    breaks: list[str]


@cache
def placement() -> dict[str, Any]:
    """Which table lies where: placement.yaml."""
    read: dict[str, Any] = yaml.safe_load((HERE / "placement.yaml").read_text("utf-8"))
    return read


def column_of(table: str) -> str | None:
    """The column that a table is distributed by; None for one that the coordinator keeps. Raises KeyError for an unknown one."""
    for column, tables in placement()["distributed"].items():
        if table in tables:
            return str(column)
    if table in placement()["coordinator"]:
        return None
    raise KeyError(f"{table} has no place in deploy/citus/placement.yaml")


def statements() -> Iterator[Path]:
    """Every statement of rules and reports, in the order of its path."""
    for room in ("audit_worker", "reporting", "ledger_api"):
        yield from sorted((ROOT / "services" / room).rglob("*.sql"))


def numbered(sql: str) -> str:
    """The statement with its named binds as PostgreSQL's positions."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        if match[2] not in names:
            names.append(match[2])
        return f"${names.index(match[2]) + 1}"

    return BIND.sub(number, sql)


def plan_of(connection: psycopg.Connection[Any], sql: str) -> dict[str, Any]:
    """The plan for whatever the binds may be."""
    row = connection.execute(f"explain (generic_plan, verbose, costs off, format json) {numbered(sql)}").fetchone()  # type: ignore[call-overload]
    return {} if row is None else dict(row[0][0]["Plan"])


def nodes(node: dict[str, Any], within: tuple[str, ...] = ()) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every node of a plan, with the subplans that it lies in."""
    if "Subplan Name" in node:
        within = (*within, node["Subplan Name"])
    yield node, within
    for child in node.get("Plans", ()):
        yield from nodes(child, within)


def shape_of(plan: dict[str, Any], sql: str) -> Shape:
    """Which shards a plan reads, and whether what it joins lies together."""
    every = list(nodes(plan))
    conditions = [
        EITHER.sub(r"\1", node[name]) for node, _ in every for name in CONDITIONS if isinstance(node.get(name), str)
    ]
    of_district = {alias for condition in conditions for alias in OF_DISTRICT.findall(condition)}
    scans = {scan.alias: scan for scan in scans_of(every)}
    distributed = [scan for scan in scans.values() if scan.column is not None and scan.alias not in of_district]
    sources = Sources(every, {scan.alias: scan.column for scan in distributed if scan.column})
    groups = Groups()
    for condition in conditions:
        for left, one, right, other in JOINED.findall(condition):
            for near in sources.of(left, one):
                for far in sources.of(right, other):
                    if one == other or {scans[near].column, scans[far].column} == {one, other}:
                        groups.join(near, far)
        for alias, column, bind in PINNED.findall(condition):
            for near in sources.of(alias, column):
                groups.join(near, f"{column} = {bind}")
    parts = {groups.of(scan.alias) for scan in distributed}
    pinned = {groups.of(name) for name in groups.names() if " = " in name}
    kind = (
        "coordinator" if not distributed and not of_district
        else "repartition" if len(parts) > 1
        else "single shard" if parts <= pinned
        else "parallel"
    )  # fmt: skip
    breaks = []
    if kind in ("repartition", "parallel"):
        breaks = sorted({match.lower() for match in SINGLE_SHARD_ONLY.findall(sql)}) + correlated(distributed, groups)
    return Shape(sorted({scan.table for scan in scans.values()}), kind, bool(of_district), breaks)


def correlated(distributed: list[Scan], groups: "Groups") -> list[str]:
    """Subqueries asked once a row that are tied to that row by something else than the distribution column."""
    inside = [scan for scan in distributed if any(name.startswith("SubPlan") for name in scan.within)]
    outside = {groups.of(scan.alias) for scan in distributed if scan not in inside}
    return sorted(
        {f"correlated with {scan.table}" for scan in inside if outside and groups.of(scan.alias) not in outside}
    )


class Sources:
    """Which looks at tables a plan's names stand for: of a table, of a subquery, of a step with a name."""

    def __init__(self, every: list[tuple[dict[str, Any], tuple[str, ...]]], column_of_scan: dict[str, str]) -> None:
        self._columns = column_of_scan
        steps = {
            node["Subplan Name"].removeprefix("CTE "): node
            for node, _ in every
            if node.get("Subplan Name", "").startswith("CTE ")
        }
        self._roots: dict[str, dict[str, Any]] = {}
        for node, _ in every:
            if node["Node Type"] == "Subquery Scan":
                self._roots[node["Alias"]] = node["Plans"][0]
            elif node["Node Type"] == "CTE Scan" and node["CTE Name"] in steps:
                self._roots[node["Alias"]] = steps[node["CTE Name"]]

    def of(self, alias: str, column: str) -> set[str]:
        """The looks at distributed tables that `alias.column` is the distribution column of."""
        alias = alias.strip('"')
        if alias in self._roots:
            return self._handed_up(self._roots[alias], column)
        return {alias} if self._columns.get(alias) == column else set()

    def _handed_up(self, node: dict[str, Any], column: str) -> set[str]:
        named = [re.fullmatch(rf"\(*{NAME}\.{column}\)*", each) for each in node.get("Output", ())]
        found = [each[1].strip('"') for each in named if each]
        known = {each for alias in found for each in self.of(alias, column)} if node["Node Type"] != "Append" else set()
        if known:
            return known
        # A union's parts; or a node that names what another one below it named otherwise.
        return {each for child in node.get("Plans", ()) for each in self._handed_up(child, column)}


def scans_of(every: list[tuple[dict[str, Any], tuple[str, ...]]]) -> Iterator[Scan]:
    """Every look at a table of ours."""
    for node, within in every:
        if "Relation Name" in node and node["Schema"] in ("ledger", "audit"):
            table = re.sub(r"_\d{4}$", "", f"{node['Schema']}.{node['Relation Name']}")
            yield Scan(table, node["Alias"], column_of(table), within)


class Groups:
    """Names that were found to lie together."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The one that stands for all that lie together with it."""
        while (above := self._above.setdefault(name, name)) != name:
            name = above
        return name

    def join(self, one: str, other: str) -> None:
        """They lie together."""
        self._above[self.of(one)] = self.of(other)

    def names(self) -> list[str]:
        """All that were joined or asked for."""
        return list(self._above)


def table_of(connection: psycopg.Connection[Any]) -> str:
    """The table of docs/scale-out.md: a line a statement."""
    lines = ["| statement | shape | the district's registers | reads |", "| --- | --- | --- | --- |"]
    for path in statements():
        sql = path.read_text("utf-8")
        shape = shape_of(plan_of(connection, sql), sql)
        tables = ", ".join(table.partition(".")[2] for table in shape.tables)
        lines.append(f"| `{name_of(path)}` | {shape.kind} | {'yes' if shape.district else ''} | {tables} |")
    return "\n".join(lines) + "\n"


def table_of_ingest() -> str:
    """The same of the functions that append, read from their text: a line a statement that touches a distributed table."""
    lines = ["| function | statement | shape |", "| --- | --- | --- |"]
    for function, body in re.findall(r"create function (\S+?)\(.*?\$\$(.*?)\$\$", APPEND.read_text("utf-8"), re.DOTALL):
        for statement in re.sub(r"--[^\n]*", "", body).split(";"):
            touches = [match for match in TOUCHES.finditer(statement) if column_of(match[2]) is not None]
            if touches:
                lines.append(f"| `{function}` | `{touches[0][1]} {touches[0][2]}` | {shape_of_text(statement)} |")
    return "\n".join(lines) + "\n"


def shape_of_text(statement: str) -> str:
    """Of a statement of append.sql: one school's, or those of the batch's schools; raises ValueError when it is neither."""
    if re.search(r"school_id = (p_school_id|p_request\.schools\[place\])|values \(\s*p_school_id", statement):
        return "single shard"
    if re.search(r"school_id = \w+\.school_id|insert into \S+ \(school_id\)\s+select", statement):
        return "parallel: the schools of the batch"
    raise ValueError(f"no school is named: {statement}")


def breaks_of(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """The statements that do what Citus documents that it does not, and what that is."""
    shapes = {
        path: shape_of(plan_of(connection, sql), sql) for path in statements() for sql in [path.read_text("utf-8")]
    }
    return {name_of(path): shape.breaks for path, shape in shapes.items() if shape.breaks}


def name_of(path: Path) -> str:
    """A statement's name: its path below services/."""
    return str(path.relative_to(ROOT / "services"))


if __name__ == "__main__":
    with psycopg.connect(sys.argv[1]) as database:
        # A partition, so that there is something to plan; it is not kept.
        database.execute("select ledger.ensure_partitions('2025-09-01', '2025-09-30')")
        print(
            table_of(database), table_of_ingest(), yaml.safe_dump({"breaks": breaks_of(database)}, width=120), sep="\n"
        )
        database.rollback()
