"""SQL takes values as parameters: no statement is put together from them, but where it is said by name and why.

Ruff's S608 sees only what is built together with its `from`; this looks at whatever a connection is handed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for room in ("services", "shared") for path in (ROOT / room).rglob("*.py"))
HANDS_OVER = frozenset(
    {"execute", "executemany", "fetch", "fetchrow", "fetchval", "cursor", "prepare", "copy", "parse", "text"}
)
# Where a statement has a part that is no constant: identifiers and numbers of our own, and why it is no parameter.
BUILT = {
    "shared/database.py:reading": "what a request may see, quoted: two statements at once take no parameters",
    "services/audit_worker/side_by_side.py:readers_beside": "a snapshot's name, quoted: the statement takes no parameter",
    "services/cli/archive.py:_drop": "partitions by the year, a number",
    "services/cli/backup.py:restore": "names of PostgreSQL's settings, written above it: no parameter can be a name",
    "services/cli/verify_archives.py:archives_at_hand": "the archived tables' names, ours",
    "services/cli/bench/report.py:_deepen": "tables, columns and numbers of the benchmark's own",
    "services/cli/bench/store.py:bytes_a_mark": "tables and columns of the benchmark's own",
}


_KNOWN = ast.Constant | ast.JoinedStr | ast.BinOp | ast.IfExp | ast.Name
_ROOMS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _assigned(body: ast.AST) -> dict[str, list[ast.expr]]:
    """Name → what it is given, anywhere in the body."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    given.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name) and node.value:
            given.setdefault(node.target.id, []).append(node.value)
    return given


def _is_built(text: ast.expr, given: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> bool:  # noqa: PLR0911 a case each
    """Whether a text has a part that is neither written there nor a constant."""

    def inside(part: ast.expr) -> bool:
        """A part of a text: what nobody knows is no constant."""
        if isinstance(part, ast.Name) and (part.id not in given or part.id in seen):
            return not part.id.lstrip("_").isupper()
        return not isinstance(part, _KNOWN) or _is_built(part, given, seen)

    match text:
        case ast.JoinedStr():
            return any(inside(part.value) for part in text.values if isinstance(part, ast.FormattedValue))
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return inside(text.left) or inside(text.right)
        case ast.Call(func=ast.Attribute(attr="encode", value=of)):
            return _is_built(of, given, seen)
        case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Call(func=ast.Attribute(attr="SQL")) as of)):
            # psycopg's composition quotes each part as what it is.
            return any(_is_built(each, given, seen) for each in of.args)
        case ast.Call(func=ast.Attribute(attr="format", value=of), args=[], keywords=parts):
            return any(inside(part) for part in (of, *(each.value for each in parts)))
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "join" | "replace")):
            return True
        case ast.IfExp():
            return any(_is_built(each, given, seen) for each in (text.body, text.orelse))
        case ast.Name() if text.id not in seen:
            return any(_is_built(each, given, seen | {text.id}) for each in given.get(text.id, ()))
    return False


def _built_in(source: str) -> Iterator[str]:
    """The functions that hand a connection a statement that was put together; '' for the module itself."""
    module = ast.parse(source)
    outside = _assigned(ast.Module([each for each in module.body if not isinstance(each, _ROOMS)], []))
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in HANDS_OVER:
            within = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
            given = outside | (_assigned(within[-1]) if within else {})
            if any(_is_built(argument, given) for argument in node.args[:1]):
                yield within[-1].name if within else ""


def test_no_statement_is_put_together_from_values() -> None:
    found = {f"{path.relative_to(ROOT)}:{name}" for path in MODULES for name in _built_in(path.read_text("utf-8"))}
    assert found == BUILT.keys()


@pytest.mark.parametrize(
    "handed",
    [
        'f"delete from t where id = {key}"', '"delete from t where id = %s" % key', '"delete from t where id = " + key',
        '"delete from {}".format(key)', '"delete from {table}".format(table=key)', 'sql.SQL(f"drop {key}").format(key)',
        '" ".join(["delete from t", key])', "built", 'f"lock {key}".encode()',
    ],
)  # fmt: skip
def test_each_way_to_put_one_together_is_seen(handed: str) -> None:
    source = f'def drop(connection, key):\n    built = f"set x = {{key}}"\n    connection.execute({handed})\n'
    assert list(_built_in(source)) == ["drop"]


def test_values_as_parameters_and_constants_are_no_fault() -> None:
    source = '_T = "t"\ndef drop(connection, key):\n    connection.execute(f"delete from {_T} where id = $1", key)\n'
    source += '    connection.execute(sql.SQL("drop table {}").format(sql.Identifier(key)))\n'
    source += '    connection.execute("select from {t}".format(t="t"))\n'
    assert list(_built_in(source)) == []
