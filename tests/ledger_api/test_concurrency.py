"""Many clients at once: nobody is refused for what another is just doing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import asyncpg
import pytest

from services.cli.verify import verify_ledger
from tests.world.district import District, Voice
from tests.world.procedure import CLAWBACK_STORY, SUBMISSION_STORY, digest_of, lead
from tests.world.standard import S1, S2, session, sheet

PATIENCE_SECONDS = 30


async def test_records_are_checked_against_whole_registers_while_others_change_them(school: District) -> None:
    """Pupils are registered while sessions and rolls of both schools come in: each finds its terms, slots and pupils."""
    first, second = school.school(S1), school.school(S2)

    async def enrol(n: int) -> None:
        await first.post("students", {"student_id": f"P{100 + n}", "school_id": S1, "grade": 3})
        await first.post("attendance", sheet(f"h{n}", present=["P1", f"P{100 + n}"]))

    async def hold(n: int) -> None:
        await second.post("sessions", session(f"u{n}", school_id=S2, staff={"U1": 1}))

    async def teach(n: int) -> None:
        await first.post("sessions", session(f"h{n}"))

    await asyncio.gather(*(work(n) for n in range(25) for work in (enrol, hold, teach)))
    counted = await school.fetch(
        "select (select count(*) from ledger.roll) as rolls, (select count(*) from ledger.session) as sessions"
    )
    assert counted == [{"rolls": 25, "sessions": 50}]


@asynccontextmanager
async def all_at_the_door(school: District, number: int) -> AsyncIterator[None]:
    """Hold the door of S1's chain until so many have read what is there, decided, and wait to write; then let them in."""
    connection = await asyncpg.connect(school.database_url)
    watch = await asyncpg.connect(school.database_url)
    try:
        async with connection.transaction():
            await connection.execute("select from ledger.chain_head where school_id = $1 for update", S1)
            yield
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await watch.fetchval(_WAITING) < number:
                    await asyncio.sleep(0.01)
    finally:
        await connection.close()
        await watch.close()


_WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


async def at_once(school: District, path: str, bodies: Sequence[tuple[Voice, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Each sends its own in the same moment; their answers, with their statuses."""
    async with all_at_the_door(school, len(bodies)):
        sending = [asyncio.ensure_future(voice.send("POST", path, json=body)) for voice, body in bodies]
    answers = await asyncio.gather(*sending)
    return [{**answer.json(), "status": answer.status_code} for answer in answers]


async def assert_verified(school: District) -> None:
    """No chain was broken by it."""
    verified = await verify_ledger(school.database_url, None, lambda *_: nullcontext(lambda _: None))
    assert [each.broken for each in verified if each.broken] == []


async def test_of_reviewers_who_have_both_read_it_and_both_decide_one_is_heard(school: District) -> None:
    await lead(school, SUBMISSION_STORY, to="submitted")
    one, two, three = (school.voice("centre", stage="primary", client_id=name) for name in ("one", "two", "three"))
    digest = await digest_of(one, "submissions/s")
    answers = await at_once(
        school,
        "/v1/submissions/s/steps",
        [
            (one, {"step": "approve", "content_hash": digest}),
            (two, {"step": "return", "why": "附件缺页"}),
            (three, {"step": "approve", "content_hash": digest}),
        ],
    )
    assert sorted(answer["status"] for answer in answers) == [200, 409, 409]
    assert {answer["code"] for answer in answers if answer["status"] == 409} == {"no_such_transition"}
    history = (await one.get("/v1/submissions/s"))["history"]
    assert [each["step"] for each in history if each["step"] in {"approve", "return"}] == [
        next(answer["step"] for answer in answers if answer["status"] == 200)
    ]
    await assert_verified(school)


@pytest.mark.parametrize(
    ("amounts", "statuses", "state", "back"),
    [
        # 12000 fen were determined: one of two is one too many, and its sender is told.
        ((7000, 7001), [200, 409], "partly_recovered", None),
        ((12000, 12000, 12000), [200, 409, 409], "recovered", 12000),
        ((4000, 4000, 4000), [200, 200, 200], "recovered", 12000),
    ],
)
async def test_together_no_more_comes_back_than_was_determined(
    school: District, amounts: tuple[int, ...], statuses: list[int], state: str, back: int | None
) -> None:
    await lead(school, CLAWBACK_STORY, to="ordered")
    offices = [school.voice("bureau", client_id=f"cashier-{place}") for place in range(len(amounts))]
    bodies = [
        (office, {"step": "recover", "recovered_fen": fen, "voucher": f"收{place}"})
        for place, (office, fen) in enumerate(zip(offices, amounts, strict=True))
    ]
    answers = await at_once(school, "/v1/clawbacks/b/steps", bodies)
    assert sorted(answer["status"] for answer in answers) == statuses
    shown = await school.bureau.get("/v1/clawbacks/b")
    recovered = sum(each["amount_fen"] for each in shown["recovered"])
    assert shown["state"] == state
    assert recovered in ([back] if back else amounts)
    assert recovered <= shown["amount_fen"]
    await assert_verified(school)


async def test_two_clients_that_post_the_same_day_give_one_record_and_one_chain(school: District) -> None:
    voice = school.school(S1)
    receipts = await asyncio.gather(*(voice.post("sessions", session()) for _ in range(12)))
    assert sorted(receipt["created"] for receipt in receipts) == [0] * 11 + [1]
    entries = await school.fetch("select seq from ledger.chain_entry where school_id = $1 order by seq", S1)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
