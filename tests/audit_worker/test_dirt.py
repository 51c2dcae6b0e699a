"""What a change makes dirty: an office is looked at when it acts, when its schools do, and when the district goes on."""

from random import Random
from typing import Any

import pytest

from services.audit_worker.engine import audit_all
from tests.world.district import District, Voice
from tests.world.standard import S1, S2, YEAR, confirmed_finding, school_of, session, slot_of

S3 = "3101150011"
SPRING = {"term_id": "2025-2026-2", "starts_on": "2026-02-24", "ends_on": "2026-06-30"}
HEARD = [{"audience": "parents", "collected_on": "2026-05-12"}, {"audience": "pupils", "collected_on": "2026-05-13"}]


def _story(district: District) -> list[tuple[Voice, str, dict[str, Any]]]:
    """What schools and offices enter in a year in which much is late: the order in which it comes is nobody's to choose."""
    bureau, centre, first = district.bureau, district.voice("centre", stage="primary"), district.school(S1)
    award = {"school_id": S1, "award_id": "won", "academic_year": YEAR}
    return [
        (bureau, "schools", school_of(S3, "primary")),
        (first, "sessions", session("a")),
        (first, "sessions", session("b", service_date="2025-12-08")),
        (first, "sessions", session("c", service_date="2026-01-26")),
        (first, "plans", {"school_id": S1, "plan_id": "plan", "academic_year": YEAR, "submitted_on": "2025-10-13"}),
        (centre, "reviews", {"school_id": S1, "review_id": "p", "plan_id": "plan", "decision": "accepted", "reviewed_on": "2025-12-01"}),
        (centre, "inspections", {"school_id": S1, "inspection_id": "v", "kind": "spot_check", "date": "2025-10-20", "conclusion": "正常"}),
        (first, "submissions", {"school_id": S1, "submission_id": "sub", "term_id": "2025-2026-1", "lines": [], "submitted_on": "2025-11-10"}),
        (centre, "reviews", {"school_id": S1, "review_id": "r", "submission_id": "other", "decision": "returned", "reviewed_on": "2026-01-12"}),
        (centre, "rectifications", {"school_id": S1, "rectification_id": "x", "demand": "补记", "demanded_on": "2025-10-21", "due_on": "2025-11-05"}),
        (bureau, "complaints", {"school_id": S2, "complaint_id": "k", "received_on": "2025-11-03", "office": "junior_centre"}),
        (bureau, "clawbacks", {"school_id": S1, "clawback_id": "b", "amount_fen": 900, "determined_on": "2025-11-04", "ordered_on": "2025-11-05", "due_on": "2025-12-05"}),
        (bureau, "disqualifications", {"school_id": S1, "disqualification_id": "q", "academic_year": YEAR, "decided_on": "2026-01-12"}),
        (bureau, "awards", award),
        (centre, "indicator-sets", {"stage": "primary", "indicator_set_id": "i", "academic_year": YEAR, "indicators": []}),
        (centre, "appraisals", {"school_id": S1, "appraisal_id": "g", "academic_year": YEAR, "finalised_on": "2025-10-30", "transfers": [{"scheme": "school_appraisal", "transferred_on": "2025-10-31"}]}),
        (bureau, "campaigns", {"campaign_id": "f", "academic_year": YEAR, "proportion": 0.5, "sealed_on": "2025-10-20", "sample": [S1]}),
        (bureau, "groups", {"group_id": "w", "academic_year": YEAR, "members": []}),
        (centre, "trainings", {"school_id": S1, "training_id": "t", "kind": "key_person", "held_on": "2025-10-15", "organiser": "primary_centre", "attendees": ["T1"]}),
    ]  # fmt: skip


async def _basis(district: District, resource: str) -> dict[str, Any]:
    """What a clawback rests on."""
    return {"finding_ids": [await confirmed_finding(district)]} if resource == "clawbacks" else {}


