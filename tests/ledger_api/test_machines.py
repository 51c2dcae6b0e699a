"""Machines: the tables are whole, and where a document stands follows from what was recorded of it and from nothing else."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.ledger_api.machines import (
    EVERYBODY,
    FINDING,
    Decision,
    Machine,
    Step,
    Taken,
    Version,
    possible,
)
from services.ledger_api.oversight_procedures import MACHINES
from services.ledger_api.procedures import PLAN, PUBLICATION, REVIEWED, SUBMISSION
from shared.vocabulary import ClientKind, ReviewDecision
from tests.world.procedure import MONTHLY, STORIES, Story
from tests.world.procedure import PLAN as A_PLAN
from tests.world.procedure import SUBMISSION as A_SUBMISSION

NOW = datetime(2025, 10, 1, tzinfo=UTC)
EVERY_MACHINE = list(MACHINES.values())


@pytest.mark.parametrize("machine", EVERY_MACHINE, ids=lambda machine: machine.resource)
def test_every_step_leads_from_and_to_states_that_are_there(machine: Machine) -> None:
    for name, step in machine.steps.items():
        assert step.leaves <= machine.states.keys(), name
        assert _targets(step) <= machine.states.keys(), name
        assert bool(step.or_to) == (step.leads is not None), name
        assert step.by <= frozenset(get_args(ClientKind)), name
        assert all((step.zh, step.en)), name
        assert not set(step.needs) & set(step.may), name


@pytest.mark.parametrize("machine", EVERY_MACHINE, ids=lambda machine: machine.resource)
def test_every_state_is_reached_from_the_first(machine: Machine) -> None:
    reached = {machine.initial}
    while more := {to for step in machine.steps.values() if step.leaves & reached for to in _targets(step)} - reached:
        reached |= more
    assert machine.states.keys() == reached


def _targets(step: Step) -> set[str]:
    return {*step.or_to, *([step.to] if step.to else [])}


@pytest.mark.parametrize("machine", EVERY_MACHINE, ids=lambda machine: machine.resource)
def test_nothing_that_an_approval_is_about_is_changed_by_approving(machine: Machine) -> None:
    for name, step in machine.steps.items():
        if step.names_content:
            assert not set(machine.content) & {*step.needs, *step.may} - {"attachments", "lines"}, name


@pytest.mark.parametrize("machine", [PLAN, SUBMISSION], ids=lambda machine: machine.resource)
def test_a_school_never_decides_about_its_own(machine: Machine) -> None:
    for kind in ("school", "sandbox"):
        assert not {"approve", "return"} & set(possible(machine.steps, kind))


def test_a_school_never_decides_about_its_own_finding() -> None:
    assert possible(FINDING, "school") == ["acknowledge", "explain", "comment"]


@pytest.mark.parametrize("machine", EVERY_MACHINE, ids=lambda machine: machine.resource)
def test_an_auditor_changes_no_document(machine: Machine) -> None:
    assert possible(machine.steps, "auditor") == []


def test_every_decision_of_a_review_leads_somewhere() -> None:
    assert REVIEWED.keys() == set(get_args(ReviewDecision))
    assert set(REVIEWED.values()) <= SUBMISSION.states.keys() & PLAN.states.keys()


def test_every_kind_of_client_is_considered() -> None:
    assert frozenset(get_args(ClientKind)) == EVERYBODY


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "draft"),
        ({"deliberation_id": "d"}, "deliberated"),
        ({"deliberation_id": "d", "displayed_from": "2025-10-08"}, "displayed"),
        ({"displayed_from": "2025-10-08", "objections": [{"objection_id": "o", "answered_on": None}]}, "objected"),
        ({"displayed_from": "2025-10-08", "objections": [{"objection_id": "o", "answered_on": "2025-10-09"}]}, "displayed"),
        ({"displayed_from": "2025-10-08", "closed_on": "2025-10-15"}, "closed"),
        ({"closed_on": "2025-10-15", "archive": [{"content_hash": "0" * 64}]}, "archived"),
    ],
)  # fmt: skip
def test_a_document_that_is_posted_is_where_its_facts_say(facts: dict[str, object], state: str) -> None:
    assert PUBLICATION.state_of([Version(1, {**MONTHLY, **facts}, NOW)]) == state


def test_a_review_that_was_posted_decides_until_another_content_is_posted() -> None:
    stated = {**A_SUBMISSION, "submitted_on": "2026-02-01"}
    versions = [Version(1, stated, NOW)]
    returned = Decision("returned", NOW + timedelta(days=1))
    assert SUBMISSION.state_of(versions, (), [returned]) == "returned"
    corrected = Version(2, {**stated, "lines": []}, NOW + timedelta(days=2))
    assert SUBMISSION.state_of([*versions, corrected], (), [returned]) == "submitted"
    approved = Decision("approved", NOW + timedelta(days=3))
    assert SUBMISSION.state_of([*versions, corrected], (), [returned, approved]) == "approved"


@pytest.mark.parametrize("said", [{"schedule": None}, {"attachments": []}, {"submitted_on": "2025-09-01"}])
def test_what_says_nothing_and_what_is_no_content_does_not_change_the_hash(said: dict[str, object]) -> None:
    plan = {name: value for name, value in A_PLAN.items() if name != "schedule"}
    assert PLAN.hash_of({**plan, **said}) == PLAN.hash_of(plan)
    assert PLAN.hash_of({**plan, "schedule": "15:30"}) != PLAN.hash_of(plan)


class LedPublication(RuleBasedStateMachine):
    """Any order of postings and steps: the document is never where no declared step, or its own facts, brought it."""

    @initialize()
    def post(self) -> None:
        self.at = NOW
        self.versions = [Version(1, dict(MONTHLY), NOW)]
        self.taken: list[Taken] = []
        self.expected = "draft"

    @property
    def hash(self) -> str:
        return PUBLICATION.hash_of(self.versions[-1].content)

    @property
    def state(self) -> str:
        return PUBLICATION.state_of(self.versions, self.taken)

    def _take(self, name: str, *, content_hash: str) -> None:
        step = PUBLICATION.steps[name]
        self.at += timedelta(minutes=1)
        to = step.to or self.expected
        self.versions.append(Version(len(self.versions) + 1, self.versions[-1].content, self.at))
        self.taken.append(
            Taken(
                len(self.taken) + 1, name, self.expected, to, content_hash, date(2025, 10, 1), self.at, "c", "school",
                len(self.versions),
            )
        )  # fmt: skip

    @rule(name=st.sampled_from(sorted(PUBLICATION.steps)))
    def take_a_step(self, name: str) -> None:
        if self.expected in PUBLICATION.steps[name].leaves:
            self._take(name, content_hash=self.hash)
            self.expected = PUBLICATION.steps[name].to or self.expected

    @rule(name=st.sampled_from(sorted(PUBLICATION.steps)))
    def a_step_about_another_content_arrives_late(self, name: str) -> None:
        if self.expected in PUBLICATION.steps[name].leaves:
            self._take(name, content_hash="0" * 64)

    @rule(hours=st.integers(1, 3))
    def post_it_again(self, hours: int) -> None:
        before = self.hash
        self.at += timedelta(minutes=1)
        content = {**MONTHLY, "lines": [{"staff_id": "T1", "class_hours": hours}]}
        self.versions.append(Version(len(self.versions) + 1, content, self.at))
        if self.hash != before:
            self.expected = "draft"

    @precondition(lambda self: self.taken)
    @rule()
    def post_the_same_again(self) -> None:
        self.at += timedelta(minutes=1)
        self.versions.append(Version(len(self.versions) + 1, dict(self.versions[-1].content), self.at))

    @invariant()
    def it_is_where_it_was_led(self) -> None:
        assert self.state == self.expected


LedPublication.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLedPublication = LedPublication.TestCase


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.resource)
def test_every_story_is_one_that_its_machine_tells(story: Story) -> None:
    machine = MACHINES[story.resource]
    named = {each.name for each in story.moves}
    assert named <= machine.steps.keys()
