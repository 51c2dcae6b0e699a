"""The inspection dossier: where the four disagree, findings by money, documents, what to look into, past visits."""

from tests.world.district import District, Json
from tests.world.paper import code_of, pages_of, workbook
from tests.world.standard import MONDAY, S1, S2, TERM, session, sheet

PATH = "/v1/reports/inspection"
NEXT_MONDAY = "2025-09-15"


async def _told(school: District) -> None:
    """T1 in two rooms at once; a club on two Mondays; the term stated with two hours too many."""
    voice = school.school(S1)
    await voice.post("rooms", {"school_id": S1, "room": "301"}, {"school_id": S1, "room": "302"})
    club = {"slot": "s2", "activity": "合唱", "category": "arts", "room": "301"}
    await voice.post(
        "sessions",
        session("h1", room="302", headcount=5, staff={"T1": 1.5}),
        session("h2", room="301", headcount=5, activity="阅读", staff={"T1": 1.5}),
        session("c1", headcount=7, staff={"T2": 1}, **club),
        session("c0", headcount=9, staff={"T2": 1}, service_date="2025-09-01", **club),
        session("c2", headcount=8, staff={"T2": 1}, service_date=NEXT_MONDAY, **club),
    )
    for session_id, pupils, day in (
        ("h1", 5, MONDAY),
        ("c1", 7, MONDAY),
        ("c0", 9, "2025-09-01"),
        ("c2", 8, NEXT_MONDAY),
    ):
        await voice.post("attendance", sheet(session_id, present=pupils, service_date=day))
    lines = [
        {"staff_id": "T1", "class_hours": 5, "amount_fen": 40000},
        {"staff_id": "T2", "class_hours": 3, "amount_fen": 27000},
    ]
    term: Json = {"school_id": S1, "publication_id": "t", "kind": "term_remuneration", "period": TERM, "lines": lines}
    await voice.post("publications", {**term, "displayed_from": "2026-01-20", "displayed_to": "2026-01-27"})
    await voice.post(
        "submissions",
        {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": lines, "submitted_on": "2026-01-28"},
    )
    await school.bureau.post(
        "inspections",
        {
            "school_id": S1, "inspection_id": "i1", "kind": "spot_check", "date": "2025-09-10", "office": "primary_centre",
            "checklist": [{"item": "ledger", "result": "齐全"}], "conclusion": "正常",
        },
    )  # fmt: skip
    await school.audit()


async def test_the_dossier_says_where_the_four_disagree(school: District) -> None:
    await _told(school)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM, on=NEXT_MONDAY)
    totals = dossier["reconciliation"]["totals"]
    assert (totals["ledger"]["class_hours"], totals["publication"]["class_hours"]) == (6, 8)
    assert totals["payment"] is None
    assert dossier["reconciliation"]["differing"] == 1
    (worst,) = dossier["reconciliation"]["worst"]
    assert (worst["staff_id"], worst["class_hours_by"]) == ("T1", [2])


async def test_findings_come_by_money_at_risk_and_add_up(school: District) -> None:
    await _told(school)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM, on=NEXT_MONDAY)
    amounts = [each["amount_at_risk_fen"] for each in dossier["findings"]["items"]]
    known = [amount for amount in amounts if amount is not None]
    assert known == sorted(known, reverse=True)
    assert None not in amounts[: len(known)]
    listed = await school.auditor.findings(school_id=S1)
    assert dossier["findings"]["open"] == len(listed) > 1
    assert dossier["findings"]["amount_at_risk_fen"] == sum(each["amount_at_risk_fen"] or 0 for each in listed)
    assert "A14" in {each["rule"] for each in dossier["findings"]["items"]}
    finding = dossier["findings"]["items"][0]
    assert (await school.auditor.report(finding["rows"]))["finding_id"] == finding["finding_id"]


async def test_documents_stand_with_the_state_their_facts_tell(school: District) -> None:
    await _told(school)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM)
    states = {(each["resource"], each["document_id"]): each["state"] for each in dossier["documents"]}
    assert states["publications", "t"] == "closed"
    assert states["submissions", "s"] == "submitted"
    review = {
        "school_id": S1,
        "review_id": "r",
        "submission_id": "s",
        "decision": "accepted",
        "reviewed_on": "2026-01-29",
    }
    await school.bureau.post("reviews", review)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM)
    states = {each["document_id"]: (each["state"], each["on"]) for each in dossier["documents"]}
    assert states["s"] == ("approved", "2026-01-29")


