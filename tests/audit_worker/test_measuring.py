"""What has just been loaded is measured before rules read it."""

from tests.world.district import District
from tests.world.standard import S1


async def test_a_table_that_has_just_been_filled_is_no_empty_one_to_the_planner(school: District) -> None:
    pupils = [
        {"student_id": f"load-{number}", "school_id": S1, "grade": 2, "class_no": "2-1"} for number in range(2000)
    ]
    await school.school(S1).post("students", *pupils)
    await school.audit()
    (entry,) = await school.fetch("select reltuples from pg_class where oid = 'ledger.entry'::regclass")
    assert entry["reltuples"] >= len(pupils)
