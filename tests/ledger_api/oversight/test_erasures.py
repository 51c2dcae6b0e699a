"""A pupil's identity is erased: no name is left, no count changes, the chain holds, and tampering is still found."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.cli.progress import progress_bar
from services.cli.verify import Broken, verify_ledger
from tests.conftest import cloned
from tests.world.district import District, open_district
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, confirmed_finding, session, sheet

Json = dict[str, Any]
PUPIL = "P7"
DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "erasure.md").read_text("utf-8")
ASKED: Json = {
    "school_id": S1, "case_no": "2031-4", "student_id": PUPIL, "ground": "consent_withdrawn", "asked_on": "2031-03-02",
}  # fmt: skip


@pytest.fixture
def forgetful(school: District) -> District:
    """A district that need not keep identities beyond a term's end by any number of days; the standard term is over by then."""
    school.ledger_app.state.identity_days = -36500
    return school


async def _record(district: District) -> None:
    first = district.school(S1)
    pupil = {"student_id": PUPIL, "school_id": S1, "grade": 4, "class_no": "2", "special_needs": True}
    await first.post("students", pupil)
    consent = {
        "school_id": S1,
        "term_id": TERM,
        "student_id": PUPIL,
        "opted_in": True,
        "weekdays": [1, 2],
        "slots": ["s1"],
    }
    await first.post(
        "consents", {**consent, "signed_on": MONDAY, "reason": f"{PUPIL} 家长来电"}, {**consent, "student_id": "P8"}
    )
    await first.post("consents", {**consent, "activities": ["围棋"], "reason": f"补充 {PUPIL}"})
    await first.post("sessions", session(), session("h2", service_date=TUESDAY))
    await first.post(
        "attendance", sheet(present=[PUPIL, "P8"]), sheet("h2", service_date=TUESDAY, present=["P8"], late=[PUPIL])
    )
    await first.post("attendance", sheet(present=["P8"], late=[PUPIL], reason="改正"))
    await first.post("consents", {**consent, "term_id": "2031-2032-1"}, mode="partial")
    await district.audit()


async def _broken(district: District) -> list[Broken]:
    verified = await verify_ledger(district.database_url, None, progress_bar)
    return [each.broken for each in verified if each.broken is not None]


async def _everything(district: District) -> str:
    """Every row of every table, as text."""
    tables = await district.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('ledger', 'audit')"
    )
    rows = [
        row["row"] for each in tables for row in await district.fetch(f"select t::text as row from {each['name']} as t")
    ]
    return "\n".join(rows)


def _names(text: str, student_id: str = PUPIL) -> bool:
    return re.search(rf"(?<![A-Za-z0-9._:-]){re.escape(student_id)}(?![A-Za-z0-9._:-])", text) is not None


async def test_nobody_is_named_any_more_and_no_count_changes(forgetful: District) -> None:
    await _record(forgetful)
    assert _names(await _everything(forgetful))
    before = (await forgetful.fetch("select clock_timestamp() as at"))[0]["at"].isoformat()
    derived = "select to_jsonb(t)::text as row from audit.enrolment as t union all select to_jsonb(t)::text from audit.consent_count as t order by 1"
    kept = [await forgetful.fetch(each) for each in (derived, "select finding_id, state from audit.finding order by 1")]
    first, bureau = forgetful.school(S1), forgetful.bureau

    done = await _erase(forgetful)
    assert (done["school_id"], done["records"], done["ground"]) == (S1, 4, "consent_withdrawn")
    await forgetful.audit()

    assert not _names(await _everything(forgetful))
    assert [
        await forgetful.fetch(each) for each in (derived, "select finding_id, state from audit.finding order by 1")
    ] == kept
    for voice in (first, bureau):
        for asked in ({}, {"as_of": before}):
            await voice.get(f"/v1/students/{PUPIL}", expect=404, **asked)
            await voice.get(f"/v1/consents/{S1}/{TERM}/{PUPIL}", expect=404, **asked)
            for path in ("/v1/students", "/v1/consents"):
                assert not _names(json.dumps(await voice.get(path, limit="1000", **asked)))
            roll = await voice.report("/v1/ledger/attendance", school_id=S1, **asked)
            assert not _names(json.dumps(roll))
            assert done["pseudonym"] in json.dumps(roll)
    there = await first.get(f"/v1/students/{done['pseudonym']}")
    assert (there["grade"], there["class_no"], there.get("special_needs")) == (4, "2", None)
    listed = (await first.get("/v1/erasures"))["items"]
    assert [each["pseudonym"] for each in listed] == [done["pseudonym"]]
    assert (await forgetful.school(S2).get("/v1/erasures"))["items"] == []


