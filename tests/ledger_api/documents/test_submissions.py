"""Submissions: what the school reports for a term."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

TERM_STATEMENT = {
    "school_id": S1,
    "submission_id": "autumn",
    "term_id": TERM,
    "lines": [{"staff_id": "T1", "class_hours": 60.25, "amount_fen": 482000}],
    "submitted_on": "2026-01-30",
    "principal_signed_by": "T9",
    "principal_signed_on": "2026-01-29",
    "principal_signed_hash": "0e" * 32,
    "content_hash": "0e" * 32,
    "attachments": [{"kind": "arrangement_table", "sessions": 480}, {"kind": "decision_record", "amount_fen": 482000}],
}


async def test_a_submission_goes_through_its_life(school: District) -> None:
    change = {"party_seal_by": "T8", "party_seal_on": "2026-01-30"}
    await goes_through_its_life(school.school(S1), "submissions", TERM_STATEMENT, change=change, path=f"{S1}/autumn")


async def test_a_line_of_nobody_is_named_by_its_place(school: District) -> None:
    statement = {**TERM_STATEMENT, "lines": [*TERM_STATEMENT["lines"], {"staff_id": "T77", "class_hours": 1}]}
    problem = await school.school(S1).post("submissions", statement, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/1/staff_id")


async def test_a_paper_of_no_known_kind_is_named_by_its_place(school: District) -> None:
    statement = {**TERM_STATEMENT, "attachments": [{"kind": "arrangement_table"}, {"kind": "poem"}]}
    problem = await school.school(S1).post("submissions", statement, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/attachments/1/kind"
