"""Referrals: the bureau's and the auditor's alone; for everybody else there is no such thing."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

CASE = {
    "school_id": S1,
    "referral_id": "j1",
    "decided_on": "2026-01-12",
    "decided_by": "B1",
    "referred_on": "2026-01-14",
    "receiver": "区纪检部门",
    "staff_ids": ["T1"],
    "evidence_hash": "c" * 64,
}


async def test_a_referral_goes_through_its_life(school: District) -> None:
    change = {"received_on": "2026-01-15", "reason": "已签收"}
    await goes_through_its_life(school.bureau, "referrals", CASE, change=change, path="j1")


@pytest.mark.parametrize(
    "role", ["the school itself", "another school", "the own centre", "the other centre", "a sandbox"]
)
async def test_for_schools_and_centres_there_is_no_such_thing(school: District, role: str) -> None:
    voice = {
        "the school itself": school.school(S1),
        "another school": school.school(S2),
        "the own centre": school.voice("centre", stage="primary"),
        "the other centre": school.voice("centre", stage="junior"),
        "a sandbox": school.voice("sandbox", schools=["9999900001"]),
    }[role]
    heads = await school.fetch("select school_id, head from ledger.chain_head where school_id <> 'bureau' order by 1")
    batch_id = (await school.bureau.post("referrals", CASE))["batch_id"]
    for path in (
        "/v1/referrals",
        "/v1/referrals/j1",
        "/v1/referrals/j1/revisions",
        "/v1/chains/bureau",
        f"/v1/batches/{batch_id}",
    ):
        await voice.get(path, expect=404)
    await voice.post("referrals", CASE, expect=404)
    await voice.delete("/v1/referrals/j1", reason="撤", expect=404)
    assert (
        await school.fetch("select school_id, head from ledger.chain_head where school_id <> 'bureau' order by 1")
        == heads
    )


async def test_the_auditor_reads_and_does_not_write(school: District) -> None:
    await school.bureau.post("referrals", CASE)
    assert (await school.auditor.get("/v1/referrals/j1"))["receiver"] == "区纪检部门"
    await school.auditor.post("referrals", CASE, expect=403)


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"school_id": "3101159999"}, "unknown_school", "/0/school_id"),
        ({"staff_ids": ["T1", "T77"]}, "unknown_staff", "/0/staff_ids/1"),
        ({"referred": False, "referred_on": None}, "missing_field", "/0/why"),
        ({"referred": False, "why": "情节轻微"}, "invalid_value", "/0/referred_on"),
        ({"received_on": "2026-01-13"}, "ends_before_it_starts", "/0/received_on"),
    ],
)
async def test_a_case_is_whole(school: District, wrong: dict[str, object], code: str, pointer: str) -> None:
    problem = await school.bureau.post("referrals", CASE | wrong, expect=422)
    assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == (code, pointer)


async def test_that_a_case_was_not_handed_on_is_on_record_with_its_reason(school: District) -> None:
    kept = {
        "school_id": S1,
        "referral_id": "j2",
        "decided_on": "2026-01-12",
        "referred": False,
        "why": "情节轻微，已追回",
    }
    await school.bureau.post("referrals", kept)
    assert (await school.auditor.get("/v1/referrals/j2"))["why"] == "情节轻微，已追回"
