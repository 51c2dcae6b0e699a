"""The feed as pages: by cursor, in commit order, with a long poll that a commit ends."""

import asyncio

from tests.world.district import District
from tests.world.standard import S1, S2, session


async def test_pages_by_cursor_skip_nothing_and_repeat_nothing(school: District) -> None:
    await school.school(S1).post("sessions", *(session(f"h{n}", headcount=0, staff={"T1": 0.25}) for n in range(7)))
    await school.audit()
    seen, cursor = [], ""
    while True:
        page = await school.auditor.report("/v1/findings/events", limit="3", after=cursor)
        if not page["items"]:
            break
        seen += [event["cursor"] for event in page["items"]]
        cursor = page["next_cursor"]
    stored = await school.fetch("select position from audit.finding_event order by position")
    assert seen == [str(row["position"]) for row in stored]
    assert len(seen) >= 7


async def test_a_long_poll_is_ended_by_the_commit_of_a_finding(school: District) -> None:
    waiting = asyncio.create_task(school.auditor.report("/v1/findings/events", wait="30"))
    await school.school(S1).post("sessions", session(headcount=0))
    await school.audit()
    assert [event["finding"]["rule"] for event in (await waiting)["items"]] == ["A12"]


async def test_a_long_poll_is_not_ended_by_what_the_caller_may_not_see(school: District) -> None:
    waiting = asyncio.create_task(school.school(S2).report("/v1/findings/events", wait="30"))
    await school.school(S1).post("sessions", session(headcount=0))
    await school.audit()
    done, _ = await asyncio.wait([waiting], timeout=1)
    assert not done
    await school.school(S2).post("sessions", session(school_id=S2, headcount=0, staff={"U1": 1.5}))
    await school.audit()
    assert [event["finding"]["rule"] for event in (await waiting)["items"]] == ["A12"]


async def test_an_empty_page_says_where_to_go_on(school: District) -> None:
    assert await school.auditor.report("/v1/findings/events") == {"items": [], "next_cursor": "0"}


async def test_a_school_reads_its_own_events(school: District) -> None:
    await school.school(S1).post("sessions", session(headcount=0))
    await school.audit()
    assert (await school.school(S2).report("/v1/findings/events"))["items"] == []
    assert len((await school.school(S1).report("/v1/findings/events"))["items"]) == 1


async def test_a_cursor_that_is_none_is_refused(school: District) -> None:
    problem = await school.auditor.report("/v1/findings/events", after="x", expect=422)
    assert problem["code"] == "invalid_parameter"
