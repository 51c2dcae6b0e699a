"""Complaints: handled by the offices, unknown to the school, and nobody can be found by them."""

from hashlib import sha256

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import COMPLAINT_STORY, lead, step
from tests.world.standard import S1, S2

COMPLAINT = {
    "school_id": S1,
    "complaint_id": "k1",
    "received_on": "2025-10-13",
    "channel": "hotline",
    "about": "反映社团活动收费",
    "office": "compulsory_education",
    "anonymous": False,
    "reporter_hash": "a" * 64,
    "acknowledged_on": "2025-10-15",
    "handling": [{"on": "2025-10-16", "action": "到校核查", "by": "C1"}],
    "due_on": "2025-11-12",
}


async def test_a_complaint_goes_through_its_life(school: District) -> None:
    closing = {
        "outcome": "not_substantiated",
        "result": "未发现收费",
        "answered_on": "2025-11-03",
        "closed_on": "2025-11-04",
    }
    change = {**closing, "reason": "办结"}
    await goes_through_its_life(school.bureau, "complaints", COMPLAINT, change=change, path=f"{S1}/k1")


async def test_the_school_complained_of_reads_none_of_it(school: District) -> None:
    await school.voice("centre", stage="primary").post("complaints", COMPLAINT)
    for path in (f"/v1/complaints/{S1}/k1", f"/v1/complaints/{S1}/k1/revisions", "/v1/complaints"):
        await school.school(S1).get(path, expect=404)
    await school.auditor.get(f"/v1/complaints/{S1}/k1")


async def test_no_chain_that_the_school_reads_tells_of_a_complaint(school: District) -> None:
    own = school.school(S1)
    before = await own.get(f"/v1/chains/{S1}"), await own.get("/v1/chains/district")
    receipt = await school.bureau.post("complaints", COMPLAINT)
    assert [chain["school_id"] for chain in receipt["chains"]] == ["centre-primary"]
    assert (await own.get(f"/v1/chains/{S1}"), await own.get("/v1/chains/district")) == before
    await own.get("/v1/chains/centre-primary/proof", batch_id=receipt["batch_id"], expect=404)
    await own.get(f"/v1/batches/{receipt['batch_id']}", expect=404)


async def test_a_centre_handles_complaints_about_its_own_schools_alone(school: District) -> None:
    other = school.voice("centre", stage="junior")
    await other.post("complaints", COMPLAINT, expect=404)
    await school.bureau.post("complaints", COMPLAINT, {**COMPLAINT, "school_id": S2})
    assert [each["school_id"] for each in (await other.get("/v1/complaints"))["items"]] == [S2]
    assert len((await school.bureau.get("/v1/complaints", school_id=S1))["items"]) == 1
    await school.school(S1).post("complaints", COMPLAINT, expect=403)
    await school.auditor.post("complaints", COMPLAINT, expect=403)


@pytest.mark.parametrize("number", ["13812345678", "31011519800101123X"])
async def test_no_text_holds_a_number_that_a_person_is_found_by(school: District, number: str) -> None:
    wrong = {**COMPLAINT, "about": f"家长 {number} 反映", "handling": [{"on": "2025-10-16", "action": f"致电{number}"}]}
    problem = await school.bureau.post("complaints", wrong, expect=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/0/about", "/0/handling/0/action"]
    await school.bureau.post("complaints", {**COMPLAINT, "about": "文号 202510138123456780001"})


async def test_nothing_is_closed_before_it_came(school: District) -> None:
    problem = await school.bureau.post("complaints", {**COMPLAINT, "closed_on": "2025-10-12"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/closed_on")


REPORTED = {name: value for name, value in COMPLAINT.items() if name != "reporter_hash"} | {
    "reporter": "138-1234 5678 王女士"
}


async def test_who_reported_is_stored_nowhere_and_known_again(school: District) -> None:
    again = {**REPORTED, "complaint_id": "k2", "reporter": "13812345678王女士"}
    other = {**REPORTED, "complaint_id": "k3", "reporter": "13812345679王女士"}
    await school.bureau.post("complaints", REPORTED, again, other)
    assert (await school.bureau.post("complaints", REPORTED))["unchanged"] == 1
    kept = (await school.auditor.get("/v1/complaints"))["items"]
    assert [each["reporter"] for each in kept] == [None, None, None]
    first, second, third = (each["reporter_hash"] for each in kept)
    assert first == second != third
    # Neither the record, nor the body's digest, nor a digest that anybody could try numbers against.
    assert first != sha256("13812345678王女士".encode()).hexdigest()
    assert (
        await school.fetch("select from ledger.batch where resource = 'complaints' and body_digest is not null") == []
    )
    tables = await school.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('ledger', 'audit')"
    )
    for table in tables:
        found = await school.fetch(
            f"select from {table['name']} as row where row::text like '%13812345678%' or row::text like '%王女士%'"
        )
        assert found == [], table


async def test_what_is_turned_away_is_not_kept_with_who_reported(school: District) -> None:
    problem = await school.bureau.post("complaints", REPORTED, mode="partial", expect=422)
    assert problem["code"] == "invalid_parameter"
    await school.bureau.post("complaints", {**REPORTED, "channel": "pigeon"}, expect=422)
    assert await school.fetch("select from ledger.rejection") == []
    problem = await school.bureau.post("complaints", {**REPORTED, "reporter_hash": "a" * 64}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/reporter_hash"


async def test_a_complaint_is_not_closed_before_its_reporter_was_answered_unless_nobody_knows_who_it_is(
    school: District,
) -> None:
    await lead(school, COMPLAINT_STORY, to="handled")
    assert (await step(school.bureau, "complaints/k", "close", expect=409))["code"] == "not_ready"
    await school.bureau.post("complaints", {**COMPLAINT_STORY.record, "complaint_id": "k2", "anonymous": True, "acknowledged_on": "2025-10-02", "outcome": "referred"})  # fmt: skip
    assert (await step(school.bureau, "complaints/k2", "close", on="2025-10-10"))["state"] == "closed"


async def test_a_complaint_is_not_closed_without_a_result(school: District) -> None:
    await lead(school, COMPLAINT_STORY, to="accepted")
    problem = await step(school.bureau, "complaints/k", "close", expect=409, answered_on="2025-10-03")
    assert (problem["code"], problem["possible"]) == ("no_such_transition", ["handle"])
    problem = await step(school.bureau, "complaints/k", "handle", expect=422, outcome="referred")
    assert [each["pointer"] for each in problem["errors"]] == ["/result"]
