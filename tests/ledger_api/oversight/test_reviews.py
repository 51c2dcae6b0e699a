"""Reviews: what was decided about a submission or a plan, by whom it may be, and the school reads."""

import asyncio
from typing import Any

import pytest

from tests.world.district import District, Voice
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2, TERM

Json = dict[str, Any]

DECISION = {
    "school_id": S1,
    "review_id": "autumn-1",
    "submission_id": "autumn",
    "decision": "adjusted",
    "reviewed_on": "2026-02-20",
    "reviewed_by": "C1",
    "lines": [{"staff_id": "T1", "class_hours": 58.25, "amount_fen": 466000, "why": "台账无记录"}],
}


async def test_a_review_goes_through_its_life(school: District) -> None:
    change = {"decision": "accepted", "lines": [], "reason": "学校已补充说明"}
    await goes_through_its_life(school.bureau, "reviews", DECISION, change=change, path=f"{S1}/autumn-1")


async def test_a_school_reads_what_was_decided_about_it_and_decides_nothing(school: District) -> None:
    await school.bureau.post("reviews", DECISION)
    await school.school(S1).get(f"/v1/reviews/{S1}/autumn-1")
    await school.school(S2).get(f"/v1/reviews/{S1}/autumn-1", expect=404)
    await school.school(S1).post("reviews", {**DECISION, "decision": "accepted"}, expect=403)


async def test_a_person_is_decided_about_once_and_is_known(school: District) -> None:
    problem = await school.bureau.post(
        "reviews", {**DECISION, "lines": [*DECISION["lines"], *DECISION["lines"]]}, expect=422
    )
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("repeated_key", "/0/lines/1/staff_id")
    problem = await school.bureau.post("reviews", {**DECISION, "lines": [{"staff_id": "T77"}]}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/0/staff_id")


async def test_a_plan_is_reviewed_and_given_its_number(school: District) -> None:
    filed = {
        "school_id": S1,
        "review_id": "plan-1",
        "plan_id": "2025",
        "decision": "accepted",
        "reviewed_on": "2025-09-25",
        "filing_number": "浦小2025-017",
    }
    await school.voice("centre", stage="primary").post("reviews", filed)
    assert (await school.school(S1).get(f"/v1/reviews/{S1}/plan-1"))["filing_number"] == "浦小2025-017"
    neither = {name: value for name, value in filed.items() if name != "plan_id"}
    problem = await school.bureau.post(
        "reviews", neither, {**filed, "review_id": "x", "submission_id": "s"}, expect=422
    )
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("missing_field", "/0/submission_id"),
        ("invalid_value", "/1/plan_id"),
    ]


async def test_nobody_is_reviewed_by_one_of_the_own_school(school: District) -> None:
    problem = await school.bureau.post("reviews", {**DECISION, "reviewed_by": "T1"}, expect=403)
    assert problem["code"] == "own_work"
    await school.bureau.post("reviews", {**DECISION, "reviewed_by": "U1"})


PLAN = {"school_id": S1, "plan_id": "2025", "academic_year": "2025-2026", "submitted_on": "2025-09-05"}
LINES = [
    {"staff_id": "T1", "class_hours": 58.25, "amount_fen": 466000},
    {"staff_id": "T2", "class_hours": 41.5, "amount_fen": 332000},
]
PUBLISHED = {
    "school_id": S1,
    "publication_id": "term",
    "kind": "term_remuneration",
    "period": TERM,
    "lines": LINES,
    "displayed_from": "2026-02-02",
    "displayed_to": "2026-02-09",
    "closed_on": "2026-02-10",
}
SUBMITTED = {
    "school_id": S1,
    "submission_id": "autumn",
    "term_id": TERM,
    "lines": LINES,
    "publication_id": "term",
    "submitted_on": "2026-02-12",
}
SCHEME = {"stage": "primary", "scheme_id": "2025-a", "approved_on": "2025-09-01"}


async def review(voice: Voice, path: str, verdict: Json, *, expect: int = 200, **headers: str) -> Json:
    """Decide about a document."""
    answer = await voice.send("POST", f"/v1/{path}/reviews", json=verdict, headers=headers)
    assert answer.status_code == expect, answer.text
    body: Json = answer.json()
    return body


@pytest.fixture
async def under_review(school: District) -> District:
    """S1 with a plan and a term's submission before its centre, which has a scheme in force."""
    await school.school(S1).post("plans", PLAN)
    await school.school(S1).post("publications", PUBLISHED)
    await school.school(S1).post("submissions", SUBMITTED)
    await school.voice("centre", stage="primary").post("review-schemes", SCHEME)
    return school


