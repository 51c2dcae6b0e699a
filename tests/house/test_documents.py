"""The documents say what the code does: errors, settings, commands, links, and every example runs."""

import re
from pathlib import Path

import pytest

from shared.problems import CATALOGUE
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = "".join(
    path.read_text("utf-8") for room in ("services", "shared") for path in sorted((ROOT / room).rglob("*.py"))
)
# Whatever else FastAPI itself refuses arrives under this one; the status is FastAPI's.
FROM_THE_FRAMEWORK = frozenset({"http_error", "method_not_allowed"})


def _rows(document: str) -> list[list[str]]:
    """The cells of every table row whose first cell is code."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def test_every_error_is_explained_with_its_status() -> None:
    explained = {cells[0].strip("`"): cells[1][:3] for cells in _rows("errors.md")}
    assert explained == {code: str(kind.status) for code, kind in CATALOGUE.items()}


@pytest.mark.parametrize("code", sorted(set(CATALOGUE) - FROM_THE_FRAMEWORK))
def test_every_error_can_happen(code: str) -> None:
    beyond_the_catalogue = CODE.count(f'"{code}"') - 1
    assert beyond_the_catalogue > 0


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {cells[0].strip("`"): cells[1] for cells in _rows("settings.md")}
    assert documented.keys() == {f"TAIZHANG_{name.upper()}" for name in Settings.model_fields}
    for name, setting in Settings.model_fields.items():
        if setting.default is not None:
            assert documented[f"TAIZHANG_{name.upper()}"] == f"`{setting.default}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "#")):
            assert (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_named_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", f"{shell}\n{text}", re.MULTILINE)) <= targets


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_a_readme_opens_with_what_it_is_and_two_commands(readme: str) -> None:
    opening = (ROOT / readme).read_text("utf-8").split("```sh\n")[1].splitlines()[:2]
    assert [line.split("#")[0].strip() for line in opening] == ["make demo", "make test"]


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_a_figure_of_a_readme_stands_where_it_was_measured(readme: str) -> None:
    rows = re.findall(r"^\| (\S+) \|[^|]+\| ([^|]+) \|[^|]*\| `taizhang bench (\w+)` \|$", _read(readme), re.MULTILINE)
    assert len(rows) > 5
    measured = [line for file in ("docs/performance.md", "docs/accuracy.md") for line in _read(file).splitlines()]
    for name, figure, _command in rows:
        of_its_name = [line for line in measured if line.startswith(f"| {name}")]
        assert any(re.search(rf"[|(] ?{re.escape(figure)}(?= )", line) for line in of_its_name), (name, figure)


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_a_readme_shows_the_page_in_few_bytes(readme: str) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", _read(readme))
    assert len(shown) == 1
    assert (ROOT / shown[0]).stat().st_size <= 150_000


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_tests_that_prove_a_claim_exist(readme: str) -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / readme).read_text("utf-8"))
    assert named
    assert all((ROOT / path).exists() for path in named)
