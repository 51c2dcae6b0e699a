"""The chain: every batch of a school linked to the one before; rebuilt here from the stored rows, in Python."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.chain import batch_digest, blinded, leaf, link, stored_header
from tests.world.district import District
from tests.world.standard import S1, S2, duty, session, sheet

Json = dict[str, Any]

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
    lines = []
    number = (
        "case when revision = 1 then (select number from ledger.person "
        "where person.resource = entry.resource and person_id = key) end"
    )
    for table, key, called, salt in (
        ("session_revision", "session_id", "null", "null::uuid"),
        ("attendance_revision", "service_date || '/' || session_id", "null", "null::uuid"),
        ("entry", "key", number, "salt"),
    ):
        rows = await school.fetch(
            f"select {key} as key, revision, digest, reason, {called} as number, {salt} as salt from ledger.{table} "
            "where batch_id = $1 and school_id = $2",
            entry["batch_id"],
            entry["school_id"],
        )
        for row in rows:
            key_then, reason = blinded(row["salt"], row["key"]), row["reason"] and blinded(row["salt"], row["reason"])
            line = leaf(entry["resource"], key_then, row["revision"], row["digest"], reason, row["number"])
            lines.append((key_then, row["revision"], line))
    return batch_digest(stored_header({**batch, **entry}), [line for *_, line in sorted(lines)])


async def test_a_proof_holds_for_a_batch_in_the_middle_and_for_nothing_else(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session("h0"))
    receipt = await voice.post("attendance", sheet(present=["P2", "P1"], late=["P9"]), sheet("h2", present=["P3"]))
    await voice.post("sessions", session("h3"))
    head = (await voice.get(f"/v1/chains/{S1}"))["head"]
    proof = await voice.get(f"/v1/chains/{S1}/proof", batch_id=receipt["batch_id"])
    assert proof["head"] == head
    assert len(proof["records"]) == 2
    check = _the_guides_check()
    check(proof, head)
    forged = {
        **proof,
        "records": [
            {**record, "canonical": record["canonical"].replace("present", "late")[:-1] + " ]"}
            for record in proof["records"]
        ],
    }
    for wrong in (
        forged,
        {**proof, "records": proof["records"][:1]},
        {**proof, "following": proof["following"][:-1]},
        {**proof, "header": proof["header"].replace("school-test", "nobody")},
    ):
        with pytest.raises(ValueError, match=r"not the record|should"):
            check(wrong, head)


def _the_guides_check() -> Callable[[Json, str], None]:
    guide = (Path(__file__).parents[3] / "docs/proof.md").read_text("utf-8")
    block = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {}
    exec(block[1], names)  # noqa: S102 the project's own document
    check: Callable[[Json, str], None] = names["check"]
    return check


async def test_a_proof_is_its_schools_own(school: District) -> None:
    receipt = await school.school(S1).post("sessions", session())
    path = f"/v1/chains/{S1}/proof"
    await school.school(S2).get(path, batch_id=receipt["batch_id"], expect=404)
    await school.school(S1).get(path, batch_id=str(uuid4()), expect=404)


async def test_another_schools_chain_is_not_to_be_seen(school: District) -> None:
    await school.school(S2).get(f"/v1/chains/{S1}", expect=404)
    await school.bureau.get(f"/v1/chains/{S1}")


def test_a_link_is_the_hash_of_the_previous_head_and_the_digest() -> None:
    assert link(ZERO, b"\x01" * 32) == sha256(ZERO + b"\x01" * 32).digest()
