"""Steps: what every document that is led has in common. Who may, from where, about which content; nothing of it is lost."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from services.cli.verify import verify_ledger
from services.ledger_api.machines import SCHOOLS, possible
from services.ledger_api.oversight_procedures import MACHINES
from tests.world.district import District
from tests.world.procedure import (
    ALLOCATION_STORY,
    MONTHLY,
    PUBLICATION_STORY,
    STORIES,
    SUBMISSION_STORY,
    Story,
    begin,
    digest_of,
    lead,
    move,
    step,
    voices,
)
from tests.world.standard import S1, S2

Json = dict[str, Any]
# A school system is told nothing of these.
HIDDEN_FROM_SCHOOLS = {"complaints"}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.resource)
async def test_a_document_is_led_through_its_states_and_everything_else_is_refused_on_the_way(
    school: District, story: Story
) -> None:
    """In each state, each step of the machine is tried by everybody: who may not is told so, what is not there as well."""
    await begin(school, story)
    for each in story.moves:
        await _refuses_what_is_not_declared(school, story)
        answer = await move(school, story, each)
        assert answer["state"] == each.to
        assert (await voices(school)["bureau"].get(f"/v1/{story.document}"))["state"] == each.to
    await _refuses_what_is_not_declared(school, story)
    verified = await verify_ledger(school.database_url, None, lambda *_: nullcontext(lambda _: None))
    assert [each.broken for each in verified if each.broken] == []


async def _refuses_what_is_not_declared(school: District, story: Story) -> None:
    machine = MACHINES[story.resource]
    before = await school.bureau.get(f"/v1/{story.document}")
    # Not as the client that took the last step: the same again from that one is a retry.
    for kind, voice in voices(school, client="other").items():
        hidden = story.resource in HIDDEN_FROM_SCHOOLS and kind in SCHOOLS
        for name, declared in machine.steps.items():
            if kind in declared.by and before["state"] in declared.leaves:
                continue
            problem = await step(voice, story.document, name, expect=_refusal(hidden, kind in declared.by))
            if hidden:
                assert problem["code"] == "not_found"
            elif kind == "auditor":
                assert problem["code"] == "missing_scope"
            else:
                there = possible(machine.steps, kind, before["state"] if kind in declared.by else None)
                assert problem["code"] == ("no_such_transition" if kind in declared.by else "not_theirs_to_decide")
                assert problem["possible"] == there
        if not hidden and kind != "auditor":
            shown = await voice.get(f"/v1/{story.document}")
            assert [each["step"] for each in shown["possible"]] == possible(machine.steps, kind, before["state"])
    assert await school.bureau.get(f"/v1/{story.document}") == before


def _refusal(hidden: bool, theirs: bool) -> int:
    return 404 if hidden else 409 if theirs else 403


# Registers of the district: everybody reads them.
OF_SCHOOLS = [story for story in STORIES if story.resource not in {"providers", "indicator-sets"}]


@pytest.mark.parametrize("story", OF_SCHOOLS, ids=lambda story: story.resource)
async def test_another_school_does_not_know_of_the_document(school: District, story: Story) -> None:
    await begin(school, story)
    stranger = school.school(S2)
    for path in (story.document, f"{story.document}/steps"):
        await stranger.get(f"/v1/{path}", expect=404)
    for name in MACHINES[story.resource].steps:
        await step(stranger, story.document, name, expect=404)


async def test_every_step_says_who_when_why_and_about_which_content(school: District) -> None:
    await lead(school, PUBLICATION_STORY)
    shown = await school.school(S1).get("/v1/publications/p")
    digest = shown["content_digest"]
    history = shown["history"]
    assert [each["step"] for each in history] == ["posted", *(each.name for each in PUBLICATION_STORY.moves)]
    assert {each["content_hash"] for each in history} == {digest}
    assert [each["by"] for each in history[3:5]] == ["school-test", "centre-test"]
    assert (history[2]["on"], history[2]["facts"]["place"]) == ("2025-10-08", "公开栏")
    assert (await school.auditor.get("/v1/publications/p/steps"))["items"] == history
    assert shown["revision"] == 9
    assert shown["content_hash"] == digest
    earlier = await school.school(S1).get("/v1/publications/p", as_of=history[2]["recorded_at"])
    assert (earlier["state"], earlier["displayed_from"], len(earlier["history"])) == ("displayed", "2025-10-08", 3)


async def test_a_step_that_changes_nothing_hides_no_posting(school: District) -> None:
    own = school.school(S1)
    await begin(school, ALLOCATION_STORY)
    await move(school, ALLOCATION_STORY, ALLOCATION_STORY.moves[0])
    await move(school, ALLOCATION_STORY, ALLOCATION_STORY.moves[1])
    history = (await own.get("/v1/allocation-plans/v2"))["history"]
    assert [each["step"] for each in history] == ["posted", "consult", "approve"]


async def test_another_content_needs_its_approvals_again(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="closed")
    own = school.school(S1)
    closed = await own.get("/v1/publications/p")
    edited = {name: closed[name] for name in MONTHLY} | {"lines": MONTHLY["lines"][:1]}
    await own.post("publications", {**edited, "closed_on": closed["closed_on"], "deliberation_id": "d"})
    now = await own.get("/v1/publications/p")
    assert (now["state"], now["revision"]) == ("draft", closed["revision"] + 1)
    assert now["content_digest"] != closed["content_digest"]
    stale = {"deliberation_id": "d", "content_hash": closed["content_digest"]}
    assert (await step(own, "publications/p", "deliberate", expect=409, **stale))["code"] == "other_content"
    fresh = {"deliberation_id": "d", "content_hash": now["content_digest"]}
    assert (await step(own, "publications/p", "deliberate", expect=409, **fresh))["code"] == "not_ready"


async def test_the_same_content_posted_again_is_where_it_was(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="closed")
    own = school.school(S1)
    await own.post("publications", MONTHLY)
    assert (await own.get("/v1/publications/p"))["state"] == "closed"


async def test_a_step_sent_again_is_the_step_that_was_taken(school: District) -> None:
    await begin(school, PUBLICATION_STORY)
    first = await move(school, PUBLICATION_STORY, PUBLICATION_STORY.moves[0])
    again = await move(school, PUBLICATION_STORY, PUBLICATION_STORY.moves[0])
    assert (again["unchanged"], again["created"], again["number"]) == (1, 0, 1)
    assert (again["batch_id"], again["chains"]) == (first["batch_id"], first["chains"])


async def test_the_same_key_again_is_the_same_step(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    own = school.school(S1)
    said: Json = {"step": "acknowledge", "staff_id": "T1", "on": "2025-10-09"}
    other = {**said, "staff_id": "T2"}
    answers = [
        await own.send("POST", "/v1/publications/p/steps", json=body, headers={"Idempotency-Key": key})
        for body, key in ((said, "k1"), (other, "k2"), (said, "k1"), (other, "k1"))
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 409]
    assert [answer.json().get("unchanged") for answer in answers[:3]] == [0, 0, 1]
    assert answers[3].json()["code"] == "idempotency_key_reused"


async def test_of_two_that_step_at_once_one_is_told_where_the_document_is(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    one, two = (school.voice("centre", stage="primary", client_id=name) for name in ("one", "two"))
    digest = await digest_of(one, "submissions/s")
    answers = await asyncio.gather(
        one.send("POST", "/v1/submissions/s/steps", json={"step": "approve", "content_hash": digest}),
        two.send("POST", "/v1/submissions/s/steps", json={"step": "return", "why": "附件缺页"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"deliberation_id": "d"}, "/content_hash", "missing_field"),
        ({"content_hash": "0" * 64}, "/deliberation_id", "missing_field"),
        ({"deliberation_id": "d", "content_hash": "0" * 64, "place": "公开栏"}, "/place", "unknown_field"),
        ({"deliberation_id": "d", "content_hash": "0" * 64, "on": "2099-01-01"}, "/on", "invalid_value"),
        ({"deliberation_id": "d", "content_hash": "0F" * 32}, "/content_hash", "invalid_value"),
        ({"deliberation": "d"}, "/deliberation", "unknown_field"),
    ],
)
async def test_what_a_step_lacks_or_does_not_take_is_named_by_its_place(
    school: District, given: Json, pointer: str, code: str
) -> None:
    own = school.school(S1)
    await own.post("publications", MONTHLY)
    problem = await step(own, "publications/p", "deliberate", expect=422, **given)
    assert (pointer, code) in [(each["pointer"], each["code"]) for each in problem["errors"]]


async def test_steps_are_taken_in_the_order_of_their_days(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    problem = await step(school.school(S1), "publications/p", "acknowledge", expect=422, staff_id="T1", on="2025-10-01")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [("/on", "ends_before_it_starts")]


async def test_an_id_that_several_schools_use_is_asked_for_with_its_school(school: District) -> None:
    await school.school(S1).post("publications", MONTHLY)
    await school.school(S2).post(
        "publications", {**MONTHLY, "school_id": S2, "lines": [{"staff_id": "U1", "class_hours": 1}]}
    )
    for school_id in (S1, S2):
        assert (await school.school(school_id).get("/v1/publications/p"))["school_id"] == school_id
        assert (await school.bureau.get(f"/v1/publications/{school_id}/p"))["school_id"] == school_id
    problem = await step(school.bureau, "publications/p", "object", expect=409)
    assert problem["code"] == "ambiguous_document"
    await step(school.bureau, f"publications/{S1}/p", "object", expect=409)


async def test_a_step_may_ask_for_the_revision_that_it_is_about(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    own = school.school(S1)
    read = await own.send("GET", "/v1/publications/p")
    body = {"step": "acknowledge", "staff_id": "T1", "on": "2025-10-09"}
    path = "/v1/publications/p/steps"
    stale = await own.send("POST", path, json=body, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await own.send("POST", path, json=body, headers={"If-Match": read.headers["etag"]})).status_code == 200
    again = await own.send("GET", "/v1/publications/p", headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 200
    assert again.headers["etag"] != read.headers["etag"]


async def test_a_document_taken_back_has_no_steps_to_take(school: District) -> None:
    own = school.school(S1)
    await own.post("publications", MONTHLY)
    await own.delete(f"/v1/publications/{S1}/p", reason="误录")
    await step(own, "publications/p", "deliberate", expect=404)
    await own.post("publications", {**MONTHLY, "place": "门厅"})
    assert (await own.get("/v1/publications/p"))["state"] == "draft"


async def test_one_step_is_one_request(school: District) -> None:
    own = school.school(S1)
    await own.post("publications", MONTHLY)
    answer = await own.send("POST", "/v1/publications/p/steps", json=[{"step": "close"}, {"step": "archive"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
