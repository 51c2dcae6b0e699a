"""The rollups that the reports read are a function of the facts: after every change, and made anew."""

from datetime import date
from random import Random

from services.audit_worker.engine import audit_all, roll_up_service
from tests.world.district import District, Json
from tests.world.standard import S1, S2, duty, session, sheet

DAYS = [f"2025-09-{day:02d}" for day in (8, 9, 10, 12, 15, 16)]
ROLLUPS = {
    "service_day": "audit.service_figures($1, $2)",
    "pupil_day": "audit.pupil_figures($1, $2)",
    "enrolment": "audit.enrolment_figures($3)",
    "consent_count": "audit.consent_figures($3)",
}
WEEKS = """
    select school_id, date_trunc('week', service_date)::date as week, count(distinct number) as pupils,
        count(distinct number) filter (where quality) as quality_pupils
    from (
        select day.school_id, day.service_date, number, number = any(day.quality_pupils) as quality
        from audit.pupil_figures($1, $2) as day cross join lateral unnest(day.pupils) as number
    ) as came
    group by 1, 2
"""


async def _differ(school: District) -> list[str]:
    """The rollups that are not what the facts say now, row by row."""
    pairs = [(school_id, day) for school_id in (S1, S2) for day in DAYS]
    differing = []
    for table, facts in {**ROLLUPS, "pupil_week": f"({WEEKS})"}.items():
        query = (
            "with asked as (select $1::text[], $2::date[], $3::text[]), "
            f"kept as (select to_jsonb(kept) as row from audit.{table} as kept), "
            f"told as (select to_jsonb(told) as row from {facts} as told) "
            "select count(*) as rows from ((select * from kept except all select * from told) "
            "union all (select * from told except all select * from kept)) as apart, asked"
        )
        schools, days = [each[0] for each in pairs], [date.fromisoformat(each[1]) for each in pairs]
        (found,) = await school.fetch(query, schools, days, [S1, S2])
        if found["rows"]:
            differing.append(table)
    return differing


def _change(rng: Random, number: int) -> tuple[str, Json]:
    day, name = rng.choice(DAYS), f"h{rng.randrange(6)}"
    category = rng.choice(["homework", "arts", "sports"])
    pupils = [f"P{n}" for n in sorted(rng.sample(range(1, 41), rng.randrange(1, 6)))]
    return rng.choice(
        [
            ("sessions", session(name, service_date=day, category=category, headcount=len(pupils), staff={"T1": 1.25})),
            ("sessions", session(name, service_date=day, state="cancelled", headcount=0, reason="停电")),
            ("attendance", sheet(name, present=pupils, service_date=day)),
            ("duties", duty(f"d{rng.randrange(3)}", class_hours=rng.randrange(1, 5) / 4, service_date=day)),
            ("students", {"student_id": f"N{number}", "school_id": S1, "grade": rng.randrange(1, 6)}),
        ]
    )


async def test_after_every_change_the_rollups_are_what_the_facts_say(school: District) -> None:
    rng = Random(7)  # noqa: S311  # a story told again, no secret
    for number in range(24):
        resource, record = _change(rng, number)
        answer = await school.school(S1).send("POST", f"/v1/{resource}", json=[{**record, "reason": "更正"}])
        # A roll of a session that is not there, or was on another day, is refused.
        assert answer.status_code in {200, 422}, answer.text
        if number % 4 == 2:
            await roll_up_service(school.auditor_pool)
            assert not {"service_day", "pupil_day", "pupil_week"}.intersection(await _differ(school))
        if number % 6 == 5:
            await school.audit()
            assert await _differ(school) == []
    assert await school.fetch("select from audit.pupil_week")
    await school.school(S1).delete(f"/v1/duties/{S1}/d0", reason="误录")
    await school.audit()
    assert await _differ(school) == []


async def test_days_are_rolled_up_before_the_whole_audit_looks_and_read_from_there(school: District) -> None:
    own = school.school(S1)
    await own.post("sessions", session("h1"), session("a1", service_date=DAYS[1]))
    await own.post("attendance", sheet("h1", present=5))
    assert await _touched(school) == DAYS[:2]
    assert await roll_up_service(school.auditor_pool) == 2
    assert await _touched(school) == []
    assert not {"service_day", "pupil_day", "pupil_week"}.intersection(await _differ(school))
    # What comes afterwards is taken from the facts again, until it is rolled up.
    await own.post("attendance", sheet("a1", present=3, service_date=DAYS[1]))
    assert await _touched(school) == DAYS[1:2]
    await school.audit()
    assert await _differ(school) == []


async def _touched(school: District) -> list[str]:
    rows = await school.fetch("select service_date from audit.touched_day where school_id = $1 order by 1", S1)
    return [row["service_date"].isoformat() for row in rows]


async def test_made_anew_they_are_the_same(school: District) -> None:
    await school.school(S1).post("sessions", session("h1"), session("a1", category="arts", slot="s2"))
    await school.school(S1).post("attendance", sheet("h1", present=5), sheet("a1", present=3))
    await school.audit()
    kept = [await school.fetch(f"select * from audit.{table} order by 1, 2, 3") for table in ROLLUPS]
    await audit_all(school.auditor_pool, school.rules)
    assert [await school.fetch(f"select * from audit.{table} order by 1, 2, 3") for table in ROLLUPS] == kept
    assert await _differ(school) == []
