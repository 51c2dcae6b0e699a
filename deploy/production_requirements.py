"""Prints of requirements.lock what production needs: no test, no embedded store, each with its hashes.

`python deploy/production_requirements.py` for the project itself, `… hatchling` for what another package needs. The lock
says under each package who asks for it; what is reached from the project's own dependencies stays.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = "taizhang (pyproject.toml)"


def production_requirements(lock: str, roots: Iterable[str]) -> str:
    """The part of the lock that `roots` and what they ask for come to; raises KeyError when the lock lacks a root."""
    entries = {_name(entry): entry for entry in re.split(r"\n(?=\S)", lock.strip())}
    wanted_by = {
        name: set(re.findall(r"^ +#(?: +via)? +(\S.*)$", entry, re.MULTILINE)) for name, entry in entries.items()
    }
    kept = {_name(entries[root]) for root in map(_name, roots)}
    while more := {name for name, by in wanted_by.items() if name not in kept and not kept.isdisjoint(by - {PROJECT})}:
        kept |= more
    return "".join(f"{entry}\n" for name, entry in entries.items() if name in kept)


def dependencies_of_the_project() -> list[str]:
    """The names under `dependencies` in pyproject.toml."""
    declared: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    return declared


def _name(requirement: str) -> str:
    """The name that a requirement begins with, as the lock spells it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    if found is None:
        raise ValueError(f"no requirement: {requirement!r}")
    return re.sub(r"[._-]+", "-", found[0]).lower()


if __name__ == "__main__":
    print(
        production_requirements(
            (ROOT / "requirements.lock").read_text("utf-8"), sys.argv[1:] or dependencies_of_the_project()
        ),
        end="",
    )