async def _erase(district: District, *, expect: int = 200, **changed: Any) -> Json:
    answer = await district.bureau.send("POST", "/v1/erasures", json={**ASKED, **changed})
    assert answer.status_code == expect, answer.text
    body: Json = answer.json()
    return body


async def test_the_chain_holds_and_each_proof_can_be_checked_by_anybody(forgetful: District) -> None:
    await _record(forgetful)
    heads = {row["seq"]: row["head"] for row in await forgetful.fetch(CHAIN, S1)}
    done = await _erase(forgetful)
    assert await _broken(forgetful) == []
    after = await forgetful.fetch(CHAIN, S1)
    # What was there is there as it was, and one entry more.
    assert {row["seq"]: row["head"] for row in after[:-1]} == heads
    assert str(after[-1]["batch_id"]) == done["batch_id"]

    check, check_erased = _independent()
    proofs = {}
    for row in after:
        path = f"/v1/chains/{S1}/proof"
        proofs[str(row["batch_id"])] = await forgetful.school(S1).get(path, batch_id=str(row["batch_id"]))
        check(proofs[str(row["batch_id"])], after[-1]["head"].hex())
    erased = [record for proof in proofs.values() for record in proof["records"] if record["erased_by"]]
    assert len(erased) == 4
    for record in erased:
        check_erased(record, proofs[record["erased_by"]])
    with pytest.raises(ValueError, match="not what the erasure put there"):
        check_erased({**erased[0], "canonical": erased[0]["canonical"].replace("4", "5")}, proofs[done["batch_id"]])


CHAIN = "select seq, head, batch_id from ledger.chain_entry where school_id = $1 order by seq"


def _independent() -> tuple[Any, Any]:
    """What docs/proof.md gives to whoever does not trust the server."""
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "proof.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    scope: dict[str, Any] = {}
    exec("\n".join(blocks[:2]), scope)  # noqa: S102 our own document
    return scope["check"], scope["check_erased"]


TAMPERINGS = {
    "a grade that was kept": "update ledger.entry set content = content || '{\"grade\": 5}' where key = $1",
    "a name put back": "update ledger.entry set content = content || '{\"student_id\": \"P7\"}' where key = $1",
    "a key put back": "update ledger.entry set key = 'P7' where key = $1",
    "a reason put in": "update ledger.entry set reason = 'x' where key = $1",
    "a salt put in": "update ledger.entry set salt = gen_random_uuid() where key = $1",
    "a revision dropped": "delete from ledger.entry where key = $1 and revision = 1",
    "a digest": "update ledger.entry set digest = sha256('x') where key = $1",
    "another pupil's grade": "update ledger.entry set content = content || '{\"grade\": 5}' where key = 'P8' and $1::text is not null",
    "another pupil's salt": "update ledger.entry set salt = gen_random_uuid() where key = 'P8' and $1::text is not null",
    "another pupil forgotten without an erasure": "update ledger.entry set salt = null, key = 'erased-x' where key = 'P8' and $1::text is not null",
    "the erasure": "update ledger.entry set content = content || '{\"records\": []}' where resource = 'erasures' and content ->> 'pseudonym' = $1",
    "the erasure's ground": "update ledger.entry set content = content || '{\"ground\": \"unlawful\"}' where resource = 'erasures' and content ->> 'pseudonym' = $1",
    "an erasure that speaks of others": "update ledger.entry set content = jsonb_set(content, '{records,0,key}', '\"P8\"') where resource = 'erasures' and content ->> 'pseudonym' = $1",
    "the number behind a pseudonym": "delete from ledger.person where person_id = $1",
}  # fmt: skip