async def test_a_plan_is_returned_with_reasons_filed_again_and_approved(under_review: District) -> None:
    centre, own = under_review.voice("centre", stage="primary"), under_review.school(S1)
    problem = await review(centre, "plans/2025", {"decision": "return"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("missing_field", "/comments")
    returned = await review(centre, "plans/2025", {"decision": "return", "comments": "缺安全预案"})
    assert (returned["state"], returned["review_id"]) == ("returned", "2025.1")
    assert (await own.get(f"/v1/plans/{S1}/2025"))["state"] == "returned"
    # What was returned is not there to be approved.
    problem = await review(centre, "plans/2025", {"decision": "approve"}, expect=409)
    assert problem["code"] == "no_such_transition"
    await own.post("plans", {**PLAN, "safeguards": "安全预案见附件", "submitted_on": "2025-09-12"})


async def test_a_plan_is_approved_with_its_filing_number_and_the_same_again_is_the_same(under_review: District) -> None:
    centre = under_review.voice("centre", stage="primary")
    verdict = {"decision": "approve", "filing_number": "浦小2025-017", "reviewed_by": "C1"}
    approved = await review(centre, f"plans/{S1}/2025", verdict)
    assert (approved["state"], approved["created"]) == ("approved", 1)
    again = await review(centre, f"plans/{S1}/2025", verdict)
    assert (again["unchanged"], again["review_id"], again["number"]) == (1, approved["review_id"], 1)
    for reader in (centre, under_review.school(S1), under_review.auditor):
        (kept,) = (await reader.get("/v1/plans/2025/reviews"))["items"]
        assert (kept["decision"], kept["filing_number"], kept["plan_id"]) == ("accepted", "浦小2025-017", "2025")


async def test_a_submission_is_reviewed_line_by_line_under_the_scheme_in_force(under_review: District) -> None:
    centre = under_review.voice("centre", stage="primary")
    cut = {"staff_id": "T1", "class_hours": 50.5, "amount_fen": 404000, "why": "9月12日无课"}
    for wrong, pointer in (
        ({"staff_id": "T9", "amount_fen": 1, "why": "x"}, "/lines/0/staff_id"),
        ({"staff_id": "T1", "amount_fen": 1}, "/lines/0/why"),
    ):
        problem = await review(centre, "submissions/autumn", {"decision": "approve", "lines": [wrong]}, expect=422)
        assert problem["errors"][0]["pointer"] == pointer
    approved = await review(centre, "submissions/autumn", {"decision": "approve", "lines": [cut]})
    assert approved["state"] == "approved"
    (kept,) = (await under_review.school(S1).get("/v1/submissions/autumn/reviews"))["items"]
    assert (kept["decision"], kept["scheme_id"], kept["lines"][0]["amount_fen"]) == ("adjusted", "2025-a", 404000)
    assert (await under_review.school(S1).get(f"/v1/submissions/{S1}/autumn"))["state"] == "approved"


async def test_without_a_scheme_in_force_no_submission_is_reviewed(under_review: District) -> None:
    centre = under_review.voice("centre", stage="primary")
    await centre.post("review-schemes", {**SCHEME, "effective_to": "2025-12-31", "reason": "到期"})
    problem = await review(centre, "submissions/autumn", {"decision": "approve"}, expect=409)
    assert problem["code"] == "not_ready"
    named = {"decision": "approve", "scheme_id": "2024-x"}
    assert (await review(centre, "submissions/autumn", named, expect=409))["code"] == "not_ready"
    # A plan is reviewed without one.
    assert (await review(centre, "plans/2025", {"decision": "approve"}))["state"] == "approved"


async def test_another_content_than_was_looked_at_is_not_approved(under_review: District) -> None:
    verdict = {"decision": "approve", "content_hash": "e" * 64}
    problem = await review(under_review.bureau, "submissions/autumn", verdict, expect=409)
    assert problem["code"] == "other_content"


@pytest.mark.parametrize("document", ["plans/2025", "submissions/autumn"])
@pytest.mark.parametrize(
    ("role", "status", "code"),
    [
        ("the school itself", 403, "missing_scope"),
        ("another school", 403, "missing_scope"),
        ("the other centre", 404, "not_found"),
        ("the auditor", 403, "missing_scope"),
        ("one of the own school at the centre", 403, "own_work"),
    ],
)
async def test_who_may_not_review_is_told_why_and_nothing_changes(
    under_review: District, document: str, role: str, status: int, code: str
) -> None:
    voice = {
        "the school itself": under_review.school(S1),
        "another school": under_review.school(S2),
        "the other centre": under_review.voice("centre", stage="junior"),
        "the auditor": under_review.auditor,
        "one of the own school at the centre": under_review.voice("centre", stage="primary"),
    }[role]
    verdict = {"decision": "approve", **({"reviewed_by": "T2"} if code == "own_work" else {})}
    assert (await review(voice, document, verdict, expect=status))["code"] == code
    assert await under_review.fetch("select from ledger.entry where resource in ('reviews', 'steps')") == []
    reader = 404 if role in {"another school", "the other centre"} else 200
    await voice.get(f"/v1/{document}/reviews", expect=reader)


async def test_a_submission_that_names_no_publication_is_returned_and_not_approved(under_review: District) -> None:
    """A school's own system may send such a one; what it needs is said, and the way on is open."""
    centre, own = under_review.voice("centre", stage="primary"), under_review.school(S1)
    nameless = {name: value for name, value in SUBMITTED.items() if name != "publication_id"}
    await own.post("submissions", nameless)
    problem = await review(centre, "submissions/autumn", {"decision": "approve"}, expect=409)
    assert problem["code"] == "not_ready"
    assert "`publication_id`" in problem["detail"]
    shown = await centre.get("/v1/submissions/autumn")
    conditions = {each["step"]: [condition["en"] for condition in each["conditions"]] for each in shown["possible"]}
    assert any("`publication_id`" in condition for condition in conditions["approve"])
    await review(centre, "submissions/autumn", {"decision": "return", "comments": "未写明公示"})
    await own.post("submissions", {**SUBMITTED, "submitted_on": "2026-02-13"})
    await under_review.school(S1).get("/v1/submissions/autumn")


async def test_of_two_who_decide_in_one_moment_one_is_there_first(under_review: District) -> None:
    centre, bureau = under_review.voice("centre", stage="primary"), under_review.bureau
    answers = await asyncio.gather(
        centre.send("POST", "/v1/plans/2025/reviews", json={"decision": "approve"}),
        bureau.send("POST", "/v1/plans/2025/reviews", json={"decision": "return", "comments": "缺附件"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len((await centre.get("/v1/plans/2025/reviews"))["items"]) == 1
