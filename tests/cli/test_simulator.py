"""The simulator: the same seed gives the same bytes; what looks odd and is right stays unflagged; frauds are found."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.cli.simulator import simulate
from services.cli.sources import sources_of
from tests.world.district import District

Json = dict[str, Any]


def lines(path: Path) -> list[Json]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for folder, seed in (("one", 3), ("same", 3), ("other", 4)):
        simulate(schools=3, days=4, seed=seed, out=tmp_path / folder, pupils=(60, 90))
    one, same, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "same", "other")
    )
    assert one == same
    assert one != other


def test_every_kind_of_fraud_is_planted_in_a_district_of_a_month(tmp_path: Path) -> None:
    simulate(schools=8, days=22, seed=11, out=tmp_path, pupils=(60, 90))
    labels = lines(tmp_path / "labels.ndjson")
    assert {label["rule"] for label in labels if label["label"] == "fraud"} == {
        "A01", "A09", "A10", "A12", "A13", "A14", "A15", "A16", "A18", "A20", "C02", "C05",
        "D04", "D05", "D07", "D08", "E05", "E07", "F03",
    }  # fmt: skip
    crooked = {label["school_id"] for label in labels if label["label"] == "fraud"}
    assert len(crooked) == 4, "half of the schools are honest"


def test_the_district_has_what_looks_odd_and_is_right(tmp_path: Path) -> None:
    simulate(schools=6, days=25, seed=2, out=tmp_path, pupils=(60, 90))
    sessions = [session for path in tmp_path.glob("*-sessions-*.ndjson") for session in lines(path)]
    dates = {session["service_date"] for session in sessions}
    assert "2025-09-28" in dates, "a make-up Sunday"
    assert "2025-10-11" in dates, "a make-up Saturday"
    assert not dates & {closure["starts_on"] for closure in lines(tmp_path / "03-closures.ndjson")}
    assert any(member.get("replaces") for session in sessions for member in session["staff"]), "a substitute"
    assert any(session["state"] == "cancelled" and not session["staff"] for session in sessions), "half a day"
    kinds = {label["kind"] for label in lines(tmp_path / "labels.ndjson") if label["label"] == "honest"}
    assert kinds == {
        "leave_with_substitute", "leave_of_a_morning", "cancelled_second_slot", "correction_after_closing",
    }  # fmt: skip
    people = lines(tmp_path / "07-staff.ndjson")
    assert any("active_from" in person for person in people), "a newcomer in mid-term"
    assert (tmp_path / "15-sessions-corrections.ndjson").exists(), "a slip of the pen put right"


def test_more_days_than_the_term_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="104 service days"):
        simulate(schools=1, days=200, seed=1, out=tmp_path)


@pytest.mark.parametrize("seed", [21, 22, 23])
async def test_the_audit_finds_what_was_planted_and_nothing_else(district: District, tmp_path: Path, seed: int) -> None:
    simulate(schools=4, days=13, seed=seed, out=tmp_path, pupils=(60, 120))
    schools = district.school(*(school["school_id"] for school in lines(tmp_path / "01-schools.ndjson")))
    for source in sources_of([tmp_path]):
        records = lines(source.path)
        for start in range(0, len(records), 500):
            await schools.post(source.resource, *records[start : start + 500])
    await district.audit()
    found = {
        (finding["rule"], finding["school_id"], finding["subject"]["id"], finding["service_date"] or finding["period"])
        for finding in await district.auditor.findings()
    }
    planted = {
        (label["rule"], label["school_id"], label["subject"], label.get("service_date") or label["period"])
        for label in lines(tmp_path / "labels.ndjson")
        if label["label"] == "fraud"
    }
    assert found == planted
    # What an honest school says it pays is what the report works out from the ledger, to the fen.
    honest = lines(tmp_path / "21-submissions.ndjson")[-1]
    report = await district.auditor.report(
        "/v1/reports/compensation", school_id=honest["school_id"], term_id="2025-2026-1", limit="1000"
    )
    assert {line["staff_id"]: line["amount_fen"] for line in honest["lines"]} == {
        slip["staff_id"]: slip["amount_fen"] for slip in report["items"]
    }
