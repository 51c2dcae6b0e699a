"""Draws of schools to inspect: anybody can make them again, everybody's turn comes, and no school learns of it."""

import asyncio
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger_api.oversight.inspection_draws import Candidate, draw
from tests.world.district import District
from tests.world.standard import S1, S2, YEAR, school_of, session

Json = dict[str, Any]
ORDER = {"academic_year": YEAR, "count": 2}
MORE = [f"31011500{n}" for n in range(10, 16)]


@pytest.fixture
async def schools(school: District) -> District:
    """Eight schools, of which S2 alone is a junior one."""
    await school.bureau.post("schools", *(school_of(each, "primary") for each in MORE))
    return school


def _by_hand(made: Json) -> list[str]:
    """As the document says how, from nothing but what was published."""

    def lowest(each: Json) -> str:
        tickets = [f"{made['seed']}/{each['school_id']}/{n}".encode() for n in range(1, each["weight"] + 1)]
        return min(sha256(ticket).hexdigest() for ticket in tickets)

    order = sorted(made["pool"], key=lambda each: (each["reached"], lowest(each)))
    return [each["school_id"] for each in order][: made["count"]]


async def _post(voice: Any, order: Json, *, expect: int = 200, **headers: str) -> Json:
    answer = await voice.send("POST", "/v1/inspection-draws", json=order, headers=headers)
    assert answer.status_code == expect, answer.text
    body: Json = answer.json()
    return body


async def test_a_third_party_makes_the_draw_again_from_what_was_published(schools: District) -> None:
    made = await _post(schools.bureau, {**ORDER, "seed": "2025年".encode().hex()})
    published = await schools.auditor.get(f"/v1/inspection-draws/{made['draw_id']}")
    assert published == made
    assert published["drawn"] == _by_hand(published)
    assert (published["made_by"], published["method"], len(published["pool"])) == ("bureau", "sha256-tickets-1", 8)
    own_seed = await _post(schools.bureau, ORDER)
    assert own_seed["drawn"] == _by_hand(own_seed)
    assert len(own_seed["seed"]) == 32
    number = await _post(schools.bureau, {**ORDER, "seed": 20250908})
    assert (number["seed"], number["drawn"]) == ("20250908", _by_hand(number))


async def test_every_school_is_drawn_before_any_is_drawn_again(schools: District) -> None:
    drawn: list[str] = []
    for seed in "abcd":
        drawn += (await _post(schools.bureau, {**ORDER, "seed": seed}))["drawn"]
    assert sorted(drawn) == sorted([S1, S2, *MORE])
    again = await _post(schools.bureau, {**ORDER, "count": 20})
    assert {each["reached"] for each in again["pool"]} == {1}
    assert sorted(again["drawn"]) == sorted(drawn)


async def test_a_school_that_was_inspected_already_waits_for_the_others(schools: District) -> None:
    visit = {"school_id": S1, "kind": "spot_check", "date": "2025-09-10"}
    await schools.bureau.post(
        "inspections",
        {**visit, "inspection_id": "i1", "conclusion": "规范"},
        # Not finished: it reaches nobody.
        {**visit, "inspection_id": "i2", "school_id": S2},
        # Of the year before.
        {**visit, "inspection_id": "i3", "school_id": MORE[0], "date": "2025-08-29", "conclusion": "规范"},
    )
    made = await _post(schools.bureau, {**ORDER, "count": 7})
    assert set(made["drawn"]) == {S2, *MORE}


async def test_what_is_open_about_a_school_weighs_and_is_kept_with_the_draw(schools: District) -> None:
    # Nobody came to it, and hours are claimed.
    await schools.school(S1).post("sessions", session(headcount=0))
    await schools.audit()
    made = await _post(schools.bureau, ORDER)
    (heavy,) = [each for each in made["pool"] if each["school_id"] == S1]
    assert heavy["weight"] > 1
    assert heavy["findings"] >= 1
    assert {each["weight"] for each in made["pool"] if each["school_id"] != S1} == {1}
    blind = await _post(schools.bureau, {**ORDER, "risk_weighted": False})
    assert {each["weight"] for each in blind["pool"]} == {1}
    # What is decided afterwards changes no draw that was made.
    await schools.school(S1).post("sessions", session(headcount=0, state="cancelled", reason="停课", staff=[]))
    await schools.audit()
    assert await schools.bureau.get(f"/v1/inspection-draws/{made['draw_id']}") == made


