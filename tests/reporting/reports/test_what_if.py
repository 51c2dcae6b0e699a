"""What if: a draft plan against a past period, beside today's; who gains, who loses, what is to be said of it."""

from typing import Any

import httpx

from tests.world.district import District
from tests.world.standard import PLAN, S1, TUESDAY, session

PATH = "/v1/reports/compensation/what-if"
DRAFT = {"rate_fen_per_class_hour": {"*": 8000}, "duty_rate_fen": {"*": 5000}}


async def _ask(school: District, draft: Any, **parameters: str) -> httpx.Response:
    return await school.reporting.post(
        PATH,
        json=draft,
        params={"school_id": S1, "month": "2025-09"} | parameters,
        headers={"Authorization": f"Bearer {school.auditor.token}", "Accept-Language": "en"},
    )


async def _work(school: District) -> None:
    """T1 leads 1.5 class hours of homework guidance, T2 helps; T3 leads two of arts on Tuesday."""
    await school.school(S1).post(
        "sessions",
        session("h1", staff={"T1": 1.5, "T2": 1.5}),
        session("h2", category="arts", service_date=TUESDAY, staff={"T3": 2}),
    )


async def test_a_draft_stands_beside_today_with_who_gains_and_who_loses(school: District) -> None:
    await _work(school)
    report = (await _ask(school, DRAFT)).json()
    # Today 1.5 × 80, the same × 0.6, 2 × 90; under the draft every class hour is 80.
    assert (report["today"]["total_fen"], report["draft"]["total_fen"]) == (12000 + 7200 + 18000, 40000)
    assert report["difference_fen"] == 2800
    assert (report["gain"], report["lose"], report["unchanged"]) == (1, 1, 1)
    assert [(item["staff_id"], item["difference_fen"]) for item in report["items"]] == [
        ("T2", 4800), ("T3", -2000), ("T1", 0),
    ]  # fmt: skip
    assert report["today"]["spread"] == {
        "gini": 0.1935, "highest_to_lowest": 2.5, "highest_fen": 18000, "lowest_fen": 7200, "class_hours_gini": 0.0667,
    }  # fmt: skip


async def test_a_draft_writes_nothing_and_today_is_what_the_report_says(school: District) -> None:
    await _work(school)
    before = await school.fetch("select count(*) from ledger.entry")
    report = (await _ask(school, DRAFT)).json()
    assert await school.fetch("select count(*) from ledger.entry") == before
    today = await school.auditor.report("/v1/reports/compensation", school_id=S1, month="2025-09")
    assert today["total_fen"] == report["today"]["total_fen"]


async def test_a_draft_of_the_plan_in_force_changes_nothing(school: District) -> None:
    await _work(school)
    report = (await _ask(school, PLAN)).json()
    assert report["difference_fen"] == 0
    assert report["today"] == report["draft"]


async def test_a_draft_for_the_next_term_is_tried_on_this_ones_work(school: District) -> None:
    await _work(school)
    report = (await _ask(school, {**DRAFT, "effective_from": "2026-03-02", "version": "spring"})).json()
    assert report["draft"]["plan_versions"] == ["spring"]
    assert report["draft"]["unpriced"] == 0


async def test_the_budget_of_a_draft_is_kept_or_refused(school: District) -> None:
    await _work(school)
    scaled = (await _ask(school, {**DRAFT, "budget_fen": 30000})).json()["draft"]
    assert (scaled["total_fen"], scaled["budget"]["left_fen"]) == (30000, 0)
    assert "scaled_to_budget" in {remark["code"] for remark in scaled["remarks"]}
    refused = (await _ask(school, {**DRAFT, "budget_fen": 30000, "over_budget": "refuse"})).json()["draft"]
    assert refused["budget"] == {
        "budget_fen": 30000, "used_fen": 40000, "left_fen": -10000, "scale": 1.0, "refused": True,
    }  # fmt: skip


async def test_a_bad_draft_is_told_every_place_that_is_wrong(school: District) -> None:
    answer = await _ask(
        school, {"rate_fen_per_class_hour": {"*": 80.5}, "caps": {"class_hours_per_day": 2000}, "facters": {}}
    )
    assert answer.status_code == 422
    assert sorted((each["pointer"], each["code"]) for each in answer.json()["errors"]) == [
        ("/caps", "invalid_value"),
        ("/facters", "unknown_field"),
        ("/rate_fen_per_class_hour", "invalid_value"),
    ]


async def test_a_draft_that_cannot_be_worked_out_is_refused_as_a_plan_would_be(school: District) -> None:
    bands = [{"from": 1, "to": 20, "factor": 1}, {"from": 15, "factor": 2}]
    draft = {**DRAFT, "factors": {"headcount": bands, "weekday": {"8": 2}}}
    ours = (await _ask(school, draft)).json()["errors"]
    plan = {**PLAN, **draft, "version": "v2"}
    theirs = (await school.school(S1).post("allocation-plans", plan, expect=422))["errors"]
    assert [f"/0{each['pointer']}" for each in ours] == [each["pointer"] for each in theirs]
    assert {each["pointer"] for each in ours} == {"/factors/headcount/1", "/factors/weekday/8"}


async def test_what_is_no_plan_at_all_is_refused(school: District) -> None:
    headers = {"Authorization": f"Bearer {school.auditor.token}"}
    parameters = {"school_id": S1, "month": "2025-09"}
    for body, content_type, code in (
        (b"{", "application/json", "malformed_json"),
        (b"[]", "application/json", "invalid_value"),
        (b"a,b", "text/csv", "unsupported_media_type"),
        (b" " * 300_000, "application/json", "body_too_large"),
    ):
        answer = await school.reporting.post(
            PATH, content=body, params=parameters, headers={**headers, "Content-Type": content_type}
        )
        assert answer.json()["code"] == code


async def test_another_schools_pay_cannot_be_tried_out(school: District) -> None:
    token = school.school("3101150002").token
    answer = await school.reporting.post(
        PATH, json=DRAFT, params={"school_id": S1, "month": "2025-09"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 404
