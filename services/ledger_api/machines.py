"""What a state machine is: who may do what, from which state, what it needs, where it leads, and where a record stands. Pure.

The tables themselves: FINDING here, those of documents in `procedures.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.chain import canonical, digest_of

SCHOOLS = frozenset({"school", "sandbox"})
# Who decides about a finding (POLICY S10): the stage centre and the auditor, and the bureau, whose 党政办 audits.
DECIDERS = frozenset({"centre", "bureau", "auditor"})
EVERYBODY = SCHOOLS | DECIDERS
# Who oversees: the stage centre and the bureau's offices. The auditor reads.
OFFICES = frozenset({"centre", "bureau"})
BUREAU = frozenset({"bureau"})

# A record, or a part of one, as it is kept: by the names of its fields, dates as `YYYY-MM-DD`.
Content = Mapping[str, Any]


@dataclass(frozen=True)
class Taken:
    """A step that was taken: the document's how manieth, from where to where, about which content, by whom, when, why.

    `revision`: that of the document which holds the step's facts.
    """

    number: int
    step: str
    from_state: str
    to_state: str
    content_hash: str
    on: date
    recorded_at: datetime
    by: str
    by_kind: str
    revision: int
    facts: Content = field(default_factory=dict)
    why: str | None = None


@dataclass(frozen=True)
class Version:
    """A revision of a document as somebody posted it, or as a step left it."""

    revision: int
    content: Content
    recorded_at: datetime


@dataclass(frozen=True)
class Decision:
    """What an office recorded about the document elsewhere (a review that was posted), and the state it leads to."""

    to_state: str
    recorded_at: datetime


@dataclass(frozen=True)
class Attempt:
    """A step about to be taken: the document, what was done with it before, what is given, and the records it names."""

    content: Content
    content_hash: str
    state: str
    taken: Sequence[Taken]
    given: Content
    on: date
    by: str
    others: Mapping[str, Sequence[Content]] = field(default_factory=dict)

    def said(self, name: str) -> Any:
        """What is given under a name, else what the document says."""
        return self.given.get(name, self.content.get(name))

    def last(self, *steps: str) -> Taken | None:
        """The last time that one of these steps was taken about what the document says now."""
        return next(
            (each for each in reversed(self.taken) if each.step in steps and each.content_hash == self.content_hash),
            None,
        )


@dataclass(frozen=True)
class Condition:
    """What must hold before a step is taken, in words; `own_work` when it is about who takes it.

    `wants`: what of it is still wanting, where that can be named.
    """

    zh: str
    en: str
    holds: Callable[[Attempt], bool]
    code: str = "not_ready"
    wants: Callable[[Attempt], Sequence[str]] = lambda _attempt: ()


@dataclass(frozen=True)
class Step:
    """One thing that can be done: by which kinds of client, from which states, to which (None: it stays).

    needs, may: the facts that must and that can be given. names_content: it approves a content, whose hash it gives.
    why: it gives its reason. reads: records it looks at, name -> (resource, the field that holds their keys).
    sets: the fields of the document that it changes; as given when absent. leads: the state where that depends, which is
    `to` or one of `or_to`.
    """

    by: frozenset[str]
    leaves: frozenset[str]
    to: str | None
    zh: str = ""
    en: str = ""
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    names_content: bool = False
    why: bool = False
    reads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    sets: Callable[[Attempt], Content] | None = None
    leads: Callable[[Attempt], str] | None = None
    or_to: tuple[str, ...] = ()

    def target(self, attempt: Attempt) -> str:
        """The state it leads to."""
        if self.leads is not None:
            return self.leads(attempt)
        return self.to or attempt.state


@dataclass(frozen=True)
class Machine:
    """The machine of one resource.

    states: name -> Chinese, in the order of the procedure: a document posted again with the same content is never before
    where it was. content: the fields that approvals are about; the others say how far the procedure is. stated: the state
    that a posted document's own facts say. held_back: whether something that was done with it here keeps it where it is,
    whatever a document that is posted again says of itself. reviewed_as: the field of a review that names this document.
    facts: the types of what steps take beyond the document's own fields. must_never: the rules of POLICY Part 4 in words, zh
    and en.
    """

    resource: str
    zh: str
    en: str
    states: Mapping[str, str]
    content: tuple[str, ...]
    stated: Callable[[Content], str]
    steps: Mapping[str, Step]
    held_back: Callable[[Content, Sequence[Taken]], bool] = lambda _content, _taken: False
    reviewed_as: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    must_never: tuple[tuple[str, str], ...] = ()

    @property
    def initial(self) -> str:
        """Where a document begins, and where a new content begins again."""
        return next(iter(self.states))

    def hash_of(self, content: Content) -> str:
        """SHA-256 (lower-case hex) of a document's content: compact JSON of its content fields that say something, keys sorted."""
        said = {name: content[name] for name in self.content if content.get(name) not in (None, [], {}, "")}
        return digest_of(canonical(said)).hex()

    def state_of(
        self, versions: Sequence[Version], taken: Sequence[Taken] = (), decisions: Sequence[Decision] = ()
    ) -> str:
        """Where a document stands: what it was posted as, led by its steps, decided by reviews, in the order of recording.

        A document that is posted with the facts of its steps is where these say. One that was led and is posted again with
        another content begins anew: what was approved was not that. `versions`: at least one, in their order.
        """
        by_steps = {each.revision for each in taken}
        rank = {state: place for place, state in enumerate(self.states)}
        state, content_hash, led = self.initial, "", False
        before: list[Taken] = []
        for event in _in_order(versions, taken, decisions):
            if isinstance(event, Taken):
                before.append(event)
                # What was about another content than it has by now holds no longer.
                if event.content_hash == content_hash:
                    state, led = event.to_state, True
            elif isinstance(event, Decision):
                state, led = event.to_state, True
            elif event.revision not in by_steps or not led:
                stated, now = self.stated(event.content), self.hash_of(event.content)
                if not led:
                    state = stated
                elif now != content_hash:
                    state = stated if not taken else self.initial
                elif rank[stated] > rank[state] and not self.held_back(event.content, before):
                    state = stated
                content_hash = now
            else:
                content_hash = self.hash_of(event.content)
        return state


