"""Several rules as one statement: to ask the store once for each of ninety rules takes longer than to answer most of them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from services.audit_worker.catalogue import FINDING_COLUMNS, SCOPE_BINDS, Rule
from shared.database import Statement

# Which of its rules are asked, by code. The others' branches are not run.
ASKED = "asked"
# One bind stands in many rules: said here what it is, since the first to name it would decide for the others.
_TYPES = {"school_ids": "text[]", "staff_ids": "text[]", "first_day": "date", "last_day": "date"}
_BRANCH = """
select '{code}' as rule, {columns} from (
{said}
) as said where '{code}' = any ($1::text[])
"""
_POSITION = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)|\$([0-9]+)""", re.DOTALL)


def together(rules: Sequence[Rule]) -> Statement:
    """One statement for these rules, none of which has a `find`: each row with its `rule`, binds as `parameter_of` says."""
    return _together(tuple((rule.code, rule.statement.text, rule.statement.binds) for rule in rules))


@lru_cache(maxsize=64)
def _together(statements: tuple[tuple[str, str, tuple[str, ...]], ...]) -> Statement:
    binds: dict[str, int] = {ASKED: 1}
    branches = []
    for code, text, own in statements:
        names = [name if name in SCOPE_BINDS else parameter_of(code, name) for name in own]
        for name in names:
            binds.setdefault(name, len(binds) + 1)
        branches.append(
            _BRANCH.format(code=code, columns=", ".join(FINDING_COLUMNS), said=_renumbered(text, names, binds))
        )
    return Statement("union all".join(branches), tuple(binds))


def parameter_of(code: str, name: str) -> str:
    """The bind of a rule's own parameter."""
    return f"{code.lower()}_{name}"


def _renumbered(text: str, names: Sequence[str], binds: dict[str, int]) -> str:
    """The statement with the positions that its binds have beside those of others."""

    def position(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        name = names[int(match[2]) - 1]
        return f"${binds[name]}" + (f"::{_TYPES[name]}" if name in _TYPES else "")

    return _POSITION.sub(position, text)
