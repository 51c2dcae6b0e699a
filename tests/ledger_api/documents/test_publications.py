"""Publications: what the school posted."""

from typing import Any

import pytest

from tests.world.district import District, Voice
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import MONTHLY, PUBLICATION_STORY, TERMLY, begin, deliberated, digest_of, lead, step
from tests.world.standard import MONDAY, PLAN, S1, S2, TERM, TUESDAY, closed_day, duty, session, sheet

Json = dict[str, Any]

POSTED = {
    "school_id": S1,
    "publication_id": "2025-09",
    "kind": "monthly_workload",
    "period": "2025-09",
    "place": "公开栏",
    "displayed_from": "2025-10-08",
    "displayed_to": "2025-10-15",
    "deliberation_id": "d1",
    "content_hash": "0f" * 32,
    "objections": [
        {
            "objection_id": "o1",
            "staff_id": "T2",
            "made_on": "2025-10-09",
            "text": "漏记一次",
            "answered_on": "2025-10-10",
        }
    ],
    "archive": [{"content_hash": "0f" * 32, "stored_on": "2025-10-16", "keep_until": "2035-10-16"}],
    "lines": [{"staff_id": "T1", "class_hours": 12.5}, {"staff_id": "T2", "class_hours": 30}],
}


async def test_a_publication_goes_through_its_life(school: District) -> None:
    change = {"lines": POSTED["lines"][:1], "reason": "更正公示"}
    await goes_through_its_life(school.school(S1), "publications", POSTED, change=change, path=f"{S1}/2025-09")


async def test_a_term_that_is_published_is_registered(school: District) -> None:
    term = {**POSTED, "kind": "term_remuneration", "period": TERM}
    await school.school(S1).post("publications", {**term, "period": "2031-2032-1"}, expect=422)
    await school.school(S1).post("publications", term)