async def test_the_sessions_of_the_day_that_findings_name_come_first(school: District) -> None:
    await _told(school)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM, on=MONDAY)
    look_into = dossier["look_into"]
    assert (look_into["as_on"], look_into["is_expected"]) == (MONDAY, False)
    named = {each["session_id"]: each["rules"] for each in look_into["items"]}
    assert "A14" in named["h1"]
    assert [each["session_id"] for each in look_into["items"]][-1] == "c1"
    club = next(each for each in look_into["items"] if each["session_id"] == "c1")
    assert (club["room"], club["claimed_headcount"], club["usual_headcount"]) == ("301", 7, 9)


async def test_a_day_that_is_still_to_come_is_as_the_last_one_like_it(school: District) -> None:
    await _told(school)
    dossier = await school.bureau.report(PATH, school_id=S1, term_id=TERM, on="2025-09-22")
    look_into = dossier["look_into"]
    assert (look_into["as_on"], look_into["is_expected"]) == (NEXT_MONDAY, True)
    (club,) = look_into["items"]
    # Nine and seven came on the two Mondays before it.
    assert (club["room"], club["expected_headcount"], club["claimed_headcount"]) == ("301", 7, None)
    assert (await school.bureau.report(PATH, school_id=S1, term_id=TERM, on="2025-09-24"))["look_into"]["items"] == []


async def test_past_visits_are_for_those_who_make_them(school: District) -> None:
    await _told(school)
    centre = school.voice("centre", stage="primary")
    (visit,) = (await centre.report(PATH, school_id=S1, term_id=TERM, on=NEXT_MONDAY))["visits"]
    assert (visit["inspected_on"], visit["conclusion"], visit["checklist"][0]["result"]) == (
        "2025-09-10",
        "正常",
        "齐全",
    )
    assert (await centre.report(PATH, school_id=S1, term_id=TERM, on="2025-09-09"))["visits"] == []
    own = await school.school(S1).report(PATH, school_id=S1, term_id=TERM)
    assert (own["visits"], own["look_into"]) == (None, None)
    assert own["findings"]["open"] > 0


async def test_a_school_that_is_not_the_readers_is_404(school: District) -> None:
    await school.school(S2).report(PATH, school_id=S1, term_id=TERM, expect=404)
    await school.voice("centre", stage="junior").report(PATH, school_id=S1, term_id=TERM, expect=404)


async def test_the_csv_has_a_line_a_finding_document_session_and_visit(school: District) -> None:
    await _told(school)
    answer = await school.bureau.read(PATH, school_id=S1, term_id=TERM, on=NEXT_MONDAY, format="csv")
    sections = {line.split(",")[0] for line in answer.text.splitlines()[1:]}
    assert sections == {"findings", "documents", "look_into", "visits"}


async def test_the_dossier_on_paper_says_the_same_and_its_code_holds_until_the_next_record(school: District) -> None:
    await _told(school)
    inspector = school.bureau
    answer = await inspector.read(
        PATH, school_id=S1, term_id=TERM, on=NEXT_MONDAY, format="pdf", headers={"Accept-Language": "zh-CN"}
    )
    assert answer.status_code == 200, answer.text
    page = "".join(pages_of(answer.content)).replace("\n", "").replace(" ", "")
    for words in (
        "课后服务检查档案",
        "学校1",
        "6.00",
        "8.00",
        "同一人同一时间在两处",
        "合唱",
        "抽查",
        "正常",
        "小学教育指导中心",
    ):
        assert words in page, words
    code = code_of(answer.content).rpartition("/")[2]
    assert (await school.reporting.get(f"/verify/{code}")).json()["equal"] is True
    later = await school.school(S1).post("sessions", session("h9", headcount=0))
    said = (await school.reporting.get(f"/verify/{code}")).json()
    assert (said["equal"], said["changed_at"]) == (False, later["recorded_at"])


async def test_a_schools_own_dossier_on_paper_has_neither_visits_nor_where_to_look(school: District) -> None:
    await _told(school)
    answer = await school.school(S1).read(
        PATH, school_id=S1, term_id=TERM, format="xlsx", headers={"Accept-Language": "zh-CN"}
    )
    assert len(workbook(answer.content).worksheets) == 3
