"""What reports read from the rollups is what the facts say, at every moment; made anew, the rollups are the same."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.audit_worker.engine import audit_once
from services.cli.embedded import Stores
from services.cli.rollup import rebuild_rollups
from shared import migrations
from shared.settings import Settings
from tests.world.district import District, open_district
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, duty, session, sheet

Json = dict[str, Any]
OCTOBER, JANUARY, LATER = "2025-10-13", "2026-01-12", "9999-01-01T00:00:00Z"
ROLLUPS = {
    "staff_day": "school_id, service_date, staff_id",
    "work_day": "school_id, service_date",
    "work_month": "school_id, month_starts_on",
    "recorded_day": "school_id, service_date",
    "school_day": "school_id, service_date",
}
PLAN = {
    "school_id": S1, "version": "v2", "effective_from": "2025-09-09", "rate_fen_per_class_hour": {"*": 7333},
    "factors": {"slot": {"s1": 1.07}, "weekday": {"1": 1.013}}, "caps": {"class_hours_per_day": 2},
}  # fmt: skip

REPORTS = (
    *(
        (path, {"school_id": S1, **period})
        for path in ("workload", "compensation")
        for period in ({"month": "2025-09"}, {"term_id": TERM})
    ),
    ("district", {"term_id": TERM}),
    ("discipline", {"term_id": TERM}),
)

days = st.sampled_from([MONDAY, TUESDAY, OCTOBER, JANUARY])
hours = st.sampled_from([0.33, 0.75, 1.5, 2.25])
steps = st.one_of(
    st.builds(
        lambda key, day, staff, state: (
            "sessions",
            session(key, service_date=day, staff=staff, state=state, headcount=9, reason="更正"),
        ),
        st.sampled_from(["a", "b", "c"]),
        days,
        st.dictionaries(st.sampled_from(["T1", "T2", "W1"]), hours, min_size=1, max_size=2),
        st.sampled_from(["held", "held", "cancelled"]),
    ),
    st.builds(lambda day, n: ("duties", duty(class_hours=n, service_date=day, reason="更正")), days, hours),
    st.builds(lambda day: ("sessions", session("u", school_id=S2, service_date=day, staff={"W1": 1})), days),
    st.builds(
        lambda key, pupils, day: ("attendance", sheet(key, present=pupils, service_date=day, reason="更正")),
        st.sampled_from(["a", "b"]),
        st.integers(1, 4),
        days,
    ),
    st.builds(
        lambda day, n: (
            "days",
            {"school_id": S1, "service_date": day, "state": "closed", "sessions": n, "pupils": n, "reason": "更正"},
        ),
        days,
        st.integers(0, 3),
    ),
    st.builds(
        lambda grade: ("students", {"student_id": "P1", "school_id": S1, "grade": grade, "enrolled_to": TUESDAY}),
        st.integers(1, 5),
    ),
    st.just(("allocation-plans", PLAN)),
    st.just(("taken back", None)),
    st.just(("audited", None)),
)


async def _happens(district: District, what: str, record: Json | None) -> None:
    if what == "audited":
        await audit_once(district.auditor_pool, [])
    elif record is None:
        await district.school(S1).send("DELETE", f"/v1/sessions/{S1}/a", params={"reason": "误录"})
    else:
        # A roll of a session that is not there, or was on another day, is refused.
        answer = await district.school(record["school_id"]).send("POST", f"/v1/{what}", json=[record])
        assert answer.status_code == 200 or what == "attendance", answer.text


async def _reports(district: District, **parameters: str) -> list[Json]:
    """Workload and pay of a month and of the term, the district's and the days' figures; without what says how they were asked for."""
    found = []
    for path, asked in REPORTS:
        report = await district.auditor.report(f"/v1/reports/{path}", **asked, **parameters)
        kept = {name: value for name, value in report.items() if name not in {"as_of", "reflects"}}
        found.append(json.loads(re.sub(r"[?&]as_of=[^&\"]*", "", json.dumps(kept))))
    return found


async def _rollups(district: District) -> list[Json]:
    return [
        {"table": table, **row}
        for table, key in ROLLUPS.items()
        for row in await district.fetch(f"select * from audit.{table} order by {key}")
    ]


@settings(
    max_examples=7,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, min_size=4, max_size=12))
def test_reports_from_rollups_and_from_facts_are_the_same_at_every_moment(
    history: list[tuple[str, Json | None]],
    clone_standard: Callable[[], AbstractContextManager[str]],
    stores: Stores,
    signing_key: str,
) -> None:
    async def live(url: str) -> list[Json]:
        async with open_district(url, stores.redis_url, signing_key) as district:
            for what, record in history:
                await _happens(district, what, record)
                # As of an instant, a report takes nothing from a rollup.
                assert await _reports(district) == await _reports(district, as_of=LATER)
            while (await audit_once(district.auditor_pool, [])).outbox_rows:
                pass
            return await _rollups(district)

    async def look(url: str) -> list[Json]:
        async with open_district(url, stores.redis_url, signing_key) as district:
            return await _rollups(district)

    with clone_standard() as url:
        batch_by_batch = asyncio.run(live(url))
        rebuild_rollups(Settings(_env_file=None, database_url=url, redis_url=stores.redis_url), None)
        assert asyncio.run(look(url)) == batch_by_batch


async def test_what_a_rollup_says_is_read_while_nothing_has_changed_since(school: District) -> None:
    """Or it would be of no use: a sum that is not the facts' shows."""
    await school.school(S1).post("sessions", session("a", staff={"T1": 1}))
    await school.audit()
    await school.fetch(
        'update audit.work_month set workload = replace(workload, \'"T1",["2025-09-08"],100\', \'"T1",["2025-09-08"],900\')'
    )
    read = await school.auditor.report("/v1/reports/workload", school_id=S1, term_id=TERM)
    assert read["items"][0]["class_hours"] == 9
    await school.school(S1).post("duties", duty("d", "T2", 2))
    touched = await school.auditor.report("/v1/reports/workload", school_id=S1, term_id=TERM)
    assert [(item["staff_id"], item["class_hours"]) for item in touched["items"]] == [("T1", 1), ("T2", 2)]


