"""The site: it has every page, no page that is not there, and asks nobody else for anything."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONFIGURATION = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def _pages(entries: list[Any]) -> list[str]:
    return [
        page
        for entry in entries
        for page in ([entry] if isinstance(entry, str) else _pages([*entry.values()][0]))  # noqa: RUF015 one value
    ]


def test_the_site_has_every_page_once() -> None:
    written = sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))
    assert sorted(_pages(CONFIGURATION["nav"])) == written


def test_whoever_reads_the_site_is_told_to_no_one() -> None:
    assert CONFIGURATION["theme"]["font"] is False, "else a page asks somebody for its letters"
    assert not CONFIGURATION.keys() & {"extra_javascript", "extra_css", "extra"}
    fences = [each for each in CONFIGURATION["markdown_extensions"] if isinstance(each, dict)]
    assert not fences, "a fence for mermaid would fetch it"


def test_what_builds_the_site_is_locked_apart() -> None:
    lock, of_the_product = ((ROOT / name).read_text("utf-8") for name in ("docs/site.lock", "requirements.lock"))
    pinned = [line for line in lock.splitlines() if not line.startswith((" ", "#"))]
    assert any(line.startswith("zensical==") for line in pinned)
    assert lock.count(" \\\n    --hash=sha256:") >= len(pinned)
    assert "zensical" not in of_the_product
    assert "://" not in lock
