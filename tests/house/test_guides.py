"""The guides: every command in them runs, and what they show in Chinese is what they show in English."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.embedded import Stores
from services.cli.processes import running_services
from services.cli.up import signing_key_of
from shared.settings import Settings
from tests.conftest import cloned

ROOT = Path(__file__).parents[2]
GUIDES = sorted(path for path in (ROOT / "docs/guides").glob("*.md") if not path.stem.endswith(".zh-CN"))
WITH_COMMANDS = [guide for guide in GUIDES if "```bash" in guide.read_text("utf-8")]
OUR_CURL = f"#!/bin/sh\nexec '{sys.executable}' '{ROOT}/tests/world/curl.py' \"$@\"\n"


def _commands(guide: Path) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def surroundings(stores: Stores, standard: str) -> Iterator[dict[str, str]]:
    """The environment of a shell beside a ledger API and reporting that run over the standard schools."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-guides-"))
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with cloned(stores, standard) as url:
        own = Stores(url, stores.redis_url)
        with running_services(settings, own, signing_key_of(settings), commands=("api", "reporting")) as running:
            yield {
                **running.environment,
                "LEDGER": running.ledger_url,
                "REPORTING": running.reporting_url,
                "NO_PROXY": "127.0.0.1",
            }
    shutil.rmtree(data_dir)


def _run(guide: Path, surroundings: dict[str, str], place: Path, first_on_the_path: list[str]) -> None:
    path = os.pathsep.join([*first_on_the_path, str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(_commands(guide))],
        cwd=place,
        env={**surroundings, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{guide.name}: {ran.stdout}\n{ran.stderr}"


def _with_our_curl(place: Path) -> list[str]:
    place.mkdir()
    (place / "curl").write_text(OUR_CURL, "utf-8")
    (place / "curl").chmod(0o755)
    return [str(place)]


@pytest.mark.parametrize("guide", WITH_COMMANDS, ids=lambda path: path.stem)
def test_the_commands_of_a_guide_run(guide: Path, surroundings: dict[str, str], tmp_path: Path) -> None:
    # A machine needs no curl to run the tests.
    _run(guide, surroundings, tmp_path, [] if shutil.which("curl") else _with_our_curl(tmp_path / "bin"))


def test_a_machine_without_curl_runs_them_too(surroundings: dict[str, str], tmp_path: Path) -> None:
    _run(ROOT / "docs/guides/operator.md", surroundings, tmp_path, _with_our_curl(tmp_path / "bin"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_says_the_same_in_chinese(guide: Path) -> None:
    chinese = guide.with_suffix(".zh-CN.md")
    assert _commands(chinese) == _commands(guide)
    linked = re.compile(r"\]\(([^)]+)\)")
    of_the_project = [
        sorted({link for link in linked.findall(page.read_text("utf-8")) if link.startswith("../")})
        for page in (guide, chinese)
    ]
    assert of_the_project[0] == of_the_project[1]
    assert chinese.read_text("utf-8").count("\n## ") == guide.read_text("utf-8").count("\n## ")
