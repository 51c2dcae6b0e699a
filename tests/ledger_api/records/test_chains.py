"""The chain: every batch of a school linked to the one before; rebuilt here from the stored rows, in Python."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from shared.chain import batch_digest, leaf, link
from tests.world.district import District
from tests.world.standard import S1, S2, duty, session, sheet

ZERO = bytes(32)


async def test_a_batch_that_says_something_new_moves_its_schools_chain_by_one(school: District) -> None:
    voice = school.school(S1)
    before = await voice.get(f"/v1/chains/{S1}")
    receipt = await voice.post("sessions", session(), session("h2"))
    after = await voice.get(f"/v1/chains/{S1}")
    assert after["length"] == before["length"] + 1
    assert receipt["chains"] == [{"school_id": S1, "seq": after["length"], "head": after["head"]}]
    assert after["last_batch_id"] == receipt["batch_id"]


async def test_anyone_can_rebuild_every_digest_and_link_from_the_stored_rows(school: District) -> None:
    voice = school.school(S1, S2)
    await voice.post("sessions", session(), session("h2", reason="补录"), session("u", school_id=S2, staff={"U1": 1}))
    await voice.post("attendance", sheet(present=["P2", "P1"], late=["P9"]))
    await voice.post("sessions", session(headcount=3, reason='改正 "人数"\n第二行'))
    await voice.post("duties", duty(note="门岗"))
    await voice.delete(f"/v1/sessions/{S1}/h2", reason="重复")
    for school_id in (S1, S2, "district"):
        entries = await school.fetch("select * from ledger.chain_entry where school_id = $1 order by seq", school_id)
        head = ZERO
        for entry in entries:
            rebuilt = link(head, await _digest(school, entry))
            assert (entry["previous"], entry["head"]) == (head, rebuilt)
            head = rebuilt
        (stored,) = await school.fetch("select seq, head from ledger.chain_head where school_id = $1", school_id)
        assert (stored["seq"], stored["head"]) == (len(entries), head)


async def _digest(school: District, entry: dict[str, Any]) -> bytes:
    (batch,) = await school.fetch("select * from ledger.batch where batch_id = $1", entry["batch_id"])
    leaves = []
    for table, key in (
        ("session_revision", "session_id"),
        ("attendance_revision", "service_date || '/' || session_id"),
        ("entry", "key"),
    ):
        rows = await school.fetch(
            f"select {key} as key, revision, digest, reason from ledger.{table} "
            f'where batch_id = $1 and school_id = $2 order by ({key}) collate "C", revision',
            entry["batch_id"],
            entry["school_id"],
        )
        leaves += [leaf(entry["resource"], row["key"], row["revision"], row["digest"], row["reason"]) for row in rows]
    microseconds = (batch["recorded_at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return batch_digest(str(batch["batch_id"]), batch["client_id"], microseconds, leaves)


async def test_another_schools_chain_is_not_to_be_seen(school: District) -> None:
    await school.school(S2).get(f"/v1/chains/{S1}", expect=404)
    await school.bureau.get(f"/v1/chains/{S1}")


def test_a_link_is_the_hash_of_the_previous_head_and_the_digest() -> None:
    assert link(ZERO, b"\x01" * 32) == sha256(ZERO + b"\x01" * 32).digest()
