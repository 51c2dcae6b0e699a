"""Sessions: recorded, corrected as revisions, moved, taken back; known by their natural key."""

import gzip
from datetime import datetime

from tests.world.district import District, ndjson
from tests.world.standard import MONDAY, S1, S2, SATURDAY, TUESDAY, session


async def test_a_session_is_recorded_and_read_back_as_it_was_sent(school: District) -> None:
    voice = school.school(S1)
    sent = session(
        "h1",
        room="101",
        grade=3,
        class_no="3-1",
        planned_headcount=32,
        staff=[
            {"staff_id": "T1", "role": "lead", "class_hours": 1.25, "replaces": "T2"},
            {"staff_id": "T3", "role": "assistant", "class_hours": 0.5, "share": 0.4},
        ],
    )
    receipt = await voice.post("sessions", sent)
    assert (receipt["received"], receipt["created"], receipt["revised"], receipt["unchanged"]) == (1, 1, 0, 0)
    read = await voice.get(f"/v1/sessions/{S1}/h1")
    assert {name: read[name] for name in sent if name != "staff"} == {k: v for k, v in sent.items() if k != "staff"}
    assert (read["starts_at"], read["ends_at"], read["state"], read["revision"]) == ("15:30", "16:30", "held", 1)
    assert read["staff"][0] == {"staff_id": "T1", "role": "lead", "class_hours": 1.25, "share": None, "replaces": "T2"}


