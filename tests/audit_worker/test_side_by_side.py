"""Pieces of an audit over several connections: each done once, all seeing the same, and an exception ends it."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from services.audit_worker.catalogue import FINDING_COLUMNS
from services.audit_worker.engine import audit_all
from services.audit_worker.side_by_side import SIDE_BY_SIDE, readers_beside, side_by_side, writers_beside
from shared.database import Statement, open_pool
from tests.world.district import District
from tests.world.standard import S1, S2, session


async def test_each_piece_is_done_once_and_as_many_at_once_as_there_are_lanes() -> None:
    at_work: set[str] = set()
    together, done = asyncio.Event(), []

    async def do(lane: str, piece: int) -> None:
        at_work.add(lane)
        if len(at_work) == 3:
            together.set()
        await together.wait()
        done.append(piece)

    await side_by_side(["a", "b", "c"], range(20), do)
    assert sorted(done) == list(range(20))


@pytest.mark.parametrize("lanes", [["a"], ["a", "b"]])
async def test_after_an_exception_no_more_are_begun(lanes: list[str]) -> None:
    begun: list[int] = []

    async def do(_lane: str, piece: int) -> None:
        begun.append(piece)
        await asyncio.sleep(0)
        if piece == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await side_by_side(lanes, range(20), do)
    assert len(begun) < 5


async def test_readers_see_what_the_transaction_saw_and_no_pool_is_waited_for(school: District) -> None:
    pool = await open_pool(school.database_url, role="taizhang_audit", size=2)
    try:
        async with pool.acquire() as connection, connection.transaction():
            async with readers_beside(pool, connection) as readers:
                # Of two connections this transaction has one.
                assert len(readers) == min(1, SIDE_BY_SIDE - 1)
                await school.school(S1).post("sessions", session("s1"))
                for reader in readers:
                    assert await reader.fetchval("select count(*) from ledger.session_revision") == 0
                    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                        await reader.execute("delete from audit.staff_day")
            assert await connection.fetchval("select count(*) from ledger.session_revision") == 1
    finally:
        await pool.close()


INSERT = """
insert into audit.audited_day (school_id, service_date, chain_seq, audited_at) values ($1, '2020-09-07', 1, now())
"""
THERE = "select count(*) from audit.audited_day where service_date = '2020-09-07'"


async def test_what_is_written_beside_is_there_together_or_not_at_all(school: District) -> None:
    async def write(end: Exception | None) -> None:
        async with writers_beside(pool) as writers:
            for writer, school_id in zip(writers, (S1, S2), strict=False):
                await writer.execute(INSERT, school_id)
            if end is not None:
                raise end

    pool = await open_pool(school.database_url, role="taizhang_audit", size=3)
    try:
        with pytest.raises(ZeroDivisionError):
            await write(ZeroDivisionError())
        assert await pool.fetchval(THERE) == 0
        await write(None)
        assert await pool.fetchval(THERE) == min(2, SIDE_BY_SIDE - 1)
    finally:
        await pool.close()


async def test_a_full_audit_says_the_same_over_one_connection_and_over_several(school: District) -> None:
    for school_id, staff_id in ((S1, "T1"), (S2, "U1")):
        voice = school.school(school_id)
        await voice.post("sessions", session("one", school_id=school_id, headcount=0, staff={staff_id: 1.25}))
        await voice.post("sessions", session("two", school_id=school_id, activity="合唱", staff={staff_id: 1.5}))
    several = await open_pool(school.database_url, role="taizhang_audit", size=4)
    one = await open_pool(school.database_url, role="taizhang_audit", size=1)
    try:
        assert await audit_all(several, school.rules) > 0
        found = await school.auditor.findings()
        assert {each["rule"] for each in found} >= {"A12", "A14"}
        assert await audit_all(one, school.rules) == 0
        assert await school.fetch("select from audit.parked_scope") == []
    finally:
        await several.close()
        await one.close()


async def test_a_rule_that_raises_in_a_full_audit_is_parked_and_the_others_say_what_they_find(school: District) -> None:
    await school.school(S1).post("sessions", session(headcount=0, staff={"T1": 9}))
    broken = Statement.parse(f"select {', '.join(FINDING_COLUMNS)} from audit.missing_table")
    rules = [replace(rule, statement=broken) if rule.code == "A13" else rule for rule in school.rules]
    assert await audit_all(school.auditor_pool, rules) > 0
    assert {finding["rule"] for finding in await school.auditor.findings()} >= {"A12", "A18"}
    assert {row["rule"] for row in await school.fetch("select rule from audit.parked_scope")} == {"A13"}