async def test_a_centre_draws_among_its_own_and_sees_its_own_draws(schools: District) -> None:
    centre = schools.voice("centre", stage="primary")
    own = await _post(centre, {**ORDER, "count": 2000})
    assert set(own["drawn"]) == {S1, *MORE}
    assert own["made_by"] == "centre-primary"
    of_bureau = await _post(schools.bureau, {**ORDER, "stage": "junior"})
    assert of_bureau["drawn"] == [S2]
    assert [each["draw_id"] for each in (await centre.get("/v1/inspection-draws"))["items"]] == [own["draw_id"]]
    await centre.get(f"/v1/inspection-draws/{of_bureau['draw_id']}", expect=404)
    await schools.voice("centre", stage="junior").get(f"/v1/inspection-draws/{own['draw_id']}", expect=404)
    assert len((await schools.auditor.get("/v1/inspection-draws"))["items"]) == 2
    problem = await _post(centre, {**ORDER, "stage": "junior"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/stage"


async def test_no_school_learns_of_a_draw(schools: District) -> None:
    before = await schools.school(S1).get(f"/v1/chains/{S1}")
    made = await _post(schools.voice("centre", stage="primary"), {**ORDER, "count": 7})
    own = schools.school(S1)
    for path in ("/v1/inspection-draws", f"/v1/inspection-draws/{made['draw_id']}"):
        await own.get(path, expect=404)
    assert await own.get(f"/v1/chains/{S1}") == before
    await own.get("/v1/chains/centre-primary", expect=404)
    await own.get("/v1/chains/bureau", expect=404)
    await _post(own, ORDER, expect=403)
    await _post(schools.auditor, ORDER, expect=403)


async def test_the_same_order_under_the_same_key_is_one_draw(schools: District) -> None:
    first = await _post(schools.bureau, {**ORDER, "draw_id": "autumn"})
    assert await _post(schools.bureau, {**ORDER, "draw_id": "autumn"}) == first
    assert (await _post(schools.bureau, {**ORDER, "draw_id": "autumn", "count": 3}, expect=409))["code"] == (
        "idempotency_key_reused"
    )
    keyed = await _post(schools.bureau, ORDER, **{"Idempotency-Key": "k-1"})
    assert await _post(schools.bureau, ORDER, **{"Idempotency-Key": "k-1"}) == keyed
    assert keyed["number"] == 2


async def test_draws_in_one_moment_share_no_school(schools: District) -> None:
    made = await asyncio.gather(*(_post(schools.bureau, ORDER) for _ in range(4)))
    assert sorted(each["number"] for each in made) == [1, 2, 3, 4]
    assert sorted(school_id for each in made for school_id in each["drawn"]) == sorted([S1, S2, *MORE])


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"academic_year": "2025"}, "/academic_year"),
        ({"seed": "a b"}, "/seed"),
        ({"schools": 2}, "/schools"),
    ],
)
async def test_an_order_that_is_none_is_refused(school: District, wrong: Json, pointer: str) -> None:
    problem = await _post(school.bureau, ORDER | wrong, expect=422)
    assert problem["errors"][0]["pointer"] == pointer


async def test_where_there_is_no_school_nothing_is_drawn(district: District) -> None:
    problem = await _post(district.bureau, ORDER, expect=422)
    assert problem["errors"][0]["pointer"] == "/academic_year"


@given(
    weights=st.lists(st.integers(1, 20), min_size=1, max_size=30),
    draws=st.lists(st.tuples(st.integers(1, 12), st.text("abcdef", min_size=1, max_size=4)), max_size=25),
    heavier=st.randoms(use_true_random=False),
)
def test_however_draws_follow_each_other_everybody_is_reached_in_turn(
    weights: list[int], draws: list[tuple[int, str]], heavier: Any
) -> None:
    reached: Counter[str] = Counter()
    schools = {f"s{place}": weight for place, weight in enumerate(weights)}
    for count, seed in draws:
        pool = [
            Candidate(school_id=each, reached=reached[each], weight=weight if heavier.random() < 0.7 else 20)
            for each, weight in schools.items()
        ]
        drawn = draw(seed, count, pool)
        heavier.shuffle(pool)
        assert draw(seed, count, pool) == drawn
        assert len(drawn) == len(set(drawn)) == min(count, len(schools))
        reached.update(drawn)
        assert max(reached[each] for each in schools) - min(reached[each] for each in schools) <= 1
    if sum(min(count, len(schools)) for count, _seed in draws) >= len(schools):
        assert set(reached) == set(schools)


def test_a_school_comes_first_as_often_as_its_weight_says() -> None:
    pool = [Candidate(school_id=name, reached=0, weight=weight) for name, weight in (("a", 1), ("b", 3), ("c", 6))]
    first = Counter(draw(f"seed-{n}", 1, pool)[0] for n in range(4000))
    # A tenth, three tenths, six tenths of 4,000: within four standard deviations.
    assert abs(first["a"] - 400) < 76
    assert abs(first["b"] - 1200) < 116
    assert abs(first["c"] - 2400) < 124
