"""The feed as pages: by cursor, in commit order, with a long poll that a commit ends."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

from services.audit_worker.engine import audit_once
from tests.world.district import District, Json
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
    assert await school.auditor.report("/v1/findings/events") == {
        "items": [],
        "next_cursor": "0",
        "notices": [],
    }


async def test_a_school_reads_its_own_events(school: District) -> None:
    await school.school(S1).post("sessions", session(headcount=0))
    await school.audit()
    assert (await school.school(S2).report("/v1/findings/events"))["items"] == []
    assert len((await school.school(S1).report("/v1/findings/events"))["items"]) == 1


async def test_a_cursor_that_is_none_is_refused(school: District) -> None:
    problem = await school.auditor.report("/v1/findings/events", after="x", expect=422)
    assert problem["code"] == "invalid_parameter"


async def test_parallel_readers_share_the_events_out_by_school(school: District) -> None:
    """Four auditors write while readers of different paces page on: whole feeds, and the eight parts of one."""
    number, done = 8, asyncio.Event()
    parts = (await school.auditor.report("/v1/findings/events/partitions"))["items"]
    assert [part["partition"] for part in parts] == list(range(number))

    async def read(limit: int, **part: str) -> list[Json]:
        seen: list[Json] = []
        cursor = ""
        while True:
            was_done = done.is_set()
            page = await school.auditor.report(
                "/v1/findings/events", limit=str(limit), after=cursor, wait="0.3", **part
            )
            # A reader that is given the same again would read for ever.
            assert not page["items"] or int(page["next_cursor"]) > int(cursor or 0)
            seen += page["items"]
            cursor = page["next_cursor"]
            if was_done and not page["items"]:
                return seen

    async def write(lane: int) -> None:
        school_id, person = (S1, f"T{lane}") if lane % 2 else (S2, f"U{lane}")
        for n in range(5):
            await school.school(school_id).post(
                "sessions",
                session(f"s{lane}-{n}", school_id=school_id, headcount=0, staff={person: 1 + n / 4}),
            )
            await audit_once(school.auditor_pool, school.rules)

    async def write_all() -> None:
        await asyncio.gather(*(write(lane) for lane in range(1, 5)))
        await school.audit()
        done.set()

    readers = [read(limit) for limit in (1, 7, 200)]
    readers += [read(3, **dict(parse_qsl(urlsplit(part["href"]).query))) for part in parts]
    _, *heard = await asyncio.gather(write_all(), *readers)
    whole, read_by_part = heard[:3], heard[3:]
    stored = [str(row["position"]) for row in await school.fetch("select position from audit.finding_event order by 1")]
    assert stored == [str(position) for position in range(1, len(stored) + 1)]
    for events in whole:
        assert [event["cursor"] for event in events] == stored
    assert sorted((event["cursor"] for events in read_by_part for event in events), key=int) == stored
    schools = [{event["finding"]["school_id"] for event in events} for events in read_by_part]
    assert sorted(school_id for each in schools for school_id in each) == [S1, S2]
    assert all(
        [int(e["cursor"]) for e in events] == sorted(int(e["cursor"]) for e in events) for events in read_by_part
    )


async def test_a_part_that_is_none_is_refused(school: District) -> None:
    problem = await school.auditor.report("/v1/findings/events", partition="8", number="8", expect=422)
    assert problem["code"] == "invalid_parameter"
