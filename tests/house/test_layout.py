"""The house: the URL names the file, the tests mirror the code, nothing is dead, nothing grows too long."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from services.ledger_api import app as ledger_app
from services.reporting import app as reporting_app

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for room in ("services", "shared", "taizhang") for path in (ROOT / room).rglob("*.py"))
# Started by `python -m` or by Alembic, not imported.
STARTED_BY_NAME = frozenset(
    {
        "services/cli/main.py",
        "services/cli/guard.py",
        "services/cli/bench/references.py",
        "services/cli/machine_book.py",
        "services/cli/reference_book.py",
    }
)
MODULE_LINES, FUNCTION_LINES, USUAL_FUNCTION_LINES = 400, 70, 40


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


RESOURCES = [module for module in (*ledger_app.ROUTERS, *reporting_app.ROUTERS) if "/v1/" in str(_paths := [
    getattr(route, "path", "") for route in module.router.routes
])]  # fmt: skip


@pytest.mark.parametrize("module", RESOURCES, ids=lambda module: module.__name__)
def test_the_url_names_the_file(module: ModuleType) -> None:
    file = module.__name__.rpartition(".")[2].replace("_", "-")
    for route in module.router.routes:
        nouns = [part.replace(".", "-") for part in route.path.split("/") if part and not part.startswith("{")]
        assert file in nouns or (file, nouns[-1]) == ("listing", "findings"), route.path


@pytest.mark.parametrize("module", RESOURCES, ids=lambda module: module.__name__)
def test_every_resource_has_its_tests(module: ModuleType) -> None:
    _, *rooms, name = module.__name__.split(".")
    assert (ROOT / "tests").joinpath(*rooms, f"test_{name}.py").is_file()


def test_every_shared_module_serves_two() -> None:
    lonely = []
    for path in sorted((ROOT / "shared").glob("*.py")):
        users = {_room(user) for user in MODULES if user != path and _imports(user, f"shared.{path.stem}")}
        # What a neighbour in shared/ builds on serves whoever the neighbour serves.
        if path.stem != "__init__" and len(users) < 2 and "shared" not in users:
            lonely.append(path.name)
    assert not lonely


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "services" else parts[0]


def _imports(path: Path, module: str) -> bool:
    return module in _imported(path)


@cache
def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_no_module_is_dead() -> None:
    imported = set().union(*map(_imported, MODULES))
    dead = [
        _name(path)
        for path in MODULES
        if path.name != "__init__.py"
        and "migrations" not in path.parts
        # What a rule says in Python is loaded with its statement, by the same name.
        and not ("rules" in path.parts and path.with_suffix(".sql").is_file())
        and _name(path) not in STARTED_BY_NAME
        and _name(path).removesuffix(".py").replace("/", ".") not in imported
    ]
    assert not dead


def test_the_client_needs_httpx_and_nothing_else() -> None:
    needed = set().union(*(_imported(path) for path in (ROOT / "taizhang").rglob("*.py")))
    assert {name.partition(".")[0] for name in needed} - sys.stdlib_module_names == {"httpx", "taizhang"}


def test_no_sql_file_is_dead() -> None:
    code = "".join(path.read_text("utf-8") for path in MODULES)
    queries = [path for room in ("services", "shared") for path in (ROOT / room).rglob("*.sql")]
    assert queries
    # A rule is read by its folder; a report's query lies beside the module of its name.
    called = {path for path in queries if "rules" in path.parts or path.with_suffix(".py").is_file()}
    assert not [path.name for path in queries if path not in called and path.name not in code]


def test_modules_stay_short() -> None:
    long = {_name(path): lines for path in MODULES if (lines := path.read_text("utf-8").count("\n")) > MODULE_LINES}
    assert not long


def test_functions_stay_short() -> None:
    lengths = sorted(_function_lengths())
    assert lengths[-1][0] <= FUNCTION_LINES, lengths[-1]
    assert lengths[len(lengths) * 95 // 100][0] < USUAL_FUNCTION_LINES


def _function_lengths() -> Iterator[tuple[int, str]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield node.end_lineno - node.lineno + 1, f"{_name(path)}:{node.name}"


def test_imports_stand_at_the_top_outside_the_command_line() -> None:
    inside = [
        f"{_name(path)}:{function.name}"
        for path in MODULES
        if "cli" not in path.parts
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]
    assert not inside


def test_the_lock_has_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    requirements = re.split(r"\n(?=\S)", lock.strip())
    assert len(requirements) > 50
    for requirement in requirements:
        assert "==" in requirement.partition("\n")[0], requirement
        assert "--hash=sha256:" in requirement, requirement
    # An index, or a package from anywhere else, is an address.
    assert "://" not in lock
    assert "index-url" not in lock


@pytest.mark.parametrize("room", ["ledger_api", "audit_worker", "reporting", "cli"])
def test_names_that_say_nothing_are_not_used(room: str) -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager)(_|$)")
    names = [path.stem for path in (ROOT / "services" / room).rglob("*.py")]
    assert not [name for name in names if empty.search(name)]