async def test_whatever_is_changed_after_an_erasure_is_found_out(forgetful: District) -> None:
    await _record(forgetful)
    pseudonym = (await _erase(forgetful))["pseudonym"]
    for what, statement in TAMPERINGS.items():
        connection = await asyncpg.connect(forgetful.database_url)
        await connection.execute("create table kept_entry as table ledger.entry")
        await connection.execute("create table kept_person as table ledger.person")
        assert (await connection.execute(statement, pseudonym)).split()[-1] != "0", what
        assert await _broken(forgetful), f"{what} was not found"
        await connection.execute("truncate ledger.entry, ledger.person")
        await connection.execute("insert into ledger.entry table kept_entry")
        await connection.execute("insert into ledger.person overriding system value table kept_person")
        await connection.execute("drop table kept_entry, kept_person")
        await connection.close()
    assert await _broken(forgetful) == []


async def test_what_still_needs_the_pupil_holds_the_erasure(school: District) -> None:
    bureau = school.bureau
    await _record(school)
    school.ledger_app.state.identity_days = 36500
    held = await _erase(school, expect=409)
    assert (held["code"], "terms/" + TERM in held["detail"]) == ("erasure_held", True)
    school.ledger_app.state.identity_days = -36500
    complaint = {"school_id": S1, "complaint_id": "k", "received_on": MONDAY}
    await bureau.post("complaints", complaint)
    assert "complaints/" in (await _erase(school, expect=409))["detail"]
    await bureau.post("complaints", {**complaint, "closed_on": TUESDAY})
    await bureau.post("inspections", {"school_id": S1, "inspection_id": "o", "kind": "spot_check", "date": MONDAY})
    assert f"inspections/{S1}/o" in (await _erase(school, expect=409))["detail"]
    owed = {"school_id": S1, "clawback_id": "b", "amount_fen": 7, "determined_on": MONDAY}
    await bureau.post("clawbacks", {**owed, "finding_ids": [await confirmed_finding(school)]})
    assert "clawbacks/" in (await _erase(school, expect=409))["detail"]
    demand = {"school_id": S1, "rectification_id": "x", "demand": "补", "demanded_on": MONDAY, "due_on": TUESDAY}
    await bureau.post("rectifications", demand)
    await bureau.post("referrals", {"school_id": S1, "referral_id": "f", "decided_on": MONDAY})
    said = (await _erase(school, expect=409))["detail"]
    assert all(f"{resource}/" in said for resource in ("inspections", "clawbacks", "rectifications", "referrals"))
    assert await school.fetch("select from ledger.person where person_id = $1", PUPIL)