async def test_days_packed_by_columns_go_back_to_lists_and_come_again_the_same(school: District) -> None:
    voice = school.school(S1)
    await voice.post(
        "sessions", session("a", staff={"T1": 1.25, "T2": 0.75}), session("b", category="arts", staff={"T1": 1.5})
    )
    await voice.post("duties", duty())
    await school.audit()
    kept = "select work from audit.work_day order by school_id, service_date"
    before = await school.fetch(kept)
    steps = Path(migrations.__file__).parent / "sql"
    await _run(school, steps / "0028_work_by_columns_back.sql")
    (day,) = await school.fetch(kept)
    pieces = json.loads(day["work"])
    assert {(piece[1], piece[3], piece[4]) for piece in pieces} >= {
        ("T1", 125, "homework"),
        ("T1", 150, "arts"),
        ("T2", 75, "homework"),
    }
    assert all(len(piece) == 10 for piece in pieces)
    await _run(school, steps / "0028_work_by_columns.sql")
    again, found = (
        await school.fetch(kept),
        await school.fetch(
            "select work from ledger.work_within($1, $2, $3, 'infinity')", [S1], date(2025, 9, 1), date(2025, 10, 1)
        ),
    )
    assert [json.loads(each["work"]) for each in again] == [json.loads(each["work"]) for each in before]
    assert [json.loads(each["work"]) for each in found] == [json.loads(each["work"]) for each in before]


async def _run(district: District, script: Path) -> None:
    connection = await asyncpg.connect(district.database_url)
    await connection.execute(await asyncio.to_thread(script.read_text, "utf-8"))
    await connection.close()
