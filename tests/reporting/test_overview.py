"""Every number of the overview leads to its rows, and the rows add up to it."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.world.district import District, Json, Voice
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, YEAR, duty, session, sheet

PATH = "/v1/reports/district"


async def _term(school: District) -> None:
    """Two schools with whatever a number may be of: no roll, a roll of what was cancelled, duties in and out of slots."""
    first, second = school.school(S1), school.school(S2)
    await first.post(
        "sessions",
        session("h1", headcount=4, staff={"T1": 1.5, "T2": 0.75}),
        session("a1", headcount=2, slot="s2", category="arts", staff={"T3": 1.25}),
        session("h2", headcount=9, service_date=TUESDAY, staff={"T1": 1}),
        session("x1", headcount=7, slot="s2", category="arts", state="cancelled", reason="停电", service_date=TUESDAY),
        session("h3", headcount=0, service_date="2025-09-16", staff={"T4": 2}),
    )
    rolls = [("h1", ["P1", "P2", "P3"], MONDAY), ("a1", ["P1", "P4"], MONDAY), ("x1", ["P9"], TUESDAY)]
    await first.post("attendance", *(sheet(name, present=here, service_date=day) for name, here, day in rolls))
    await first.post("duties", duty(class_hours=0.5), duty("d2", "T8", 2.25, slot="s1", service_date=TUESDAY))
    sports = session("p1", headcount=3, category="sports", staff={"U1": 2}, service_date="2025-09-22")
    await second.post("sessions", sports | {"school_id": S2})
    await second.post("attendance", sheet("p1", present=["Q1", "Q2"], service_date="2025-09-22") | {"school_id": S2})
    lines = [{"staff_id": "T1", "class_hours": 3, "amount_fen": 10_001}, {"staff_id": "T2", "amount_fen": 2_000, "class_hours": 1}]  # fmt: skip
    await first.post("submissions", {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": lines})
    stated = [{"staff_id": "U1", "class_hours": 2, "amount_fen": 777}]
    publication = {"school_id": S2, "publication_id": "p", "kind": "term_remuneration", "period": TERM}
    await second.post("publications", publication | {"lines": stated})
    demand = {"school_id": S1, "demand": "补齐台账", "demanded_on": "2025-10-08"}
    await school.bureau.post(
        "rectifications",
        {**demand, "rectification_id": "late", "due_on": "2025-10-15"},
        {**demand, "rectification_id": "soon", "due_on": "2999-10-15"},
    )
    inspection = {
        "school_id": S2,
        "inspection_id": "i",
        "kind": "spot_check",
        "date": "2025-10-15",
        "conclusion": "正常",
    }
    await school.bureau.post("inspections", inspection | {"office": "junior_centre"})
    await school.audit()


async def _rows(voice: Voice, address: str) -> Json:
    url = httpx.URL(address)
    answer = await voice.read(url.path, **{"limit": "1000", **_multi(url)})
    assert answer.status_code == 200, (address, answer.text)
    body: Json = answer.json()
    assert not body.get("next_cursor"), address
    return body


def _multi(url: httpx.URL) -> dict[str, Any]:
    """The address's parameters; what it says twice, as a list."""
    return {name: url.params.get_list(name) for name in url.params}


async def _listed(voice: Voice, rows: str | Sequence[str]) -> list[Json]:
    """What the address lists, or all of them."""
    return [
        item for each in ([rows] if isinstance(rows, str) else rows) for item in (await _rows(voice, each))["items"]
    ]


def _hours(item: Json) -> float:
    staff = item.get("staff")
    return float(item["class_hours"]) if staff is None else sum(each["class_hours"] for each in staff)


async def _assert_service(voice: Voice, said: Json) -> None:
    """Sessions, class hours and attendances of a part of the overview, against what its addresses list."""
    rows = said["rows"]
    for name in ("sessions", "cancelled", "sessions_without_roll"):
        assert said[name] == (len(await _listed(voice, rows[name])) if name in rows else 0), (name, rows)
    assert said["class_hours"] == sum(map(_hours, await _listed(voice, rows["class_hours"])))
    for name, of_row in (("headcount", "headcount"), ("attendances", "came")):
        listed = await _listed(voice, rows[name]) if name in rows else []
        assert said[name] == sum(each[of_row] for each in listed), (name, rows)


