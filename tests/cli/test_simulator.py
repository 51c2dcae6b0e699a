"""The simulator: the same seed gives the same bytes; what looks odd and is right stays unflagged; frauds are found."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.audit_worker.catalogue import read_catalogue
from services.audit_worker.engine import audit_all
from services.cli.bench.accuracy import kind_of
from services.cli.simulator import simulate
from services.cli.simulator.senders import OF_THE_BUREAU, school_ids_in
from services.cli.sources import sources_of
from tests.world.district import District

Json = dict[str, Any]


def lines(path: Path) -> list[Json]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


async def push(district: District, folder: Path) -> None:
    """Enter a simulated district and audit it."""
    schools = district.school(*school_ids_in(folder))
    for source in sources_of([folder]):
        voice = district.bureau if source.resource in OF_THE_BUREAU else schools
        records = lines(source.path)
        for start in range(0, len(records), 500):
            await voice.post(source.resource, *records[start : start + 500])
    await district.audit()


async def found_in(district: District) -> set[tuple[str, ...]]:
    """The findings by rule, school, subject and time."""
    return {
        (finding["rule"], finding["school_id"], finding["subject"]["id"], finding["service_date"] or finding["period"])
        for finding in await district.auditor.findings()
    }


def planted_in(folder: Path) -> set[tuple[str, ...]]:
    """The planted frauds, as findings are named."""
    return {
        (label["rule"], label["school_id"], label["subject"], label.get("service_date") or label["period"])
        for label in lines(folder / "labels.ndjson")
        if label["label"] == "fraud"
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for folder, seed in (("one", 3), ("same", 3), ("other", 4)):
        simulate(schools=3, days=4, seed=seed, out=tmp_path / folder, pupils=(60, 90))
    one, same, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "same", "other")
    )
    assert one == same
    assert one != other


def test_every_rule_that_looks_at_single_records_has_its_frauds(tmp_path: Path) -> None:
    simulate(schools=24, days=45, seed=14, out=tmp_path, pupils=(60, 90), with_clock=True)
    labels = lines(tmp_path / "labels.ndjson")
    frauds = [label for label in labels if label["label"] == "fraud"]
    # What the offices owe (G) is not simulated.
    deterministic = {
        rule.code for rule in read_catalogue() if kind_of(rule) == "deterministic" and rule.header.grain != "year"
    }
    assert deterministic - {label["rule"] for label in frauds} == set()
    crooked = {label["school_id"] for label in frauds} - {"district"}
    assert len(crooked) == 12, "half of the schools are honest"


def test_only_the_clock_shows_what_was_entered_late(tmp_path: Path) -> None:
    for name, with_clock in (("without", False), ("with", True)):
        simulate(schools=4, days=15, seed=6, out=tmp_path / name, pupils=(60, 90), with_clock=with_clock)
    without, told = (
        {label["rule"] for label in lines(tmp_path / name / "labels.ndjson") if label["label"] == "fraud"}
        for name in ("without", "with")
    )
    assert told - without == {"A03", "A04"}
    assert not (tmp_path / "without" / "recorded.json").exists()


def test_the_district_has_what_looks_odd_and_is_right(tmp_path: Path) -> None:
    simulate(schools=6, days=25, seed=2, out=tmp_path, pupils=(60, 90))
    sessions = [session for path in tmp_path.glob("*-sessions-*.ndjson") for session in lines(path)]
    dates = {session["service_date"] for session in sessions if session["school_id"] > "3101150003"}
    assert "2025-09-28" in dates, "a make-up Sunday"
    assert "2025-10-11" in dates, "a make-up Saturday"
    assert not dates & {closure["starts_on"] for closure in lines(tmp_path / "03-closures.ndjson")}
    assert any(member.get("replaces") for session in sessions for member in session["staff"]), "a substitute"
    assert any(session["state"] == "cancelled" and not session["staff"] for session in sessions), "half a day"
    kinds = {label["kind"] for label in lines(tmp_path / "labels.ndjson") if label["label"] == "honest"}
    assert kinds == {
        "leave_with_substitute", "leave_of_a_morning", "cancelled_second_slot", "correction_after_closing",
        "device_out_of_order", "patrol_after_the_bell", "line_cut_by_review", "one_lesson_in_two_rooms",
    }  # fmt: skip
    consents = lines(tmp_path / "10-consents.ndjson")
    assert any(not consent["opted_in"] for consent in consents), "a family that said no"
    assert any(len(consent["weekdays"]) == 4 for consent in consents), "one that leaves a weekday out"
    assert any(consent["signed_on"] > "2025-09-01" for consent in consents), "one that joins later"
    rolled = {
        pupil
        for path in tmp_path.glob("*-attendance-*.ndjson")
        for roll in lines(path)
        if roll["school_id"] == "3101150006"
        for pupil in roll["present"]
    }
    assert not rolled & {consent["student_id"] for consent in consents if not consent["opted_in"]}
    people = lines(tmp_path / "07-staff.ndjson")
    assert any("active_from" in person for person in people), "a newcomer in mid-term"
    assert (tmp_path / "15-sessions-corrections.ndjson").exists(), "a slip of the pen put right"


def test_more_days_than_the_term_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="104 service days"):
        simulate(schools=1, days=200, seed=1, out=tmp_path)


async def test_what_only_shows_over_weeks_is_found_and_honest_schools_are_left_in_peace(
    district: District, tmp_path: Path
) -> None:
    """Patterns of a month in the crooked half, next to frauds of single days; nine of ten indicators find theirs."""
    simulate(schools=10, days=22, seed=31, out=tmp_path, pupils=(170, 260))
    await push(district, tmp_path)
    found, planted = await found_in(district), planted_in(tmp_path)
    crooked = {school_id for _code, school_id, *_place in planted}
    assert {code for code, *_place in planted} >= {
        "A11", "F04", "F05", "F06", "F07", "F10", "F12", "F13", "F14", "F15",
    }  # fmt: skip
    # An indicator names an honest school now and then: at most one school-month in ten, here one of five.
    named = {each for each in found if each[1] not in crooked}
    assert {each for each in named if not each[0].startswith("F")} == set(), "an honest school is named"
    assert len(named) <= 1, named
    # Batch by batch says what a full audit says.
    assert await audit_all(district.auditor_pool, district.rules) == 0
    missed = planted - found
    assert {each for each in missed if not each[0].startswith("F1")} == set()
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("seed", [21, 22, 23])
async def test_the_audit_finds_what_was_planted_and_nothing_else(district: District, tmp_path: Path, seed: int) -> None:
    simulate(schools=4, days=13, seed=seed, out=tmp_path, pupils=(60, 120))
    await push(district, tmp_path)
    found, planted = await found_in(district), planted_in(tmp_path)
    assert found == planted
    # What an honest school says it pays is what the report works out from the ledger, to the fen.
    honest = lines(tmp_path / "21-submissions.ndjson")[-1]
    report = await district.auditor.report(
        "/v1/reports/compensation", school_id=honest["school_id"], term_id="2025-2026-1", limit="1000"
    )
    assert {line["staff_id"]: line["amount_fen"] for line in honest["lines"]} == {
        slip["staff_id"]: slip["amount_fen"] for slip in report["items"]
    }
