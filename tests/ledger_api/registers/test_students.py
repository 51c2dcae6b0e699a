"""Students: a pseudonymous id, a grade, a class."""

from typing import Any

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, school_of, session, sheet


async def test_a_student_goes_through_its_life(school: District) -> None:
    student = {"student_id": "P900", "school_id": S1, "grade": 2, "class_no": "2-4", "enrolled_from": "2025-09-01"}
    await goes_through_its_life(school.school(S1), "students", student, change={"class_no": "2-5"}, path="P900")


async def test_a_grade_is_one_to_nine(school: District) -> None:
    problem = await school.school(S1).post("students", {"student_id": "P900", "school_id": S1, "grade": 10}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/grade"


async def test_a_newcomer_may_be_marked_at_once(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(headcount=1))
    await voice.post("attendance", sheet(present=["P900"]), expect=422)
    await voice.post("students", {"student_id": "P900", "school_id": S1, "grade": 2})
    assert (await voice.post("attendance", sheet(present=["P900"])))["created"] == 1


async def test_who_is_registered_is_looked_up_and_not_searched_for(district: District) -> None:
    """The plan of the append is made while nobody is registered, and kept."""
    await district.bureau.post("schools", school_of(S1, "primary"))
    voice, read = district.school(S1), [0]
    for year in range(4):
        await voice.post("students", *_pupils(S1, 700, f"P{year}"))
        read.append(await _people_read(district))
    third, fourth = read[3] - read[2], read[4] - read[3]
    # A school's roll that has moved is read anew, once; nothing else grows with it.
    assert fourth - third < 2 * 700


def _pupils(school_id: str, number: int, prefix: str) -> list[dict[str, Any]]:
    return [{"student_id": f"{prefix}{n:04d}", "school_id": school_id, "grade": 3} for n in range(number)]


async def _people_read(district: District) -> int:
    """The rows of the register of people that the ledger API has read so far, by its one connection at work."""
    pool = district.ledger_app.state.ledger.pool
    await pool.execute("select pg_stat_force_next_flush()")
    await pool.execute("select pg_stat_clear_snapshot()")
    rows = await district.fetch(
        """
        select coalesce(sum(seq_tup_read), 0) + (
            select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes where relname = 'person'
        ) as rows
        from pg_stat_user_tables where relname = 'person'
        """
    )
    return int(rows[0]["rows"])