async def _assert_found(voice: Voice, said: Json) -> None:
    """Findings, missing and late days, rectifications."""
    rows = said["rows"]
    found = await _listed(voice, rows["findings"])
    amounts = [each["amount_at_risk_fen"] for each in found if each["amount_at_risk_fen"] is not None]
    assert said["findings"] == {
        "open": len(found),
        "amount_at_risk_fen": sum(amounts) if amounts else None,
        "not_priced": len(found) - len(amounts),
    }
    for name in ("missing_days", "late_days"):
        days = {(each["school_id"], each["service_date"]) for each in await _listed(voice, rows[name])}
        assert said["discipline"][name] == len({day for day in days if day[1]}), name
    demanded = await _listed(voice, rows["rectifications"])
    assert said["rectifications"] == {"open": len(demanded), "overdue": sum(each["is_overdue"] for each in demanded)}


async def _assert_pupils_and_cost(voice: Voice, said: Json) -> None:
    """Of several schools: what their reports of it add up to."""
    for name, parts in (
        ("participation", ("pupil_days", "enrolled_days")),
        ("quality_activity", ("pupil_weeks", "with_quality_activity")),
    ):
        listed = await _listed(voice, said["rows"][name])
        for part in parts:
            assert said[name][part] == sum(each[name][part] for each in listed), part
    costs = [each["cost"] for each in await _listed(voice, said["rows"]["cost"])]
    for part in ("amount_fen", "attendances"):
        assert said["cost"][part] == sum(each[part] or 0 for each in costs)
    assert said["cost"]["schools_without_statement"] == sum(each["amount_fen"] is None for each in costs)


async def test_the_rows_of_every_number_add_up_to_it(school: District) -> None:
    await _term(school)
    voice = school.auditor
    report = await voice.report(PATH, term_id=TERM)
    assert report["totals"]["rectifications"] == {"open": 2, "overdue": 1}
    for said in (report["totals"], *report["items"]):
        await _assert_service(voice, said)
        await _assert_found(voice, said)
    await _assert_pupils_and_cost(voice, report["totals"])
    for said in (*report["by_category"], *report["by_slot"], *report["series"]):
        await _assert_service(voice, said)
    for said in report["findings"]:
        found = await _listed(voice, said["rows"])
        assert (said["findings"], said["amount_at_risk_fen"]) == (
            len(found), sum(each["amount_at_risk_fen"] or 0 for each in found) if any(each["amount_at_risk_fen"] is not None for each in found) else None
        )  # fmt: skip
    for name in ("by_stage", "by_town", "by_kind"):
        for said in report[name]:
            group = await _rows(voice, said["rows"])
            assert group["schools"] == said["schools"]
            numbers = said.keys() - {"rows", "schools", name.removeprefix("by_")}
            assert {each: group["totals"][each] for each in numbers} == {each: said[each] for each in numbers}
    for said in report["inspections"]:
        listed = [own for each in await _listed(voice, said["rows"]) for own in each["inspections"]]
        owed = [own for own in listed if own["stage"] == said["stage"]]
        assert (said["schools"], said["inspected"]) == (len(owed), sum(own["visits"] > 0 for own in owed))
        assert said["left"] == said["schools"] - said["inspected"]


async def test_a_school_leads_to_its_pupils_and_its_statement(school: District) -> None:
    await _term(school)
    voice = school.auditor
    for item in (await voice.report(PATH, term_id=TERM))["items"]:
        profile = (await _rows(voice, item["rows"]["participation"]))["totals"]
        assert {name: profile[name] for name in ("participation", "quality_activity", "cost")} == {
            name: item[name] for name in ("participation", "quality_activity", "cost")
        }
        rolls = await _listed(voice, profile["rows"]["participation"])
        came = {(each["service_date"], pupil) for each in rolls for status in ("present", "late", "left_early") for pupil in each[status]}  # fmt: skip
        assert item["participation"]["pupil_days"] == len(came)
        stated = (await _rows(voice, item["rows"]["cost"]))["totals"]
        assert item["cost"]["amount_fen"] == (stated["submission"] or stated["publication"])["amount_fen"]


async def test_a_narrower_choice_has_its_own_rows(school: District) -> None:
    await _term(school)
    for asked in ({"stage": "primary"}, {"town": "张江镇"}, {"school_id": S1}):
        narrowed = {name: value for name, value in asked.items() if name != "school_id"}
        path = f"/v1/reports/schools/{S1}" if "school_id" in asked else PATH
        report = await school.auditor.report(path, month="2025-09", **narrowed)
        for said in (*report["by_category"], *report["by_slot"], *report["series"]):
            await _assert_service(school.auditor, said)
        await _assert_found(school.auditor, report["totals"])
    year = await school.auditor.report("/v1/reports/coverage", academic_year=YEAR)
    for said in year["series"]:
        await _assert_service(school.auditor, said)