async def test_the_request_of_the_page_is_taken(forgetful: District) -> None:
    await _record(forgetful)
    ((path, body),) = re.findall(r'^curl -sS -f "\$LEDGER(\S+)" .*? -d \'(.*?)\'$', PAGE, re.MULTILINE | re.DOTALL)
    answer = await forgetful.bureau.send("POST", path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text


async def test_only_the_bureau_erases_and_only_whom_the_school_has(forgetful: District) -> None:
    await _record(forgetful)
    for kind, schools, stage in (("school", (S1,), None), ("centre", (), "primary"), ("auditor", (), None)):
        voice = forgetful.voice(kind, schools=schools, stage=stage)
        assert (await voice.send("POST", "/v1/erasures", json=ASKED)).status_code == 403, kind
    assert (await _erase(forgetful, expect=404, student_id="nobody"))["code"] == "not_found"
    assert (await _erase(forgetful, expect=404, school_id=S2))["code"] == "not_found"
    assert (await _erase(forgetful, expect=404, school_id="3101159999"))["code"] == "not_found"
    assert (await _erase(forgetful, expect=422, case_no=f"about-{PUPIL}"))["code"] == "invalid_parameter"
    assert (await _erase(forgetful, expect=422, ground="because"))["code"] == "invalid_value"


async def test_asked_again_it_answers_the_same_and_a_file_is_for_one_pupil(forgetful: District) -> None:
    await _record(forgetful)
    done = await _erase(forgetful)
    assert await _erase(forgetful) == done
    assert (await _erase(forgetful, expect=409, student_id="P8"))["code"] == "case_closed"
    assert (await _erase(forgetful, expect=404, case_no="2031-5"))["code"] == "not_found"
    assert (await _erase(forgetful, expect=404, case_no="2031-5", student_id=done["pseudonym"]))["code"] == "not_found"


async def test_nothing_more_is_recorded_of_who_was_erased(forgetful: District) -> None:
    await _record(forgetful)
    first, pseudonym = forgetful.school(S1), (await _erase(forgetful))["pseudonym"]
    for student_id in (PUPIL, pseudonym):
        refused = await first.post("attendance", sheet(present=[student_id]), expect=422)
        assert refused["code"] == "unknown_student"
    again = {"student_id": pseudonym, "school_id": S1, "grade": 3}
    assert (await first.post("students", again, expect=422))["code"] == "invalid_value"
    # Who comes back is somebody new: what was recorded before stays nobody's.
    await first.post("students", {"student_id": PUPIL, "school_id": S1, "grade": 5})
    await first.post("attendance", sheet("h2", service_date=TUESDAY, present=[PUPIL]))
    numbers = await forgetful.fetch("select number from ledger.person where person_id in ($1, $2)", PUPIL, pseudonym)
    assert len({row["number"] for row in numbers}) == 2
    assert await _broken(forgetful) == []
    await _erase(forgetful, case_no="2031-6")
    assert await _broken(forgetful) == []


# Histories: a pupil is registered or changed, consents, is marked, is taken back, or is erased.
STEPS = st.lists(
    st.tuples(st.sampled_from(("student", "consent", "mark", "void", "erase")), st.integers(1, 4), st.integers(1, 9)),
    min_size=3,
    max_size=12,
)


async def _take(district: District, step: tuple[str, int, int], at: int) -> None:
    what, number, value = step
    first, student_id = district.school(S1), f"P{number}"
    if what == "student":
        await first.post("students", {"student_id": student_id, "school_id": S1, "grade": value})
    elif what == "erase":
        await district.bureau.send(
            "POST", "/v1/erasures", json={**ASKED, "student_id": student_id, "case_no": f"case-{at}"}
        )
    elif what == "void":
        await first.send("DELETE", f"/v1/students/{student_id}", params={"reason": f"{student_id} 转学"})
    else:
        record = {"school_id": S1, "student_id": student_id}
        of_what = (
            ("consents", {**record, "term_id": TERM, "opted_in": value > 4, "reason": f"r{value}"})
            if what == "consent"
            else (
                "attendance",
                {**record, "session_id": "h1", "service_date": MONDAY, "status": "present", "reason": "改"},
            )
        )
        await first.send("POST", f"/v1/{of_what[0]}", json=[of_what[1]])


async def test_every_history_with_erasures_is_proven_and_every_change_of_it_found(
    stores: Any, standard: str, signing_key: str
) -> None:
    """Random histories over one ledger that goes on; after each one revision, drawn at random, is changed and found."""
    with cloned(stores, standard) as url:
        async with open_district(url, stores.redis_url, signing_key) as district:
            district.ledger_app.state.identity_days = -36500
            told = {"at": 0}
            for steps, pick in _examples():
                for step in steps:
                    told["at"] += 1
                    await _take(district, step, told["at"])
                assert await _broken(district) == [], steps
                await _assert_found(district, pick)


def _examples() -> list[tuple[list[tuple[str, int, int]], int]]:
    drawn: list[tuple[list[tuple[str, int, int]], int]] = []

    @settings(
        max_examples=12, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(STEPS, st.integers(0, 10**6))
    def draw(steps: list[tuple[str, int, int]], pick: int) -> None:
        drawn.append((steps, pick))

    draw()
    return drawn


async def _assert_found(district: District, pick: int) -> None:
    connection = await asyncpg.connect(district.database_url)
    rows = await connection.fetch(
        "select ctid, content, key, revision from ledger.entry "
        "where school_id = $1 and resource in ('students', 'consents', 'erasures') order by resource, key, revision", S1
    )  # fmt: skip
    row = rows[pick % len(rows)]
    (ctid,) = await connection.fetchrow(
        "update ledger.entry set content = content || '{\"grade\": 77}' where ctid = $1 returning ctid", row["ctid"]
    )
    assert await _broken(district), row["key"]
    await connection.execute("update ledger.entry set content = $2 where ctid = $1", ctid, row["content"])
    await connection.close()
    assert await _broken(district) == []