async def test_a_person_stands_once_in_a_publication(school: District) -> None:
    twice = {**POSTED, "lines": [*POSTED["lines"], POSTED["lines"][0]]}
    problem = await school.school(S1).post("publications", twice, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("repeated_key", "/0/lines/2/staff_id")


async def test_a_sheet_is_not_taken_down_before_it_is_hung(school: District) -> None:
    problem = await school.school(S1).post("publications", {**POSTED, "displayed_to": "2025-10-07"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/displayed_to")


async def test_an_objection_is_about_somebody_known_and_a_digest_is_one(school: District) -> None:
    by_nobody = {**POSTED, "objections": [{"objection_id": "o1", "staff_id": "T77", "made_on": "2025-10-09"}]}
    problem = await school.school(S1).post("publications", by_nobody, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/objections/0/staff_id")
    problem = await school.school(S1).post("publications", {**POSTED, "content_hash": "0F" * 32}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/content_hash"


LINES = MONTHLY["lines"]


async def _say(voice: Voice, path: str, *, expect: int = 200, **said: Any) -> Json:
    answer = await voice.send("POST", f"/v1/publications/{path}", json=said)
    assert answer.status_code == expect, answer.text
    body: Json = answer.json()
    return body


async def test_the_lines_are_the_ledgers_and_bound_to_its_chain(school: District) -> None:
    own = school.school(S1)
    await own.post(
        "sessions", session(staff={"T1": 1.5, "T2": 0.75}), session("h2", service_date=TUESDAY, staff={"T1": 1.25})
    )
    await own.post("sessions", session("h3", service_date="2025-10-09", staff={"T3": 2}))
    await own.post("duties", duty(class_hours=1))
    chain = await own.get(f"/v1/chains/{S1}")
    month = {"school_id": S1, "publication_id": "m", "kind": "monthly_workload", "period": "2025-09"}
    await own.post("publications", month, from_ledger="true")
    shown = await own.get("/v1/publications/m")
    assert [(line["staff_id"], line["class_hours"], line["dates"], line["amount_fen"]) for line in shown["lines"]] == [
        ("T1", 2.75, [MONDAY, TUESDAY], None), ("T2", 0.75, [MONDAY], None), ("T9", 1, [MONDAY], None),
    ]  # fmt: skip
    assert shown["chain"] == {"seq": chain["length"], "head": chain["head"]}
    assert shown["state"] == "draft"


async def test_a_terms_publication_from_the_ledger_has_the_amounts_of_the_plan(school: District) -> None:
    own = school.school(S1)
    await own.post("sessions", session(staff={"T1": 1.5, "T2": 1}))
    term = {"school_id": S1, "publication_id": "t", "kind": "term_remuneration", "period": TERM}
    await own.post("publications", term, from_ledger="true")
    lines = (await own.get("/v1/publications/t"))["lines"]
    assert [(line["staff_id"], line["amount_fen"]) for line in lines] == [("T1", 12000), ("T2", 4800)]
    pay = await own.report("/v1/reports/compensation", school_id=S1, term_id=TERM)
    assert sum(line["amount_fen"] for line in lines) == pay["total_fen"]


async def test_work_without_a_price_is_named_and_not_published_as_worth_nothing(school: District) -> None:
    own = school.school(S1)
    await own.post("duties", duty(kind="patrol"))
    await own.post("allocation-plans", {**PLAN, "duty_rate_fen": {"duty": 5000}})
    term = {"school_id": S1, "publication_id": "t", "kind": "term_remuneration", "period": TERM}
    problem = await own.post("publications", term, from_ledger="true", expect=422)
    assert problem["errors"][0]["pointer"] == "/0/period"
    assert "T9" in problem["errors"][0]["detail"]
    await own.get("/v1/publications/t", expect=404)


async def test_nobody_publishes_from_the_ledger_of_another_school(school: District) -> None:
    month = {"school_id": S1, "publication_id": "m", "kind": "monthly_workload", "period": "2025-09"}
    await school.school(S2).post("publications", month, from_ledger="true", expect=404)
    with_lines = {**month, "lines": LINES}
    problem = await school.school(S1).post("publications", with_lines, from_ledger="true", expect=422)
    assert problem["code"] == "unknown_field"


WEDNESDAY, LAST_DAY = "2025-09-10", "2026-01-29"


@pytest.mark.parametrize(("kind", "period"), [("monthly_workload", "2025-09"), ("term_remuneration", TERM)])
async def test_what_is_laid_before_the_meeting_is_of_days_that_are_closed(
    school: District, kind: str, period: str
) -> None:
    own = school.school(S1)
    await own.post("sessions", session("a"), session("b", service_date=TUESDAY), session("c", service_date=LAST_DAY))
    # A day on which nobody worked class hours is not waited for.
    await own.post("sessions", session("idle", service_date=WEDNESDAY, staff={"T1": 0}))
    await own.post("days", closed_day(), closed_day(LAST_DAY))
    await own.post("publications", {**TERMLY, "kind": kind, "period": period})
    meeting = await deliberated(own, "publications/p-term", kind=kind, held_on="2026-02-02", meeting="d")
    problem = await step(own, "publications/p-term", "deliberate", expect=409, on="2026-02-02", **meeting)
    assert (problem["code"], MONDAY in problem["detail"], TUESDAY in problem["detail"]) == ("not_ready", False, True)
    assert WEDNESDAY not in problem["detail"]
    await own.post("days", closed_day(TUESDAY))
    taken = await step(own, "publications/p-term", "deliberate", on="2026-02-02", **meeting)
    assert taken["state"] == "deliberated"


async def test_an_objection_is_not_ignored(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    own = school.school(S1)
    said = await _say(own, "p/objections", staff_id="T2", text="漏记一次", made_on="2025-10-09")
    assert said["state"] == "objected"
    assert (await step(own, "publications/p", "close", expect=409, on="2025-10-16"))["code"] == "no_such_transition"
    # Left out of the sheet, or out of a new one, it is still there.
    posted = {**MONTHLY, "displayed_from": "2025-10-08", "displayed_to": "2025-10-14", "deliberation_id": "d"}
    await own.post("publications", posted)
    assert (await own.get("/v1/publications/p"))["state"] == "objected"
    await own.post("publications", {**posted, "lines": LINES[:1]})
    approval = await deliberated(own, "publications/p", kind="monthly_workload", held_on="2025-10-20", meeting="d2")
    await step(own, "publications/p", "deliberate", on="2025-10-20", **approval)
    hung = await step(
        own, "publications/p", "display", displayed_from="2025-10-20", displayed_to="2025-10-27", place="公开栏",
        attachments=["照片"], content_hash=approval["content_hash"], on="2025-10-20",
    )  # fmt: skip
    assert hung["state"] == "objected"
    answered = await _say(own, "p/objections", objection_id="o1", answer="已更正", answered_on="2025-10-21")
    assert answered["state"] == "displayed"
    assert (await step(own, "publications/p", "close", on="2025-10-27"))["state"] == "closed"


async def test_an_objection_is_not_passed_over_by_posting_the_sheet_again_as_closed(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="objected")
    own = school.school(S1)
    hung = {"displayed_from": "2025-10-08", "displayed_to": "2025-10-14", "deliberation_id": "d"}
    await own.post("publications", {**MONTHLY, **hung, "closed_on": "2025-10-15", "archive": POSTED["archive"]})
    shown = await own.get("/v1/publications/p")
    assert (shown["state"], shown["closed_on"]) == ("objected", "2025-10-15")
    await step(own, "publications/p", "answer", objection_id="o1", answer="已核对", on="2025-10-15")
    assert (await own.get("/v1/publications/p"))["state"] == "displayed"
    assert (await step(own, "publications/p", "close", on="2025-10-16"))["state"] == "closed"


async def test_objections_and_their_answers_are_listed(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    own = school.school(S1)
    await _say(own, "p/objections", staff_id="T2", text="漏记一次", made_on="2025-10-09")
    await _say(own, "p/objections", objection_id="o9", text="多记", made_on="2025-10-09")
    problem = await _say(own, "p/objections", objection_id="o9", text="又多记", made_on="2025-10-09", expect=409)
    assert problem["code"] == "not_ready"
    await _say(own, "p/objections", objection_id="o1", answer="已核对", answered_on="2025-10-10")
    listed = (await own.get("/v1/publications/p/objections"))["items"]
    assert [(each["objection_id"], each["staff_id"], each["answer"]) for each in listed] == [
        ("o1", "T2", "已核对"), ("o9", None, None),
    ]  # fmt: skip
    problem = await _say(own, "p/objections", objection_id="o1", answer="再答", answered_on="2025-10-10", expect=409)
    assert problem["code"] == "not_ready"
    await school.school(S2).get("/v1/publications/p/objections", expect=404)
    await _say(school.school(S2), "p/objections", text="与我无关", expect=404)
    await _say(school.auditor, "p/objections", text="审计", expect=403)


async def test_nobody_objects_to_what_does_not_hang(school: District) -> None:
    await begin(school, PUBLICATION_STORY)
    problem = await _say(school.school(S1), "p/objections", text="漏记一次", expect=409)
    assert (problem["code"], problem["possible"]) == ("no_such_transition", ["deliberate"])


async def test_an_objection_has_words(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    problem = await _say(school.school(S1), "p/objections", expect=422, staff_id="T1")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [("/text", "missing_field")]


async def test_a_confirmation_is_of_what_the_line_said_then(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="displayed")
    own = school.school(S1)
    await _say(own, "p/acknowledgements", staff_id="T1", acknowledged_on="2025-10-09")
    problem = await _say(own, "p/acknowledgements", staff_id="T5", acknowledged_on="2025-10-09", expect=409)
    assert problem["code"] == "not_ready"
    (own_word,) = (await own.get("/v1/publications/p/acknowledgements"))["items"]
    assert (own_word["staff_id"], own_word["acknowledged_on"], own_word["holds"]) == ("T1", "2025-10-09", True)
    await own.post("publications", {**MONTHLY, "lines": LINES[:1]})
    (own_word,) = (await own.get("/v1/publications/p/acknowledgements"))["items"]
    assert own_word["holds"] is False
    await _say(school.school(S2), "p/acknowledgements", staff_id="T1", expect=404)


async def test_it_hangs_after_the_meeting_and_as_long_as_it_says(school: District) -> None:
    await lead(school, PUBLICATION_STORY, to="deliberated")
    own = school.school(S1)
    hung: Json = {
        "displayed_to": "2025-10-14", "place": "公开栏", "attachments": ["照片"],
        "content_hash": await digest_of(own, "publications/p"),
    }  # fmt: skip
    early = await step(
        own, "publications/p", "display", expect=409, displayed_from="2025-10-06", on="2025-10-08", **hung
    )
    assert early["code"] == "not_ready"
    await step(own, "publications/p", "display", displayed_from="2025-10-08", on="2025-10-08", **hung)
    assert (await step(own, "publications/p", "close", expect=409, on="2025-10-13"))["code"] == "not_ready"


async def test_what_is_only_drafted_is_not_published(school: District) -> None:
    own = school.school(S1)
    await own.post("sessions", session(headcount=20))
    month = {"school_id": S1, "publication_id": "m", "kind": "monthly_workload", "period": "2025-09"}
    await own.post("publications", month, from_ledger="true")
    # Nor is what is corrected meanwhile changed after its publication.
    await own.post("sessions", session(headcount=21, reason="补录"))
    await school.audit()
    assert not {finding["rule"] for finding in await school.auditor.findings()} & {"A20", "D03", "D04"}


async def test_what_is_led_step_by_step_satisfies_the_audit(school: District) -> None:
    own = school.school(S1)
    await own.post(
        "sessions", session(staff={"T1": 12.5, "T2": 20}), session("h2", service_date=TUESDAY, staff={"T2": 10})
    )
    await own.post("attendance", sheet())
    await own.post("days", closed_day(sessions=1), closed_day(TUESDAY, sessions=1))
    await lead(school, PUBLICATION_STORY)
    await school.audit()
    about_publications = {finding["rule"] for finding in await school.auditor.findings() if finding["rule"] < "D13"}
    assert {rule for rule in about_publications if rule.startswith("D")} == set()
