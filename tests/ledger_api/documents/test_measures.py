"""Measures: what was done on a day at a school, by itself or by an office."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

CIRCULAR = {
    "school_id": S1, "measure_id": "told", "matter": "circular", "done_on": "2025-10-09", "organiser": "primary_centre",
    "topic": "虚报课时案例", "asks": "自查九月台账", "due_on": "2025-10-20",
}  # fmt: skip


async def test_a_measure_goes_through_its_life(school: District) -> None:
    sample = {
        "school_id": S1, "measure_id": "sample", "matter": "homework_sample", "done_on": "2025-10-09", "pupils": 31,
        "assigned": 93, "finished": 88, "staff": ["T2"],
    }  # fmt: skip
    change = {"finished": 87, "reason": "复核"}
    await goes_through_its_life(school.school(S1), "measures", sample, change=change, path=f"{S1}/sample")


async def test_a_centre_asks_the_school_answers_and_no_other_school_reads_it(school: District) -> None:
    await school.voice("centre", stage="primary").post("measures", CIRCULAR)
    await school.school(S1).post("measures", {**CIRCULAR, "answered_on": "2025-10-17", "answer": "已自查，无误"})
    read = await school.bureau.get(f"/v1/measures/{S1}/told")
    assert (read["revision"], read["answered_on"]) == (2, "2025-10-17")
    await school.school(S2).get(f"/v1/measures/{S1}/told", expect=404)


async def test_nothing_is_answered_before_it_is_done_and_people_are_registered(school: District) -> None:
    wrong = {**CIRCULAR, "staff": ["T77"], "answered_on": "2025-10-08"}
    problem = await school.school(S1).post("measures", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("unknown_staff", "/0/staff/0"),
        ("ends_before_it_starts", "/0/answered_on"),
    ]
