"""Submissions: what the school reports for a term."""

from typing import Any

import pytest

from tests.world.district import District, Voice
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import (
    MONTHLY,
    PAID_LINES,
    PAPERS,
    SUBMISSION,
    SUBMISSION_STORY,
    TERMLY,
    digest_of,
    lead,
    publish_the_term,
    step,
)
from tests.world.standard import S1, S2, TERM, session

Json = dict[str, Any]

TERM_STATEMENT = {
    "school_id": S1,
    "submission_id": "autumn",
    "term_id": TERM,
    "lines": [{"staff_id": "T1", "class_hours": 60.25, "amount_fen": 482000}],
    "submitted_on": "2026-01-30",
    "principal_signed_by": "T9",
    "principal_signed_on": "2026-01-29",
    "principal_signed_hash": "0e" * 32,
    "content_hash": "0e" * 32,
    "attachments": [{"kind": "arrangement_table", "sessions": 480}, {"kind": "decision_record", "amount_fen": 482000}],
}


async def test_a_submission_goes_through_its_life(school: District) -> None:
    change = {"party_seal_by": "T8", "party_seal_on": "2026-01-30"}
    await goes_through_its_life(school.school(S1), "submissions", TERM_STATEMENT, change=change, path=f"{S1}/autumn")


async def test_a_line_of_nobody_is_named_by_its_place(school: District) -> None:
    statement = {**TERM_STATEMENT, "lines": [*TERM_STATEMENT["lines"], {"staff_id": "T77", "class_hours": 1}]}
    problem = await school.school(S1).post("submissions", statement, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/1/staff_id")


async def test_a_paper_of_no_known_kind_is_named_by_its_place(school: District) -> None:
    statement = {**TERM_STATEMENT, "attachments": [{"kind": "arrangement_table"}, {"kind": "poem"}]}
    problem = await school.school(S1).post("submissions", statement, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/attachments/1/kind"


async def _ready(school: District, **change: Any) -> Voice:
    """The term is published and closed, and the submission is a draft."""
    own = school.school(S1)
    await publish_the_term(own)
    await own.post("submissions", {**SUBMISSION, **change})
    return own


async def test_a_submission_is_made_of_the_terms_publication(school: District) -> None:
    own = school.school(S1)
    await publish_the_term(own)
    draft = {"school_id": S1, "submission_id": "s", "attachments": PAPERS[:1]}
    await own.post("submissions", draft, from_publication="p-term")
    shown, published = await own.get("/v1/submissions/s"), await own.get("/v1/publications/p-term")
    assert (shown["state"], shown["term_id"], shown["publication_id"]) == ("draft", TERM, "p-term")
    assert shown["lines"] == published["lines"]
    assert [(each["kind"], each["document_id"], each["amount_fen"]) for each in shown["attachments"]] == [
        ("arrangement_table", "table", None),
        ("publication_material", "p-term", None),
        ("decision_record", "d-term", 340000),
    ]
    for name, facts in (("sign", {"principal_signed_by": "T9"}), ("seal", {"party_seal_by": "T8"})):
        await step(own, "submissions/s", name, on="2026-02-11", content_hash=shown["content_digest"], **facts)
    assert (await step(own, "submissions/s", "submit", on="2026-02-11"))["state"] == "submitted"
    now = await own.get("/v1/submissions/s")
    assert now["principal_signed_hash"] == now["party_seal_hash"] == now["content_hash"] == shown["content_digest"]
    assert now["submitted_on"] == "2026-02-11"


async def test_a_submission_is_made_of_no_other_publication(school: District) -> None:
    own = school.school(S1)
    await own.post("publications", MONTHLY)
    draft = {"school_id": S1, "submission_id": "s"}
    problem = await own.post("submissions", draft, from_publication="p", expect=422)
    assert problem["code"] == "invalid_parameter"
    await own.post("submissions", draft, from_publication="nowhere", expect=404)
    await school.school(S2).post("submissions", draft, from_publication="p", expect=404)
    await own.get("/v1/submissions/s", expect=404)


async def test_a_seal_before_the_content_is_final_is_refused(school: District) -> None:
    own = await _ready(school)
    digest = await digest_of(own, "submissions/s")
    seal = {"party_seal_by": "T8", "content_hash": digest, "on": "2026-02-11"}
    problem = await step(own, "submissions/s", "seal", expect=409, **seal)
    assert (problem["code"], problem["possible"]) == ("no_such_transition", ["sign"])
    await step(own, "submissions/s", "sign", principal_signed_by="T9", content_hash=digest, on="2026-02-11")
    other = {**seal, "content_hash": "0" * 64}
    assert (await step(own, "submissions/s", "seal", expect=409, **other))["code"] == "other_content"
    await step(own, "submissions/s", "seal", **seal)


async def test_nothing_is_signed_before_its_publication_closed(school: District) -> None:
    own = school.school(S1)
    await own.post("publications", TERMLY)
    await own.post("submissions", SUBMISSION)
    digest = await digest_of(own, "submissions/s")
    sign = {"principal_signed_by": "T9", "content_hash": digest, "on": "2026-02-11"}
    problem = await step(own, "submissions/s", "sign", expect=409, **sign)
    assert "the term's publication is closed" in problem["detail"]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"lines": PAID_LINES[:1]}, "person by person"),
        ({"lines": [{**PAID_LINES[0], "amount_fen": 100001}, PAID_LINES[1]]}, "person by person"),
        ({"attachments": PAPERS[:2]}, "three attachments"),
        ({"attachments": [*PAPERS[:2], {"kind": "publication_material"}]}, "content hash"),
        ({"publication_id": None}, "names the term's publication"),
    ],
)
async def test_what_is_not_the_publication_with_its_three_papers_is_not_signed(
    school: District, change: Json, because: str
) -> None:
    own = await _ready(school, **change)
    digest = await digest_of(own, "submissions/s")
    sign = {"principal_signed_by": "T9", "content_hash": digest, "on": "2026-02-11"}
    problem = await step(own, "submissions/s", "sign", expect=409, **sign)
    assert problem["code"] == "not_ready"
    assert because in problem["detail"]


