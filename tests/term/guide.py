"""Runs a guide as its reader would: every `sh` block in one shell, in order, each answer held to the `json` block after it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_BLOCK = re.compile(r"^```sh\n(?P<commands>.*?)^```\n(?:\n```json\n(?P<answer>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
_END = "--- end of the block ---"
# What the reader has: the commands of this project, and `curl`, which no request keeps for ever.
_PRELUDE = """
set -eu
taizhang() { "$PYTHON" -m services.cli.main "$@"; }
if command -v curl > /dev/null; then curl() { command curl --max-time 60 "$@"; }
else curl() { "$PYTHON" "$STAND_IN" "$@"; }
fi
"""
# In the place of what differs each time.
ANYTHING = "…"


@dataclass(frozen=True)
class Block:
    """Commands, the answer of the last of them as far as it is shown, and their line in the guide."""

    commands: str
    answer: Any
    line: int


def blocks_of(guide: Path) -> Iterator[Block]:
    """The blocks in their order."""
    text = guide.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        answer = found["answer"]
        line = text[: found.start("commands")].count("\n") + 1
        yield Block(found["commands"], None if answer is None else json.loads(answer), line)


def follow(guide: Path, environment: Mapping[str, str], folder: Path, *, before: Callable[[Block], None]) -> None:
    """Run a guide in a folder; `before` hears of each block first. Raises AssertionError, which names the guide's line."""
    shell = subprocess.Popen(
        ["sh"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**environment, "PYTHON": sys.executable, "STAND_IN": str(Path(__file__).with_name("curl.py"))},
    )
    with shell:
        _run(shell, _PRELUDE)
        for block in blocks_of(guide):
            before(block)
            hold(block, _run(shell, block.commands), f"{guide.name}:{block.line}")


def _run(shell: "subprocess.Popen[str]", commands: str) -> list[str]:
    """What the commands wrote, line by line; the last line is where the shell went away, if it did."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{commands}\necho '{_END}'\n")
    shell.stdin.flush()
    written = []
    for line in shell.stdout:
        if line.rstrip("\n") == _END:
            return written
        written += [line.rstrip("\n")] if line.strip() else []
    return [*written, f"the shell ended with {shell.wait()}"]


def hold(block: Block, written: list[str], where: str) -> None:
    """The last answer is as it is shown, and nothing was refused that is not shown as refused."""
    answers = [_json_of(line, where) for line in written]
    for answer in answers if block.answer is None else answers[:-1]:
        refused = isinstance(answer, dict) and "code" in answer and answer.get("status", 0) >= 400
        assert not refused, f"{where}: refused: {answer}"
    if block.answer is not None:
        assert answers, f"{where}: nothing was answered"
        found = difference(answers[-1], block.answer, "")
        assert found is None, f"{where}: {found}\nin {json.dumps(answers[-1], ensure_ascii=False)}"


def _json_of(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise AssertionError(f"{where}: {line}") from error


def difference(answer: Any, shown: Any, at: str) -> str | None:
    """The first place where an answer is not what is shown of it: of an object some members, of a list every one."""
    if shown == ANYTHING:
        return None
    if isinstance(shown, dict) and isinstance(answer, dict):
        found = (
            difference(answer[name], value, f"{at}/{name}") if name in answer else f"{at}/{name} is missing"
            for name, value in shown.items()
        )
        return next(filter(None, found), None)
    if isinstance(shown, list) and isinstance(answer, list) and len(shown) == len(answer):
        found = (
            difference(one, other, f"{at}/{place}")
            for place, (one, other) in enumerate(zip(answer, shown, strict=True))
        )
        return next(filter(None, found), None)
    return None if answer == shown else f"{at or '/'} is {json.dumps(answer, ensure_ascii=False)}"
