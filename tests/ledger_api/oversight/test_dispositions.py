"""What people decide about a finding: who may do what, from which state, about what it said; nothing of it is ever lost."""

import asyncio
from typing import Any

import pytest

from tests.world.district import District, Voice
from tests.world.standard import S1, S2, session, sheet

Json = dict[str, Any]
WORDS: dict[str, Json] = {
    "explain": {"text": "点名表补录"},
    "dismiss": {"reason_code": "recorded_late", "text": "现场核对无误"},
    "confirm": {"text": "现场核对属实"},
    "reopen": {"text": "说明不充分"},
    "comment": {"text": "已电话联系"},
    "assign": {"assignee": "计财处"},
}


async def _finding(school: District, headcount: int = 0) -> str:
    """The id of the one finding: class hours claimed for a session without a pupil."""
    await school.school(S1).post("sessions", session(headcount=headcount))
    await school.audit()
    (finding,) = await school.auditor.findings()
    assert finding["rule"] == "A12"
    finding_id: str = finding["finding_id"]
    return finding_id


async def _say(voice: Voice, finding_id: str, kind: str, *, expect: int = 200, **given: Any) -> Json:
    key = given.pop("key", None)
    answer = await voice.send(
        "POST",
        f"/v1/findings/{finding_id}/dispositions",
        json={"kind": kind, **WORDS.get(kind, {}), **given},
        headers={"Idempotency-Key": key} if key else {},
    )
    assert answer.status_code == expect, answer.text
    body: Json = answer.json()
    return body


async def _detail(school: District, finding_id: str) -> Json:
    await school.audit()
    return await school.auditor.report(f"/v1/findings/{finding_id}")


async def test_a_finding_goes_from_open_over_an_explanation_to_a_decision(school: District) -> None:
    finding_id = await _finding(school)
    own = school.school(S1)
    for voice, kind, state in (
        (school.voice("centre", stage="primary"), "acknowledge", "acknowledged"),
        (own, "explain", "explained"),
        (school.auditor, "confirm", "confirmed"),
        (school.auditor, "reopen", "open"),
        (school.voice("centre", stage="primary"), "dismiss", "dismissed"),
    ):
        assert (await _say(voice, finding_id, kind))["state"] == state
        assert (await _detail(school, finding_id))["state"] == state
    events = (await _detail(school, finding_id))["events"]
    assert [event["change"] for event in events] == ["opened", *["disposed"] * 5]
    assert [event["state"] for event in events[1:]] == [
        "acknowledged", "explained", "confirmed", "open", "dismissed",
    ]  # fmt: skip
    last = events[-1]["disposition"]
    assert (last["kind"], last["by_kind"], last["reason_code"], last["text"]) == (
        "dismiss", "centre", "recorded_late", "现场核对无误",
    )  # fmt: skip
    listed = (await school.auditor.get(f"/v1/findings/{finding_id}/dispositions"))["items"]
    assert [each["number"] for each in listed] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", ["dismiss", "confirm", "reopen", "assign"])
async def test_a_school_never_decides_about_its_own_finding(school: District, kind: str) -> None:
    finding_id = await _finding(school)
    problem = await _say(school.school(S1), finding_id, kind, expect=403)
    assert (problem["code"], problem["detail"]) == (
        "not_theirs_to_decide",
        f"A school may not {kind} a finding; it may: acknowledge, explain, comment",
    )


@pytest.mark.parametrize("kind", ["centre", "bureau", "auditor"])
async def test_only_the_school_explains(school: District, kind: str) -> None:
    finding_id = await _finding(school)
    voice = school.voice(kind, stage="primary" if kind == "centre" else None)
    assert (await _say(voice, finding_id, "explain", expect=403))["code"] == "not_theirs_to_decide"


async def test_a_transition_that_is_not_there_names_those_that_are(school: District) -> None:
    finding_id = await _finding(school)
    await _say(school.auditor, finding_id, "confirm")
    problem = await _say(school.auditor, finding_id, "dismiss", expect=409)
    assert (problem["code"], problem["detail"]) == (
        "no_such_transition",
        "The finding is confirmed: there is no dismiss from there; there is: reopen, assign, comment",
    )