@pytest.mark.parametrize(
    "edited",
    [
        {"attachments": [*PAPERS[:2], {**PAPERS[2], "content_hash": "9f" * 32}]},
        {"lines": PAID_LINES[:1]},
    ],
    ids=["an attachment", "a line"],
)
async def test_what_is_edited_after_seal_or_approval_is_neither_sealed_nor_approved(
    school: District, edited: Json
) -> None:
    for state in ("submitted", "approved"):
        if state == "submitted":
            await lead(school, SUBMISSION_STORY, to=state)
        else:
            await _approve_again(school)
        own, centre = school.school(S1), school.voice("centre", stage="primary")
        before = await own.get("/v1/submissions/s")
        facts = {name: before[name] for name in ("principal_signed_by", "principal_signed_on", "party_seal_by", "party_seal_on", "submitted_on")}  # fmt: skip
        await own.post("submissions", {**SUBMISSION, **facts, **edited})
        now = await own.get("/v1/submissions/s")
        assert now["state"] == "draft"
        assert now["content_digest"] != before["content_digest"]
        stale = {"content_hash": before["content_digest"], "on": "2026-02-14"}
        assert (await step(centre, "submissions/s", "approve", expect=409, **stale))["code"] == "no_such_transition"
        seal = {"party_seal_by": "T8", "content_hash": now["content_digest"]}
        assert (await step(own, "submissions/s", "seal", expect=409, **seal))["code"] == "no_such_transition"


async def _approve_again(school: District) -> None:
    """As it was at first: signed, sealed, submitted, approved."""
    own, centre = school.school(S1), school.voice("centre", stage="primary")
    await own.post("submissions", SUBMISSION)
    content = {"content_hash": await digest_of(own, "submissions/s"), "on": "2026-02-14"}
    await step(own, "submissions/s", "sign", principal_signed_by="T9", **content)
    await step(own, "submissions/s", "seal", party_seal_by="T8", **content)
    await step(own, "submissions/s", "submit", on="2026-02-14")
    await step(centre, "submissions/s", "approve", **content)


async def test_a_signature_after_a_return_needs_its_seal_again(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="returned")
    own = school.school(S1)
    content = {"content_hash": await digest_of(own, "submissions/s"), "on": "2026-02-13"}
    await step(own, "submissions/s", "sign", principal_signed_by="T9", **content)
    assert (await own.get("/v1/submissions/s"))["party_seal_on"] is None
    problem = await step(own, "submissions/s", "submit", expect=409, on="2026-02-13")
    assert problem["code"] == "not_ready"


@pytest.mark.parametrize("kind", ["school", "sandbox", "auditor"])
async def test_nobody_approves_their_own_submission_and_an_auditor_none(school: District, kind: str) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    voice = school.voice(kind, schools=[S1])
    content_hash = (await school.school(S1).get("/v1/submissions/s"))["content_digest"]
    for name in ("approve", "return"):
        problem = await step(voice, "submissions/s", name, expect=403, content_hash=content_hash, why="x")
        assert problem["code"] == ("missing_scope" if kind == "auditor" else "not_theirs_to_decide")


