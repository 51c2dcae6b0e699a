"""Providers: the district's list of institutions."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import step
from tests.world.standard import S1, TUESDAY, session

CLUB = {"provider_id": "prv-9", "name": "少年科技社", "listed": True, "licence_no": "沪浦-17"}


async def test_a_provider_goes_through_its_life(school: District) -> None:
    removed = {"status": "removed", "status_from": "2025-10-01", "reason": "违反合同"}
    await goes_through_its_life(school.bureau, "providers", CLUB, change=removed, path="prv-9")


async def test_a_school_may_name_a_new_provider_and_not_clear_one(school: District) -> None:
    await school.bureau.post("providers", {**CLUB, "status": "suspended"})
    await school.school(S1).post("providers", {**CLUB, "status": "listed"}, expect=403)
    await school.school(S1).post("providers", {**CLUB, "provider_id": "prv-10"})


async def test_an_unknown_status_names_the_known_ones(school: District) -> None:
    problem = await school.bureau.post("providers", {**CLUB, "status": "gone"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/status"


async def test_a_provider_that_is_removed_serves_nowhere_from_that_day(school: District) -> None:
    for name, why, on in (("suspend", "投诉", "2025-09-01"), ("remove", "以任何形式收费", "2025-09-02")):
        facts = {"status_from": "2025-09-09"} if name == "remove" else {}
        await step(school.bureau, "providers/prv-1", name, why=why, on=on, **facts)
    await school.school(S1).post(
        "sessions", session(staff={"X1": 1}), session("h2", service_date=TUESDAY, staff={"X1": 1})
    )
    await school.audit()
    assert [each["subject"]["id"] for each in await school.auditor.findings(rule="C05")] == ["h2"]


async def test_a_provider_is_heard_before_it_is_removed_and_no_school_removes_it(school: District) -> None:
    problem = await step(school.bureau, "providers/prv-1", "remove", expect=409, why="收费")
    assert (problem["code"], problem["possible"]) == ("no_such_transition", ["suspend"])
    problem = await step(school.school(S1), "providers/prv-1", "suspend", expect=403, why="投诉")
    assert problem["code"] == "not_theirs_to_decide"
