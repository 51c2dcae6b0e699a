"""What has just been loaded is measured before rules read it."""

import pytest

from services.audit_worker import engine
from tests.world.district import District
from tests.world.standard import S1, session


async def test_a_table_that_has_just_been_filled_is_no_empty_one_to_the_planner(school: District) -> None:
    pupils = [
        {"student_id": f"load-{number}", "school_id": S1, "grade": 2, "class_no": "2-1"} for number in range(2000)
    ]
    await school.school(S1).post("students", *pupils)
    await school.audit()
    (entry,) = await school.fetch("select reltuples from pg_class where oid = 'ledger.entry'::regclass")
    assert entry["reltuples"] >= len(pupils)


async def test_a_day_that_the_planner_has_not_seen_is_measured_once_where_many_days_come_in(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it expects one session of it, and joins whatever came in with all staff for each session anew."""
    seen = """
        select most_common_vals::text as days from pg_stats
        where tablename = 'session_revision_2025' and attname = 'service_date'
    """
    voice = school.school(S1)
    for day in ("2025-09-08", "2025-09-09"):
        await voice.post("sessions", *(session(f"{day}-{n}", service_date=day) for n in range(2)))
    await school.fetch("analyze ledger.session_revision_2025")
    await voice.post("sessions", *(session(f"late-{n}", service_date="2025-09-10") for n in range(2)))
    await school.audit()
    assert "2025-09-10" not in (await school.fetch(seen))[0]["days"]
    monkeypatch.setattr(engine, "DAYS_OF_ONE_PLAN", 0)
    await voice.post("sessions", *(session(f"later-{n}", service_date="2025-09-10") for n in range(2)))
    await school.audit()
    assert "2025-09-10" in (await school.fetch(seen))[0]["days"]
    # Of rolls there are none here.
    for day, names in (("2025-09-10", ["attendance"]), ("2025-09-11", ["attendance", "session"])):
        (measured,) = await school.fetch("select audit.measure_days($1::text::date) as names", day)
        assert measured["names"] == [f"ledger.{name}_revision_2025" for name in names]