async def test_a_centre_of_the_other_stage_does_not_know_of_it(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    junior = school.voice("centre", stage="junior")
    await junior.get("/v1/submissions/s", expect=404)
    await step(junior, "submissions/s", "approve", expect=404, content_hash="0" * 64)


async def test_a_reviewer_of_the_own_school_reviews_nothing(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    centre = school.voice("centre", stage="primary")
    digest = await digest_of(centre, "submissions/s")
    for name, facts in (("approve", {"content_hash": digest}), ("return", {"why": "附件缺页"})):
        problem = await step(centre, "submissions/s", name, expect=403, reviewed_by="T3", **facts)
        assert problem["code"] == "own_work"


async def test_a_return_says_why(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    problem = await step(school.voice("centre", stage="primary"), "submissions/s", "return", expect=422)
    assert [each["pointer"] for each in problem["errors"]] == ["/why"]


async def test_nothing_is_signed_over_an_open_objection(school: District) -> None:
    own = school.school(S1)
    await publish_the_term(own, to="displayed")
    await step(own, "publications/p-term", "object", objection_id="o1", text="漏记", on="2026-02-08")
    await own.post("submissions", SUBMISSION)
    digest = await digest_of(own, "submissions/s")
    sign = {"principal_signed_by": "T9", "content_hash": digest, "on": "2026-02-11"}
    problem = await step(own, "submissions/s", "sign", expect=409, **sign)
    assert "no objection open" in problem["detail"]


async def test_a_submission_whose_publication_was_changed_meanwhile_is_not_accepted(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    own, centre = school.school(S1), school.voice("centre", stage="primary")
    await own.post("publications", {**TERMLY, "lines": PAID_LINES[:1]})
    content_hash = await digest_of(own, "submissions/s")
    problem = await step(centre, "submissions/s", "approve", expect=409, content_hash=content_hash)
    assert problem["code"] == "not_ready"


async def test_what_is_only_drafted_is_no_incomplete_submission(school: District) -> None:
    own = school.school(S1)
    await own.post("sessions", session(staff={"T1": 12.5}))
    await own.post("submissions", {**SUBMISSION, "draft": True})
    await school.audit()
    assert "D09" not in {finding["rule"] for finding in await school.auditor.findings()}
    await own.post("submissions", {**SUBMISSION, "submitted_on": "2026-02-01", "draft": True})
    await school.audit()
    assert "D09" in {finding["rule"] for finding in await school.auditor.findings()}


@pytest.mark.parametrize(
    ("amounts", "expect"),
    [((100000, 240000), 200), ((100001, 240000), 409), ((100000, 0), 409), ((90000, 250000), 409)],
)
async def test_what_is_paid_is_what_was_accepted(school: District, amounts: tuple[int, int], expect: int) -> None:
    await lead(school, SUBMISSION_STORY, to="approved")
    own = school.school(S1)
    lines = [{"staff_id": staff_id, "amount_fen": fen} for staff_id, fen in zip(("T1", "T2"), amounts, strict=True)]
    await own.post("payments", {"school_id": S1, "payment_id": "m9", "period": TERM, "lines": lines})
    answer = await step(own, "submissions/s", "pay", expect=expect, payment_ids=["m9"], on="2026-02-20")
    assert answer.get("code") == (None if expect == 200 else "not_ready")


async def test_a_line_that_the_centre_reduced_is_paid_as_reduced(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    own, centre = school.school(S1), school.voice("centre", stage="primary")
    reduced = [{"staff_id": "T2", "class_hours": 20, "amount_fen": 160000}]
    digest = await digest_of(own, "submissions/s")
    await step(centre, "submissions/s", "approve", content_hash=digest, lines=reduced, on="2026-02-14")
    assert (await own.get("/v1/submissions/s"))["lines"][1]["amount_fen"] == 240000
    full = {"payment_ids": ["m1", "m2"], "on": "2026-02-20"}
    assert (await step(own, "submissions/s", "pay", expect=409, **full))["code"] == "not_ready"
    lines = [{"staff_id": "T1", "amount_fen": 100000}, {"staff_id": "T2", "amount_fen": 160000}]
    await own.post("payments", {"school_id": S1, "payment_id": "m9", "period": TERM, "lines": lines})
    assert (await step(own, "submissions/s", "pay", payment_ids=["m9"], on="2026-02-20"))["state"] == "paid"


async def test_a_submission_posted_with_its_facts_is_where_they_say_and_a_posted_review_decides(
    school: District,
) -> None:
    own, centre = school.school(S1), school.voice("centre", stage="primary")
    await own.post("submissions", {**TERM_STATEMENT, "party_seal_on": "2026-01-30"})
    assert (await own.get("/v1/submissions/autumn"))["state"] == "submitted"
    for decision, state in (("returned", "returned"), ("adjusted", "approved")):
        review = {"school_id": S1, "review_id": decision, "submission_id": "autumn", "decision": decision, "reviewed_on": "2026-02-02"}  # fmt: skip
        await centre.post("reviews", review)
        assert (await own.get("/v1/submissions/autumn"))["state"] == state
    listed = (await own.get("/v1/submissions"))["items"]
    assert [(each["submission_id"], each["state"]) for each in listed] == [("autumn", "approved")]