async def test_somebody_elses_finding_is_not_there(school: District) -> None:
    finding_id = await _finding(school)
    for stranger in (school.school(S2), school.voice("centre", stage="junior")):
        await _say(stranger, finding_id, "comment", expect=404)
        await stranger.get(f"/v1/findings/{finding_id}/dispositions", expect=404)
    await _say(school.auditor, "A12-0123456789abcdef", "comment", expect=404)


@pytest.mark.parametrize(
    ("kind", "given", "missing"),
    [
        ("explain", {"text": " "}, "text"),
        ("dismiss", {"reason_code": None}, "reason_code"),
        ("dismiss", {"text": None}, "text"),
        ("assign", {"assignee": None}, "assignee"),
    ],
)
async def test_what_needs_words_or_a_reason_has_them(school: District, kind: str, given: Json, missing: str) -> None:
    finding_id = await _finding(school)
    voice = school.school(S1) if kind == "explain" else school.auditor
    problem = await _say(voice, finding_id, kind, expect=422, **given)
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(f"/{missing}", "missing_field")]


async def test_the_same_key_again_is_the_same_decision(school: District) -> None:
    finding_id = await _finding(school)
    first = await _say(school.auditor, finding_id, "assign", key="k-1")
    await _say(school.auditor, finding_id, "confirm")
    again = await _say(school.auditor, finding_id, "assign", key="k-1")
    assert (again["batch_id"], again["number"], again["unchanged"]) == (first["batch_id"], 1, 1)
    assert (again["chains"], again["recorded_at"]) == (first["chains"], first["recorded_at"])
    problem = await _say(school.auditor, finding_id, "assign", key="k-1", assignee="党政办", expect=409)
    assert problem["code"] == "idempotency_key_reused"


async def test_a_decision_sent_again_after_a_timeout_is_unchanged(school: District) -> None:
    finding_id = await _finding(school)
    await _say(school.auditor, finding_id, "confirm")
    assert (await _say(school.auditor, finding_id, "confirm"))["unchanged"] == 1
    events = (await _detail(school, finding_id))["events"]
    assert [event["change"] for event in events] == ["opened", "disposed"]


async def test_of_two_that_decide_at_once_one_is_told_where_the_finding_is(school: District) -> None:
    finding_id = await _finding(school)
    one, two = school.voice("auditor", client_id="one"), school.voice("auditor", client_id="two")
    path = f"/v1/findings/{finding_id}/dispositions"
    answers = await asyncio.gather(
        one.send("POST", path, json={"kind": "confirm"}),
        two.send("POST", path, json={"kind": "dismiss", **WORDS["dismiss"]}),
        *(school.school(S1).send("POST", path, json={"kind": "comment", "text": f"{n}"}) for n in range(3)),
    )
    assert sorted(answer.status_code for answer in answers[:2]) == [200, 409]
    assert [answer.status_code for answer in answers[2:]] == [200] * 3
    listed = (await school.auditor.get(path))["items"]
    assert [each["number"] for each in listed] == [1, 2, 3, 4]


async def test_a_decision_holds_while_the_finding_says_the_same(school: District) -> None:
    finding_id = await _finding(school)
    await _say(school.auditor, finding_id, "dismiss")
    own = school.school(S1)
    # Another finding of the same day, another fact: what was dismissed says the same.
    await own.post("sessions", session("h2", headcount=0, slot="s2", staff={"T2": 1.25}))
    assert (await _detail(school, finding_id))["state"] == "dismissed"
    # Now it says more hours: nobody has looked at that.
    await own.post("sessions", session(headcount=0, staff={"T1": 2.75}))
    assert (await _detail(school, finding_id))["state"] == "open"


