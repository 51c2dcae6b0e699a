"""What is between schools and offices: each matter with its state and days, what is overdue first."""

from tests.world.district import District, Json
from tests.world.standard import S1, S2, YEAR, confirmed_finding

PATH = "/v1/reports/oversight"


def _demand(rectification_id: str, **given: object) -> Json:
    return {
        "school_id": S1,
        "rectification_id": rectification_id,
        "demand": "补齐台账",
        "demanded_on": "2025-10-01",
        "due_on": "2025-10-15",
        **given,
    }


async def _matters(school: District) -> None:
    answered = {"answered_on": "2025-10-10", "checked_on": "2025-10-12", "accepted": True}
    await school.bureau.post(
        "rectifications",
        _demand("r1", issue="ledger", answers=[answered]),
        _demand("r2", issue="ledger"),
        _demand("r3", due_on="2125-10-15", answers=[{"answered_on": "2025-10-11"}]),
    )
    await school.bureau.post(
        "clawbacks",
        {
            "school_id": S1, "clawback_id": "c1", "amount_fen": 50000, "determined_on": "2025-11-01",
            "ordered_on": "2025-11-05", "due_on": "2025-12-01", "finding_ids": [await confirmed_finding(school)],
            "recovered": [{"recovered_on": "2025-11-20", "amount_fen": 20001}],
        },
    )  # fmt: skip
    complaint = {"school_id": S1, "complaint_id": "k1", "received_on": "2025-10-02", "due_on": "2025-10-20"}
    await school.bureau.post("complaints", {**complaint, "acknowledged_on": "2025-10-03"})
    await school.school(S1).post(
        "plans", {"school_id": S1, "plan_id": "p1", "academic_year": YEAR, "submitted_on": "2025-09-02"}
    )


async def test_what_is_overdue_comes_first_with_what_is_owed(school: District) -> None:
    await _matters(school)
    report = await school.bureau.report(PATH, school_id=S1)
    assert [(item["key"], item["state"]) for item in report["items"] if item["is_overdue"]] == [
        ("r2", "demanded"),
        ("k1", "accepted"),
        ("c1", "partly_recovered"),
    ]
    states = {item["key"]: item["state"] for item in report["items"]}
    assert (states["r1"], states["r3"], states["p1"]) == ("verified", "answered", "filed")
    assert {item["key"] for item in report["items"] if item["is_repeated"]} == {"r1", "r2"}
    (clawback,) = [each for each in report["totals"] if each["resource"] == "clawbacks"]
    assert (clawback["number"], clawback["amount_fen"], clawback["settled_fen"]) == (1, 50000, 20001)


async def test_the_numbers_lead_to_their_rows(school: District) -> None:
    await _matters(school)
    report = await school.bureau.report(PATH)
    for each in report["totals"]:
        path, _, query = each["rows"].partition("?")
        rows = await school.bureau.report(path, **dict(pair.split("=") for pair in query.split("&")))
        assert len(rows["items"]) == each["number"]


async def test_a_school_reads_its_own_and_neither_complaints_nor_visits(school: District) -> None:
    await _matters(school)
    own = await school.school(S1).report(PATH)
    assert {item["resource"] for item in own["items"]} == {"rectifications", "clawbacks", "plans"}
    assert (await school.school(S2).report(PATH))["items"] == []
    await school.school(S2).report(PATH, school_id=S1, expect=404)
    assert (await school.voice("centre", stage="junior").report(PATH))["items"] == []


async def test_filters_and_pages(school: District) -> None:
    await _matters(school)
    overdue = await school.bureau.report(PATH, resource="rectifications", overdue="true")
    assert [item["key"] for item in overdue["items"]] == ["r2"]
    first = await school.bureau.report(PATH, limit="4")
    rest = await school.bureau.report(PATH, limit="4", cursor=first["next_cursor"])
    assert len(first["items"] + rest["items"]) == 6
    assert (await school.bureau.read(PATH, format="csv")).text.count("\n") == 7
