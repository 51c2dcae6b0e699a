"""Many clients at once: nobody is refused for what another is just doing."""

import asyncio

from tests.world.district import District
from tests.world.standard import S1, S2, session, sheet


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


async def test_two_clients_that_post_the_same_day_give_one_record_and_one_chain(school: District) -> None:
    voice = school.school(S1)
    receipts = await asyncio.gather(*(voice.post("sessions", session()) for _ in range(12)))
    assert sorted(receipt["created"] for receipt in receipts) == [0] * 11 + [1]
    entries = await school.fetch("select seq from ledger.chain_entry where school_id = $1 order by seq", S1)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
