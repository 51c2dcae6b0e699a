"""Several rules as one statement: it says what each of them says by itself, of those that are asked."""

from datetime import date

import pytest

from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.rule_runs import rows_of, rows_together
from services.audit_worker.scope import Scope
from services.audit_worker.together import ASKED, together
from shared.vocabulary import Grain
from tests.world.district import District
from tests.world.standard import MONDAY, S1, session

SCHOOL_DAY = Scope((S1,), date.fromisoformat(MONDAY), date.fromisoformat(MONDAY))


def rules_of(grain: Grain) -> list[Rule]:
    """The rules of a grain that SQL says whole."""
    return [rule for rule in read_catalogue() if rule.header.grain == grain and rule.find is None]


@pytest.fixture
async def of_one_day(school: District) -> District:
    """A day of a school of which several rules have something to say."""
    voice = school.school(S1)
    await voice.post("sessions", session("empty", headcount=0, staff={"T1": 1.25}))
    await voice.post("sessions", session("unlike", headcount=30, staff={"T2": 9}, starts_at="05:00"))
    await voice.post(
        "attendance", {"school_id": S1, "session_id": "unlike", "service_date": MONDAY, "present": ["P1", "P2"]}
    )
    return school


@pytest.mark.parametrize("grain", ["school_day", "school_week", "school_month", "school_term", "year"])
async def test_rules_together_say_what_each_says_alone(of_one_day: District, grain: Grain) -> None:
    async with of_one_day.auditor_pool.acquire() as connection:
        await of_one_day.audit()
        rules = rules_of(grain)
        term = Scope((S1,), date(2025, 9, 1), date(2025, 9, 30))
        scope = SCHOOL_DAY if grain == "school_day" else term
        said = await rows_together(connection, rules, rules, scope, ())
        alone = {rule.code: await rows_of(connection, rule, scope, (), ()) for rule in rules}
    assert {code: sorted(row.finding_id(code) for row in rows) for code, rows in said.items()} == {
        code: sorted(row.finding_id(code) for row in rows) for code, rows in alone.items()
    }
    if grain == "school_day":
        assert {"A09", "A12"} <= {code for code, rows in said.items() if rows}


async def test_only_the_rules_that_are_asked_say_anything(of_one_day: District) -> None:
    rules = rules_of("school_day")
    asked = [rule for rule in rules if rule.code == "A12"]
    async with of_one_day.auditor_pool.acquire() as connection:
        said = await rows_together(connection, rules, asked, SCHOOL_DAY, ())
    assert [row.subject for row in said["A12"]] == ["empty"]
    assert list(said) == ["A12"]


async def test_parameters_of_the_same_name_stay_each_with_its_rule(school: District) -> None:
    statement = together(rules_of("school_term"))
    assert statement.binds[0] == ASKED
    assert len(set(statement.binds)) == len(statement.binds)
    async with school.auditor_pool.acquire() as connection:
        prepared = await connection.prepare(statement.text)
        assert len(prepared.get_parameters()) == len(statement.binds)