@pytest.mark.parametrize("seed", range(3))
async def test_in_whatever_order_a_year_comes_a_full_audit_has_nothing_to_add(school: District, seed: int) -> None:
    await school.bureau.post("terms", SPRING)
    await school.school(S1).post("slots", {**slot_of(S1, "s1"), "term_id": "2025-2026-2"})
    story = _story(school)
    Random(seed).shuffle(story)  # noqa: S311 an order, and no secret
    for voice, resource, record in story:
        await voice.post(resource, record | await _basis(school, resource))
        await school.audit()
    # The year is over with its last sessions.
    await school.school(S1).post("sessions", session("z", service_date="2026-06-25"))
    await school.audit()
    open_now = await school.fetch("select rule, school_id from audit.finding where state = 'open' and rule like 'G%'")
    assert {each["rule"] for each in open_now} == {
        "G01", "G02", "G03", "G04", "G05", "G06", "G07", "G08", "G09", "G10", "G11", "G12", "G13",
    }  # fmt: skip
    assert await audit_all(school.auditor_pool, school.rules) == 0


async def test_a_year_in_which_every_office_does_its_duty_has_no_finding(school: District) -> None:
    await school.bureau.post("terms", SPRING)
    for school_id in (S1, S2):
        await school.school(school_id).post("slots", {**slot_of(school_id, "s1"), "term_id": "2025-2026-2"})
    for voice, resource, record in _year_of_duty(school):
        await voice.post(resource, record | await _basis(school, resource))
        await school.audit()
    await school.school(S1).post("sessions", session("z", service_date="2026-06-25", headcount=0, staff={"T1": 0}))
    await school.audit()
    assert [each for each in await school.bureau.findings() if each["rule"].startswith("G")] == []
    assert await audit_all(school.auditor_pool, school.rules) == 0


def _year_of_duty(district: District) -> list[tuple[Voice, str, dict[str, Any]]]:
    """Each step in time, by whose it is, for both stages and every school."""
    bureau = district.bureau
    offices = ("personnel", "moral_education", "supervision", "private_education", "primary_centre", "junior_centre")
    leads = ("general_office", "finance", "compulsory_education")
    members = [{"office": each, "role": "lead"} for each in leads] + [{"office": each} for each in offices]
    checked = [
        {"item": item, "result": "完整", "evidence": [f"{item}.pdf"]}
        for item in ("ledger", "collective_deliberation", "publication_procedure")
    ]
    steps: list[tuple[Voice, str, dict[str, Any]]] = [
        (bureau, "groups", {"group_id": "w", "academic_year": YEAR, "members": members}),
        (bureau, "campaigns", {"campaign_id": "f", "academic_year": YEAR, "proportion": 0.5, "sealed_on": "2025-10-20", "population": [S1, S2], "sample": [S2], "selection": "随机", "seed": "7"}),
        (bureau, "inspections", {"school_id": S2, "inspection_id": "f1", "kind": "unannounced", "office": "supervision", "campaign_id": "f", "date": "2025-11-03", "conclusion": "正常"}),
        (bureau, "complaints", {"school_id": S1, "complaint_id": "k", "received_on": "2025-11-03", "acknowledged_on": "2025-11-05", "outcome": "not_substantiated", "closed_on": "2025-12-01"}),
        (bureau, "clawbacks", {"school_id": S1, "clawback_id": "b", "amount_fen": 900, "determined_on": "2025-11-04", "ordered_on": "2025-11-05", "due_on": "2025-12-05", "recovered": [{"recovered_on": "2025-12-01", "amount_fen": 900}]}),
        (bureau, "disqualifications", {"school_id": S1, "disqualification_id": "q", "academic_year": YEAR, "decided_on": "2026-01-12"}),
        (bureau, "awards", {"school_id": S2, "award_id": "won", "academic_year": YEAR}),
    ]  # fmt: skip
    for stage, school_id, person in (("primary", S1, "T1"), ("junior", S2, "U1")):
        centre, own = district.voice("centre", stage=stage), district.school(school_id)
        weights = [
            {"indicator": "质量", "group": "quality", "weight": 0.6},
            {"indicator": "参与", "group": "participation", "weight": 0.4},
        ]
        transfers = [
            {"scheme": scheme, "transferred_on": "2026-03-09"}
            for scheme in ("leadership_appraisal", "school_appraisal", "civilised_campus", "education_inspection")
        ]
        of_it = {"school_id": school_id}
        steps += [
            (own, "plans", {**of_it, "plan_id": "plan", "academic_year": YEAR, "submitted_on": "2025-09-12"}),
            (centre, "reviews", {**of_it, "review_id": "p", "plan_id": "plan", "decision": "accepted", "reviewed_on": "2025-09-19"}),
            (centre, "review-schemes", {"stage": stage, "scheme_id": "s", "approved_on": "2025-09-22"}),
            (centre, "trainings", {**of_it, "training_id": "t", "kind": "key_person", "held_on": "2025-10-15", "organiser": f"{stage}_centre", "attendees": [person]}),
            (centre, "inspections", {**of_it, "inspection_id": "v", "kind": "spot_check", "date": "2025-10-20", "checklist": checked, "conclusion": "正常"}),
            (centre, "rectifications", {**of_it, "rectification_id": "x", "demand": "补记", "demanded_on": "2025-10-21", "due_on": "2025-11-05", "answers": [{"answered_on": "2025-11-03", "answered_by": person, "checked_on": "2025-11-04", "checked_by": "C1", "accepted": True}]}),
            (own, "submissions", {**of_it, "submission_id": "sub", "term_id": "2025-2026-1", "lines": [], "submitted_on": "2026-02-10"}),
            (centre, "reviews", {**of_it, "review_id": "r", "submission_id": "sub", "decision": "accepted", "reviewed_on": "2026-03-02"}),
            (centre, "indicator-sets", {"stage": stage, "indicator_set_id": "i", "academic_year": YEAR, "approved_on": "2025-09-22", "indicators": weights}),
            (centre, "appraisals", {**of_it, "appraisal_id": "g", "academic_year": YEAR, "indicator_set_id": "i", "started_on": "2026-02-24", "feedback": HEARD, "finalised_on": "2026-03-02", "data_submission_score": 90, "transfers": transfers}),
        ]  # fmt: skip
    return steps


