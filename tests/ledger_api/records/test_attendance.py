"""Attendance: a roll a session, sent whole or as marks; one status a pupil, every override in the history."""

from random import Random

from services.ledger_api.records.attendance import STATUSES
from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, sheet

MARK = {"school_id": S1, "session_id": "h1", "service_date": MONDAY}


async def test_a_roll_is_read_back_with_every_pupil_under_their_status(school: District) -> None:
    voice = school.school(S1)
    sent = sheet(
        present=["P3", "P1"], late=["P4"], left_early=["P5"], absent=["P6", "P7"], excused=["P8"], taken_by="T1"
    )
    await voice.post("attendance", sent)
    read = await voice.get(f"/v1/attendance/{S1}/h1")
    for status in ("late", "left_early", "absent", "excused"):
        assert read[status] == sent[status]
    # Who was there is a set; the ledger keeps it in its own order.
    assert sorted(read["present"]) == ["P1", "P3"]
    assert (read["taken_by"], read["revision"]) == ("T1", 1)


async def test_a_roll_in_another_order_is_the_same_roll(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet(present=["P1", "P2", "P3"]))
    assert (await voice.post("attendance", sheet(present=["P3", "P1", "P2"])))["unchanged"] == 1


async def test_single_marks_move_only_the_pupils_they_name(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet(present=["P1", "P2", "P3"], absent=["P4"]))
    receipt = await voice.post(
        "attendance",
        {**MARK, "student_id": "P4", "status": "late", "reason": "到校晚"},
        {**MARK, "student_id": "P5", "status": "excused"},
    )
    assert (receipt["received"], receipt["revised"]) == (2, 2)
    read = await voice.get(f"/v1/attendance/{S1}/h1")
    assert (sorted(read["present"]), read["late"], read["absent"], read["excused"]) == (
        ["P1", "P2", "P3"],
        ["P4"],
        [],
        ["P5"],
    )


async def test_the_teachers_mark_and_the_offices_override_both_stay(school: District) -> None:
    """The teacher calls the roll; next day, the day closed, the office sets one pupil right; who did what can be told."""
    teacher = school.voice("school", schools=[S1], client_id="classroom-app")
    office = school.voice("school", schools=[S1], client_id="school-office")
    called = await teacher.post(
        "attendance", sheet(present=["P1"], absent=["P2"], taken_by="T1", taken_at="2025-09-08T07:35:00Z")
    )
    await office.post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})
    override = {**MARK, "student_id": "P2", "status": "excused", "taken_by": "T9", "taken_at": "2025-09-09T01:10:00Z"}
    await office.post("attendance", override, expect=422)
    overridden = await office.post("attendance", {**override, "reason": "家长补假条"})

    newest, first = (await teacher.get(f"/v1/attendance/{S1}/h1/revisions"))["items"]
    assert [
        (each["recorded_by"], each["content"]["taken_by"], each["content"]["taken_at"], each["reason"])
        for each in (first, newest)
    ] == [
        ("classroom-app", "T1", "2025-09-08T07:35:00Z", None),
        ("school-office", "T9", "2025-09-09T01:10:00Z", "家长补假条"),
    ]
    assert [(each["content"]["absent"], each["content"]["excused"]) for each in (first, newest)] == [
        (["P2"], []),
        ([], ["P2"]),
    ]
    assert [each["batch_id"] for each in (first, newest)] == [called["batch_id"], overridden["batch_id"]]
    then = await school.auditor.get(f"/v1/attendance/{S1}/h1", as_of=called["recorded_at"])
    assert (then["absent"], then["taken_by"]) == (["P2"], "T1")
    # A mark says who marked it: one that does not leaves whoever called the roll.
    await teacher.post("attendance", {**MARK, "student_id": "P3", "status": "late", "reason": "到校晚"})
    assert (await teacher.get(f"/v1/attendance/{S1}/h1"))["taken_by"] == "T9"


async def test_marks_that_come_together_keep_every_reason(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet(present=["P1", "P2", "P3"]))
    await voice.post(
        "attendance",
        {**MARK, "student_id": "P1", "status": "late", "reason": "到校晚"},
        {**MARK, "student_id": "P2", "status": "left_early", "reason": "家长接走"},
        {**MARK, "student_id": "P3", "status": "late", "reason": "到校晚"},
        {**MARK, "student_id": "P4", "status": "present"},
    )
    assert (await voice.get(f"/v1/attendance/{S1}/h1"))["reason"] == "到校晚；家长接走"


async def test_a_roll_taken_back_leaves_a_session_without_one(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet())
    await voice.delete(f"/v1/attendance/{S1}/h1", reason="点错班级")
    await voice.get(f"/v1/attendance/{S1}/h1", expect=404)
    assert await school.fetch("select from ledger.roll") == []


async def test_a_pupil_registered_a_moment_ago_is_known(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet(present=["P1"]))
    await voice.post("students", {"student_id": "P41", "school_id": S1, "grade": 2})
    assert (await voice.post("attendance", sheet(present=["P1", "P41"])))["revised"] == 1


async def test_a_roll_may_come_before_its_session(school: District) -> None:
    assert (await school.school(S1).post("attendance", sheet("later")))["created"] == 1


async def test_the_list_has_each_roll_as_it_holds_now(school: District) -> None:
    voice = school.school(S1)
    await voice.post("attendance", sheet(present=["P1"]), sheet("h2", present=["P2"], late=["P3"]))
    await voice.post("attendance", sheet(present=["P1", "P4"], reason="补点"))
    page = await voice.get("/v1/attendance", school_id=S1, limit="1")
    assert page["items"] == [await voice.get(f"/v1/attendance/{S1}/h1")]
    following = await voice.get("/v1/attendance", school_id=S1, limit="1", cursor=page["next_cursor"])
    assert (following["items"][0]["late"], following["next_cursor"]) == (["P3"], None)
    assert (await school.school(S2).get("/v1/attendance"))["items"] == []


async def test_a_roll_sent_alone_becomes_what_it_becomes_among_others(school: District) -> None:
    """One roll has a statement of its own, several share another: both say the same, step by step."""
    voice, rng = school.school(S1), Random(20250908)  # noqa: S311 steps that come again
    pupils = [f"P{n}" for n in range(1, 13)]
    for _step in range(40):
        if rng.random() < 0.2:
            there = rng.sample(pupils, rng.randrange(len(pupils) - 1))
            steps = [{"present": there, "absent": rng.sample(sorted({*pupils} - {*there}), rng.randrange(1, 3))}]
        else:
            taken_by = rng.choice([None, "T1", "T2"])
            steps = [
                {"student_id": pupil, "status": rng.choice(STATUSES), "taken_by": taken_by}
                for pupil in rng.sample(pupils, rng.randrange(1, 4))
            ]
        marks = [{"school_id": S1, "service_date": MONDAY, **step} for step in steps]
        alone = await voice.post("attendance", *({**mark, "session_id": "alone"} for mark in marks))
        among = await voice.post(
            "attendance", *({**mark, "session_id": name} for name in ("among", "others") for mark in marks)
        )
        assert [2 * alone[what] for what in ("created", "revised", "unchanged")] == [
            among[what] for what in ("created", "revised", "unchanged")
        ]
        one, other = [await voice.get(f"/v1/attendance/{S1}/{name}") for name in ("alone", "among")]
        for name in (*STATUSES, "taken_by", "revision"):
            assert one[name] == other[name]