def _in_order(
    versions: Sequence[Version], taken: Sequence[Taken], decisions: Sequence[Decision]
) -> Iterator[Version | Taken | Decision]:
    """As they were recorded; of one instant, the document before what was done with it."""
    events: list[Version | Taken | Decision] = [*versions, *taken, *decisions]
    yield from sorted(events, key=lambda event: (event.recorded_at, not isinstance(event, Version)))


_UNDECIDED = frozenset({"open", "acknowledged", "explained"})
_STANDING = _UNDECIDED | {"confirmed", "dismissed"}

# A finding: open → acknowledged → explained → confirmed | dismissed; nobody need wait for a school that does not answer.
# Clearing is not here: only the data does that, never a person.
FINDING: Mapping[str, Step] = {
    "acknowledge": Step(EVERYBODY, frozenset({"open"}), "acknowledged", "知悉", "acknowledge"),
    "explain": Step(SCHOOLS, _UNDECIDED, "explained", "说明", "explain"),
    "confirm": Step(DECIDERS, _UNDECIDED, "confirmed", "核实", "confirm"),
    "dismiss": Step(DECIDERS, _UNDECIDED, "dismissed", "排除", "dismiss"),
    "reopen": Step(DECIDERS, frozenset({"explained", "confirmed", "dismissed"}), "open", "重新打开", "reopen"),
    "assign": Step(DECIDERS, _STANDING, None, "指派", "assign"),
    "comment": Step(EVERYBODY, _STANDING | {"cleared"}, None, "备注", "comment"),
}


def possible(machine: Mapping[str, Step], kind: str, state: str | None = None) -> list[str]:
    """What a kind of client may do, from one state or at all, in the machine's order."""
    return [name for name, step in machine.items() if kind in step.by and (state is None or state in step.leaves)]