async def test_the_same_content_again_is_unchanged_and_writes_nothing(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    head = await voice.get(f"/v1/chains/{S1}")
    again = await voice.post("sessions", session())
    assert (again["unchanged"], again["created"], again["chains"]) == (1, 0, [])
    assert await voice.get(f"/v1/chains/{S1}") == head


async def test_a_correction_is_a_revision_with_its_reason_and_the_history_stays(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(headcount=20))
    receipt = await voice.post("sessions", session(headcount=19, reason="录入有误"))
    assert (receipt["created"], receipt["revised"]) == (0, 1)
    newest, first = (await voice.get(f"/v1/sessions/{S1}/h1/revisions"))["items"]
    assert (newest["revision"], newest["reason"], newest["content"]["headcount"]) == (2, "录入有误", 19)
    assert (first["revision"], first["content"]["headcount"], first["recorded_by"]) == (1, 20, "school-test")


async def test_the_ledger_answers_as_it_knew_the_session_then(school: District) -> None:
    voice = school.school(S1)
    first = await voice.post("sessions", session(headcount=20))
    await voice.post("sessions", session(headcount=19))
    then = await voice.get(f"/v1/sessions/{S1}/h1", as_of=first["recorded_at"])
    assert then["headcount"] == 20
    await voice.get(f"/v1/sessions/{S1}/h1", as_of="2025-01-01T00:00:00Z", expect=404)


async def test_a_session_corrected_to_another_day_leaves_the_day_it_was_on(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    receipt = await voice.post("sessions", session(service_date=TUESDAY))
    assert receipt["revised"] == 1
    held = await school.fetch("select service_date, revision from ledger.held_session")
    assert [(str(row["service_date"]), row["revision"]) for row in held] == [(TUESDAY, 3)]


async def test_a_session_taken_back_is_gone_and_its_history_is_not(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    await voice.delete(f"/v1/sessions/{S1}/h1", reason="重复录入")
    await voice.get(f"/v1/sessions/{S1}/h1", expect=404)
    states = [item["state"] for item in (await voice.get(f"/v1/sessions/{S1}/h1/revisions"))["items"]]
    assert states == ["void", "held"]
    problem = await voice.delete(f"/v1/sessions/{S1}/h1", reason="再一次", expect=409)
    assert problem["code"] == "already_void"


async def test_what_was_taken_back_may_be_recorded_again(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    await voice.delete(f"/v1/sessions/{S1}/h1", reason="重复录入")
    receipt = await voice.post("sessions", session())
    assert receipt["revised"] == 1
    assert (await voice.get(f"/v1/sessions/{S1}/h1"))["revision"] == 3


async def test_object_array_lines_and_gzip_say_the_same(school: District) -> None:
    voice = school.school(S1)
    as_object = await voice.send("POST", "/v1/sessions", json=session("one"))
    as_array = await voice.send("POST", "/v1/sessions", json=[session("two"), session("three")])
    lines = ndjson(session("four"), session("five"), session("six"))
    as_lines = await voice.send("POST", "/v1/sessions", content=lines, headers={"Content-Type": "application/x-ndjson"})
    packed = await voice.send(
        "POST",
        "/v1/sessions",
        content=gzip.compress(lines.replace(b'"s', b'"s').replace(b"four", b"nine")),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    received = [answer.json()["received"] for answer in (as_object, as_array, as_lines, packed)]
    created = [answer.json()["created"] for answer in (as_object, as_array, as_lines, packed)]
    assert (received, created) == ([1, 2, 3, 3], [1, 2, 3, 1])


async def test_a_replay_of_a_body_is_answered_without_writing(school: District) -> None:
    voice = school.school(S1)
    body = ndjson(*(session(f"h{n:03d}") for n in range(60)))
    headers = {"Content-Type": "application/x-ndjson"}
    first = (await voice.send("POST", "/v1/sessions", content=body, headers=headers)).json()
    again = (await voice.send("POST", "/v1/sessions", content=body, headers=headers)).json()
    assert (first["created"], again["created"], again["unchanged"]) == (60, 0, 60)
    assert (again["batch_id"], again["chains"]) == (first["batch_id"], first["chains"])
    assert len(await school.fetch("select from ledger.batch where resource = 'sessions'")) == 1


async def test_a_replay_after_a_correction_sets_the_old_content_again(school: District) -> None:
    """The client says so anew: what it sends last holds."""
    voice = school.school(S1)
    body = ndjson(*(session(f"h{n:03d}") for n in range(60)))
    headers = {"Content-Type": "application/x-ndjson"}
    await voice.send("POST", "/v1/sessions", content=body, headers=headers)
    await voice.post("sessions", session("h000", headcount=7))
    again = (await voice.send("POST", "/v1/sessions", content=body, headers=headers)).json()
    assert (again["revised"], again["unchanged"]) == (1, 59)
    assert (await voice.get(f"/v1/sessions/{S1}/h000"))["headcount"] == 20


async def test_what_is_implausible_is_recorded_as_claimed(school: District) -> None:
    """A claim that is turned away leaves no evidence: a Saturday, a noon hour, two places, nobody there."""
    receipt = await school.school(S1).post(
        "sessions",
        session("saturday", service_date=SATURDAY),
        session("noon", starts_at="12:00", ends_at="13:00"),
        session("here", staff={"T1": 24}),
        session("there", staff={"T1": 3}, headcount=0),
    )
    assert receipt["created"] == 4


async def test_staff_may_serve_at_a_school_that_is_not_theirs(school: District) -> None:
    receipt = await school.school(S2).post("sessions", session(school_id=S2, staff={"W1": 1.5}))
    assert receipt["created"] == 1


async def test_one_batch_may_hold_several_schools_and_each_gets_its_chain(school: District) -> None:
    receipt = await school.school(S1, S2).post("sessions", session(), session(school_id=S2, staff={"U1": 1}))
    assert [chain["school_id"] for chain in receipt["chains"]] == [S1, S2]


async def test_an_unchanged_session_answers_its_etag_with_304(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    etag = (await voice.send("GET", f"/v1/sessions/{S1}/h1")).headers["etag"]
    answer = await voice.send("GET", f"/v1/sessions/{S1}/h1", headers={"If-None-Match": etag})
    assert answer.status_code == 304


async def test_recorded_at_is_an_instant_in_utc(school: District) -> None:
    receipt = await school.school(S1).post("sessions", session(service_date=MONDAY))
    offset = datetime.fromisoformat(receipt["recorded_at"]).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0


async def test_the_list_pages_through_what_holds_now_with_a_link(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", *(session(f"h{n}") for n in range(5)), session("t", service_date=TUESDAY))
    await voice.post("sessions", session("h0", headcount=3))
    await voice.delete(f"/v1/sessions/{S1}/h4", reason="重复")
    first = await voice.send("GET", "/v1/sessions", params={"school_id": S1, "limit": "2", "to": MONDAY})
    page = first.json()
    assert [(each["session_id"], each["headcount"]) for each in page["items"]] == [("h0", 3), ("h1", 20)]
    assert first.links["next"]["url"].endswith(f"cursor={page['next_cursor']}")
    following = (await voice.send("GET", first.links["next"]["url"])).json()
    assert [each["session_id"] for each in following["items"]] == ["h2", "h3"]
    assert following["next_cursor"] is None
    assert [each["session_id"] for each in (await voice.get("/v1/sessions", **{"from": TUESDAY}))["items"]] == ["t"]
    assert (await school.school(S2).get("/v1/sessions"))["items"] == []
    assert page["items"][0] == await voice.get(f"/v1/sessions/{S1}/h0")
