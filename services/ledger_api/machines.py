"""The state machines as tables: who may do what, from which state, and where it leads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

SCHOOLS = frozenset({"school", "sandbox"})
# Who decides about a finding (POLICY S10): the stage centre and the auditor, and the bureau, whose 党政办 audits.
DECIDERS = frozenset({"centre", "bureau", "auditor"})
EVERYBODY = SCHOOLS | DECIDERS


@dataclass(frozen=True)
class Step:
    """One thing that can be done: by which kinds of client, from which states, to which (None: it stays)."""

    by: frozenset[str]
    leaves: frozenset[str]
    to: str | None


_UNDECIDED = frozenset({"open", "acknowledged", "explained"})
_STANDING = _UNDECIDED | {"confirmed", "dismissed"}

# A finding: open → acknowledged → explained → confirmed | dismissed; nobody need wait for a school that does not answer.
# Clearing is not here: only the data does that, never a person.
FINDING: Mapping[str, Step] = {
    "acknowledge": Step(EVERYBODY, frozenset({"open"}), "acknowledged"),
    "explain": Step(SCHOOLS, _UNDECIDED, "explained"),
    "confirm": Step(DECIDERS, _UNDECIDED, "confirmed"),
    "dismiss": Step(DECIDERS, _UNDECIDED, "dismissed"),
    "reopen": Step(DECIDERS, frozenset({"explained", "confirmed", "dismissed"}), "open"),
    "assign": Step(DECIDERS, _STANDING, None),
    "comment": Step(EVERYBODY, _STANDING | {"cleared"}, None),
}


def possible(machine: Mapping[str, Step], kind: str, state: str | None = None) -> list[str]:
    """What a kind of client may do, from one state or at all, in the machine's order."""
    return [name for name, step in machine.items() if kind in step.by and (state is None or state in step.leaves)]
