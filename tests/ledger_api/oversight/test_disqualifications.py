"""Disqualifications: on record with those who oversee, and with nobody else."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

DECISION = {
    "school_id": S1,
    "disqualification_id": "q1",
    "academic_year": "2025-2026",
    "staff_id": "T1",
    "decided_on": "2026-01-12",
    "basis": "多报课时",
}


async def test_a_disqualification_goes_through_its_life(school: District) -> None:
    change = {"annulled_on": "2026-03-09", "reason": "复核撤销"}
    await goes_through_its_life(school.bureau, "disqualifications", DECISION, change=change, path=f"{S1}/q1")


async def test_no_school_reads_a_sanction(school: District) -> None:
    await school.bureau.post("disqualifications", DECISION)
    await school.school(S1).get(f"/v1/disqualifications/{S1}/q1", expect=404)
    await school.school(S1).get("/v1/disqualifications", expect=404)
    problem = await school.bureau.post("disqualifications", {**DECISION, "staff_id": "T77"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/staff_id")