async def test_what_is_found_of_the_spring_stands_while_the_autumn_is_looked_at(school: District) -> None:
    await school.bureau.post("terms", SPRING)
    await school.school(S1).post("slots", {**slot_of(S1, "s1"), "term_id": "2025-2026-2"})
    await school.school(S1).post("sessions", session("z", service_date="2026-03-09"))
    await school.audit()
    (spring,) = await school.auditor.findings(rule="A05")
    await school.school(S1).post("sessions", session("a"))
    await school.audit()
    (still,) = await school.auditor.findings(rule="A05")
    assert (still["finding_id"], still["period"]) == (spring["finding_id"], "2025-2026-2")
    told = (await school.auditor.report(f"/v1/findings/{still['finding_id']}"))["events"]
    assert [event["change"] for event in told] == ["opened"]


async def test_a_day_of_service_of_any_school_makes_due_what_an_office_owes(school: District) -> None:
    await school.bureau.post(
        "complaints", {"school_id": S2, "complaint_id": "k", "received_on": "2025-11-03", "office": "junior_centre"}
    )
    for session_id, service_date, found in (("a", "2025-11-18", 0), ("b", "2025-11-19", 1)):
        await school.school(S1).post("sessions", session(session_id, service_date=service_date))
        await school.audit()
        assert len(await school.bureau.findings(rule="G08")) == found
    # It was not held after all: nobody has come so far.
    await school.school(S1).delete(f"/v1/sessions/{S1}/b", reason="误录")
    await school.audit()
    assert await school.bureau.findings(rule="G08") == []


async def test_what_an_office_owes_is_read_by_it_and_by_the_bureau_and_by_no_school(school: District) -> None:
    complaint = {"school_id": S1, "complaint_id": "k", "received_on": "2025-09-01", "office": "primary_centre"}
    await school.bureau.post("complaints", complaint, {**complaint, "complaint_id": "m", "office": "supervision"})
    await school.school(S1).post("sessions", session(service_date="2025-09-29"))
    await school.audit()
    seen = {
        "bureau": school.bureau,
        "primary centre": school.voice("centre", stage="primary"),
        "junior centre": school.voice("centre", stage="junior"),
        "school": school.school(S1),
    }
    found = {who: {each["subject"]["id"] for each in await voice.findings(rule="G08")} for who, voice in seen.items()}
    assert found == {
        "bureau": {f"{S1}/k", f"{S1}/m"}, "primary centre": {f"{S1}/k"}, "junior centre": set(), "school": set(),
    }  # fmt: skip
