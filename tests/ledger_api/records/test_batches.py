"""Batches: what a request wrote; partial mode, and what it turned away."""

from uuid import uuid4

from tests.world.district import District
from tests.world.standard import S1, S2, session, sheet


async def test_a_batch_says_what_its_receipt_said(school: District) -> None:
    voice = school.school(S1)
    receipt = await voice.post("sessions", session("a"), session("b"))
    batch = await voice.get(f"/v1/batches/{receipt['batch_id']}")
    assert (batch["received"], batch["created"], batch["resource"]) == (2, 2, "sessions")
    assert batch["chains"] == receipt["chains"]
    assert batch["recorded_by"] == "school-test"
    await school.school(S2).get(f"/v1/batches/{receipt['batch_id']}", expect=404)
    await voice.get(f"/v1/batches/{uuid4()}", expect=404)


async def test_in_partial_mode_what_is_good_lands_and_the_rest_is_kept(school: District) -> None:
    voice = school.school(S1)
    receipt = await voice.post(
        "sessions",
        session("a"),
        session("b", slot="s9", staff={"T77": 1}),
        {**session("c"), "headcount": "many"},
        session("d", school_id=S2),
        session("a", headcount=3),
        session("e"),
        mode="partial",
    )
    assert (receipt["received"], receipt["created"], receipt["rejected"]) == (6, 2, 4)
    assert {(error["pointer"], error["code"]) for error in receipt["errors"]} == {
        ("/1/slot", "unknown_slot"),
        ("/1/staff/0/staff_id", "unknown_staff"),
        ("/2/headcount", "invalid_value"),
        ("/3/school_id", "unknown_school"),
        ("/4/session_id", "repeated_key"),
    }
    assert receipt["error_count"] == 5
    for session_id, status in (("a", 200), ("b", 404), ("e", 200)):
        await voice.get(f"/v1/sessions/{S1}/{session_id}", expect=status)
    kept = await voice.get(f"/v1/batches/{receipt['batch_id']}/rejections", limit="3")
    rest = await voice.get(f"/v1/batches/{receipt['batch_id']}/rejections", cursor=kept["next_cursor"])
    assert [each["place"] for each in kept["items"] + rest["items"]] == [1, 2, 3, 4]
    assert '"many"' in kept["items"][1]["record"]
    assert kept["items"][0]["errors"][0]["detail"].startswith("The slot s9")


async def test_rejections_are_their_senders_only(school: District) -> None:
    receipt = await school.school(S1).post("sessions", session(slot="s9"), mode="partial")
    assert (receipt["rejected"], receipt["chains"]) == (1, [])
    path = f"/v1/batches/{receipt['batch_id']}/rejections"
    await school.school(S2).get(path, expect=404)
    assert len((await school.bureau.get(path))["items"]) == 1


async def test_a_body_taken_in_part_is_looked_at_again_when_it_comes_again(school: District) -> None:
    voice = school.school(S1)
    many = [sheet(f"h{n}", present=["P1", "P900"] if n == 7 else 30) for n in range(60)]
    first = await voice.post("attendance", *many, mode="partial")
    assert (first["created"], first["rejected"]) == (59, 1)
    await voice.post("students", {"student_id": "P900", "school_id": S1, "grade": 2})
    again = await voice.post("attendance", *many, mode="partial")
    assert (again["created"], again["unchanged"], again["rejected"]) == (1, 59, 0)


async def test_a_dry_run_in_partial_mode_keeps_nothing(school: District) -> None:
    receipt = await school.school(S1).post(
        "sessions", session(), session("b", slot="s9"), mode="partial", dry_run="true"
    )
    assert (receipt["received"], receipt["rejected"]) == (2, 1)
    assert await school.fetch("select from ledger.rejection") == []
    await school.school(S1).get(f"/v1/sessions/{S1}/h1", expect=404)


async def test_rejections_go_when_nobody_will_ask_any_more(school: District) -> None:
    receipt = await school.school(S1).post("sessions", session(slot="s9"), mode="partial")
    dropped = await school.auditor_pool.fetchval("select ledger.drop_rejections(now() - interval '90 days')")
    assert dropped == 0
    assert await school.auditor_pool.fetchval("select ledger.drop_rejections(now() + interval '1 second')") == 1
    await school.school(S1).get(f"/v1/batches/{receipt['batch_id']}/rejections", expect=404)