async def test_what_is_corrected_is_cleared_and_comes_back_as_it_was_left(school: District) -> None:
    finding_id = await _finding(school)
    await _say(school.auditor, finding_id, "confirm")
    own = school.school(S1)
    await own.post("sessions", session(headcount=20))
    assert (await _detail(school, finding_id))["state"] == "cleared"
    problem = await _say(school.auditor, finding_id, "dismiss", expect=409)
    assert problem["detail"].endswith("there is: comment")
    # It comes back in another revision: the confirmation was of the first.
    await own.post("sessions", session(headcount=0))
    detail = await _detail(school, finding_id)
    assert detail["state"] == "open"
    assert [event["change"] for event in detail["events"]] == ["opened", "disposed", "cleared", "reopened"]


async def test_a_decision_about_what_has_changed_meanwhile_is_on_record_and_holds_no_longer(
    school: District,
) -> None:
    finding_id = await _finding(school)
    await school.school(S1).post("sessions", session(headcount=0, staff={"T1": 2.75}))
    await _say(school.auditor, finding_id, "dismiss")
    detail = await _detail(school, finding_id)
    assert [(event["change"], event["state"]) for event in detail["events"]] == [
        ("opened", "open"), ("disposed", "dismissed"), ("updated", "open"),
    ]  # fmt: skip


async def test_a_decision_is_in_the_schools_chain(school: District) -> None:
    finding_id = await _finding(school)
    before = await school.auditor.get(f"/v1/chains/{S1}")
    said = await _say(school.auditor, finding_id, "confirm")
    after = await school.auditor.get(f"/v1/chains/{S1}")
    assert said["chains"] == [{"school_id": S1, "seq": before["length"] + 1, "head": after["head"]}]


async def test_what_was_said_is_told_in_no_feed(school: District) -> None:
    finding_id = await _finding(school)
    await _say(school.school(S1), finding_id, "explain", text="学生张三请假")
    await school.audit()
    for path in ("/v1/findings", "/v1/findings/events"):
        assert "张三" not in (await school.auditor.read(path)).text
    (told,) = (await school.auditor.report("/v1/findings/events", after="1"))["items"]
    assert (told["change"], told["finding"]["state"]) == ("disposed", "explained")


async def test_one_disposition_is_one_request(school: District) -> None:
    finding_id = await _finding(school)
    answer = await school.auditor.send(
        "POST", f"/v1/findings/{finding_id}/dispositions", json=[{"kind": "acknowledge"}, {"kind": "confirm"}]
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert (await school.auditor.get(f"/v1/findings/{finding_id}/dispositions"))["items"] == []


async def test_a_finding_of_nothing_but_a_roll_is_the_schools_too(school: District) -> None:
    """The finding's school is known by the finding, not by the caller: a centre writes in no chain but that one."""
    finding_id = await _finding(school)
    await school.school(S1).post("attendance", sheet(present=1))
    await _say(school.voice("centre", stage="primary"), finding_id, "comment")
    heads = await school.fetch("select school_id, resource from ledger.chain_entry where resource = 'dispositions'")
    assert heads == [{"school_id": S1, "resource": "dispositions"}]


async def test_a_stage_centre_explains_what_it_owes_itself_and_others_decide(school: District) -> None:
    complaint = {"school_id": S1, "complaint_id": "k", "received_on": "2025-09-01", "office": "primary_centre"}
    await school.bureau.post("complaints", complaint)
    await school.school(S1).post("sessions", session(service_date="2025-09-29", headcount=0, staff={"T1": 0}))
    await school.audit()
    centre = school.voice("centre", stage="primary")
    (finding,) = await centre.findings(rule="G08")
    finding_id = finding["finding_id"]
    refused = await _say(centre, finding_id, "dismiss", expect=403)
    assert refused["code"] == "not_theirs_to_decide"
    assert (await _say(centre, finding_id, "explain"))["state"] == "explained"
    for stranger in (school.school(S1), school.voice("centre", stage="junior")):
        await _say(stranger, finding_id, "comment", expect=404)
    assert (await _detail(school, finding_id))["state"] == "explained"
    assert (await _say(school.auditor, finding_id, "confirm"))["state"] == "confirmed"
    assert (await _detail(school, finding_id))["state"] == "confirmed"
    heard = (await centre.get(f"/v1/findings/{finding_id}/dispositions"))["items"]
    assert [(each["kind"], each["by_kind"]) for each in heard] == [("explain", "centre"), ("confirm", "auditor")]
