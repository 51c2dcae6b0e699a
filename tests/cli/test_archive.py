"""An old school year as files: out of the database, proven there, refused to uploads, and back as it was."""

import asyncio
import gzip
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from services.audit_worker.engine import audit_all
from services.cli.archive import ArchiveRefused, archive_year, bring_back
from services.cli.progress import progress_bar
from services.cli.rollup import rebuild_in
from services.cli.verify import Verified, verify_ledger
from shared.migrations import SchemaMismatch, go_back
from tests.world.district import District
from tests.world.standard import S1, S2, SLOTS, duty, session, sheet, slot_of

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
YEAR, OLD_TERM, OLD_DAY = 2024, "2024-2025-1", "2024-11-11"
TODAY = date(2035, 1, 1)
FACTS = (
    "select 's' as kind, to_jsonb(row) as fact from ledger.session_revision as row "
    "union all select 'a', to_jsonb(row) from ledger.attendance_revision as row order by 1, 2"
)
FINDINGS = "select finding_id, state, last_changed from audit.finding order by 1"
WORK = "select school_id, service_date, work::text from audit.work_day order by 1, 2"


@pytest.fixture
async def aged(school: District) -> District:
    """Two schools that also recorded a day of 2024, corrected it and took some of it back."""
    both = school.school(S1, S2)
    await school.bureau.post("terms", {"term_id": OLD_TERM, "starts_on": "2024-09-02", "ends_on": "2025-01-17"})
    await both.post("slots", *(slot_of(each, slot) | {"term_id": OLD_TERM} for each in (S1, S2) for slot in SLOTS))
    odd = [{"staff_id": "T1", "role": "lead", "class_hours": "1.50", "share": 0.50, "replaces": "T2"}]
    old = {"service_date": OLD_DAY}
    await both.post(
        "sessions",
        session("o1", **old),
        session("o2", staff=odd, **old),
        session("o3", school_id=S2, staff={"U1": 1}, **old),
    )
    await both.post("attendance", sheet("o1", **old, taken_by="T1"), sheet("o2", present=[], **old))
    await both.post("sessions", session("o1", headcount=19, reason='改正 "人数"\n第二行, 完', **old))
    await both.post("sessions", session("o2", service_date="2024-11-12", staff=odd))
    await both.delete(f"/v1/attendance/{S1}/o2", reason="重复")
    await both.post("sessions", session("nobody", headcount=0, **old), session())
    await both.post("attendance", sheet())
    await school.audit()
    return school


async def _take(district: District, out: Path) -> Path:
    return await asyncio.to_thread(archive_year, district.database_url, YEAR, out, retention_years=5, today=TODAY)


async def _verified(district: District, *archives: Path, school: str | None = None) -> list[Verified]:
    return await verify_ledger(district.database_url, school, progress_bar, archives)


def _broken(verified: Sequence[Verified]) -> list[Any]:
    return [each.broken for each in verified if each.broken is not None]


async def test_an_archived_year_is_proven_from_its_files_and_comes_back_as_it_was(
    aged: District, tmp_path: Path
) -> None:
    facts, findings, work = [await aged.fetch(each) for each in (FACTS, FINDINGS, WORK)]
    assert any(each["finding_id"].startswith("A12") for each in findings)
    place = await _take(aged, tmp_path)

    assert {row["fact"] for row in await aged.fetch(FACTS)} < {row["fact"] for row in facts}
    assert await aged.fetch("select to_regclass('ledger.session_revision_2024') as there") == [{"there": None}]
    alone = await _verified(aged)
    assert _broken(alone) == []
    assert sum(each.archived for each in alone) >= 7
    whole = await _verified(aged, place)
    assert (_broken(whole), sum(each.archived for each in whole)) == ([], 0)
    assert sum(each.records for each in whole) > sum(each.records for each in alone)

    # What was found and paid stays, whatever is audited or made anew.
    assert await audit_all(aged.auditor_pool, aged.rules) == 0
    await rebuild_in(aged.database_url, None)
    assert [await aged.fetch(each) for each in (FINDINGS, WORK)] == [findings, work]

    assert await asyncio.to_thread(bring_back, aged.database_url, place) > 0
    assert await aged.fetch(FACTS) == facts
    again = await _verified(aged)
    assert (_broken(again), sum(each.archived for each in again)) == ([], 0)
    await aged.school(S1).post("sessions", session("o9", service_date=OLD_DAY))


OLD = {"service_date": OLD_DAY}
UPLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "a session": ("sessions", session("o9", **OLD)),
    "a roll": ("attendance", sheet("o1", **OLD)),
    "a mark": ("attendance", {"school_id": S1, "session_id": "o1", "student_id": "P1", "status": "late", **OLD}),
    "a duty": ("duties", duty(**OLD)),
    "a day": ("days", {"school_id": S1, "state": "closed", "sessions": 3, "pupils": 20, **OLD}),
}


async def test_an_upload_into_an_archived_year_is_refused_whole(aged: District, tmp_path: Path) -> None:
    first = aged.school(S1)
    await _take(aged, tmp_path)
    for what, (resource, record) in UPLOADS.items():
        answer = await first.post(resource, record, expect=422)
        assert (answer["code"], answer["errors"][0]["pointer"]) == ("year_archived", "/0/service_date"), what
    half = await first.post("sessions", session("new"), session("o9", **OLD), expect=422)
    assert [each["pointer"] for each in half["errors"]] == ["/1/service_date"]
    assert not await aged.fetch("select from ledger.session_revision where session_id in ('new', 'o9')")
    part = await first.post("sessions", session("new"), session("o9", **OLD), mode="partial")
    assert (part["created"], part["rejected"], part["errors"][0]["code"]) == (1, 1, "year_archived")


async def test_a_year_that_is_to_be_kept_or_is_not_audited_or_not_there_is_not_archived(
    aged: District, tmp_path: Path
) -> None:
    with pytest.raises(ArchiveRefused, match="until 2030-08-31"):
        archive_year(aged.database_url, YEAR, tmp_path, retention_years=5, today=date(2030, 8, 31))
    with pytest.raises(ArchiveRefused, match="no records of the school year 2001"):
        archive_year(aged.database_url, 2001, tmp_path, retention_years=5, today=TODAY)
    await aged.school(S1).post("sessions", session("late", **OLD))
    with pytest.raises(ArchiveRefused, match="not audited yet"):
        await _take(aged, tmp_path)
    assert not (tmp_path / str(YEAR)).exists()


FOUND: dict[str, Any] = {"school_id": S1, "demand": "更正", "demanded_on": "2034-03-01", "due_on": "2034-04-01"}
OWED: dict[str, Any] = {"school_id": S1, "clawback_id": "b", "amount_fen": 7, "determined_on": "2034-03-01"}
HANDED: dict[str, Any] = {"school_id": S1, "referral_id": "f", "decided_on": "2034-03-01"}
VISIT: dict[str, Any] = {"school_id": S1, "inspection_id": "v", "kind": "spot_check"}
LETTER: dict[str, Any] = {"school_id": S1, "complaint_id": "k"}
LINE = {"amount_fen": 7, "staff_id": "T1"}
CHECKED = {
    "answered_on": "2034-03-02",
    "answered_by": "T9",
    "text": "已改",
    "checked_on": "2034-03-03",
    "accepted": True,
}
# A case: its resource, the record while it is open, and what closes it. FINDING stands for a confirmed one of the old year.
HOLDING: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a visit of that year without a conclusion": ("inspections", {**VISIT, "date": OLD_DAY}, {"conclusion": "属实"}),
    "a complaint that came in the school year after": ("complaints", {**LETTER, "received_on": "2026-01-07"}, {"closed_on": "2026-02-01"}),
    "a demand that comes from a finding of that year": (
        "rectifications", {**FOUND, "rectification_id": "x", "source": "finding", "source_id": "FINDING"}, {"answers": [CHECKED]},
    ),
    "a clawback that rests on a finding of that year": (
        "clawbacks", {**OWED, "finding_ids": ["FINDING"]}, {"ordered_on": "2034-03-02", "recovered": [{"recovered_on": "2034-03-03", "amount_fen": 7}]},
    ),
    "a clawback with a line of a month of that year": (
        "clawbacks", {**OWED, "finding_ids": ["LATER"], "lines": [{**LINE, "period": "2025-08"}]}, {"cancelled_on": "2034-03-02"},
    ),
    "a clawback with a line of its term": (
        "clawbacks", {**OWED, "finding_ids": ["LATER"], "lines": [{**LINE, "period": OLD_TERM}]}, {"cancelled_on": "2034-03-02"},
    ),
    "a referral that names a finding of that year": ("referrals", {**HANDED, "finding_ids": ["FINDING"]}, {"concluded_on": "2034-05-01"}),
    "a referral that does not say what of": ("referrals", HANDED, {"concluded_on": "2034-05-01"}),
}  # fmt: skip
# What is about other years, or is no case.
LEAVING: dict[str, tuple[str, dict[str, Any]]] = {
    "a visit of a later year": ("inspections", {**VISIT, "date": "2026-09-02"}),
    "a complaint of a later year": ("complaints", {**LETTER, "received_on": "2026-09-01"}),
    "a demand of a later year": ("rectifications", {**FOUND, "rectification_id": "x"}),
    "a clawback of a later year": ("clawbacks", {**OWED, "finding_ids": ["LATER"], "lines": [{**LINE, "period": "2025-09"}]}),
    "a referral about a finding of a later year": ("referrals", {**HANDED, "finding_ids": ["LATER"]}),
    "a decision to hand nothing on": ("referrals", {**HANDED, "referred": False, "why": "情节轻微"}),
}  # fmt: skip


async def _confirmed(district: District) -> dict[str, str]:
    """Two findings of class hours without a pupil: of the old year, and of a later one; the bureau has confirmed both."""
    await district.school(S1).post("sessions", session("none", headcount=0))
    await district.audit()
    found = await district.fetch(
        "select finding_id, subject from audit.finding where rule = 'A12' and subject in ('nobody', 'none')"
    )
    for each in found:
        await district.bureau.post(f"findings/{each['finding_id']}/dispositions", {"kind": "confirm"})
    named = {"nobody": "FINDING", "none": "LATER"}
    return {named[each["subject"]]: each["finding_id"] for each in found}


def _naming(record: dict[str, Any], findings: dict[str, str]) -> dict[str, Any]:
    said = json.dumps(record, ensure_ascii=False)
    for name, finding_id in findings.items():
        said = said.replace(f'"{name}"', f'"{finding_id}"')
    named: dict[str, Any] = json.loads(said)
    return named


@pytest.mark.parametrize("what", HOLDING)
async def test_a_year_that_an_open_case_is_about_stays_until_it_is_closed(
    aged: District, tmp_path: Path, what: str
) -> None:
    resource, record, closing = HOLDING[what]
    record = _naming(record, await _confirmed(aged))
    await aged.bureau.post(resource, record)
    await aged.audit()
    with pytest.raises(ArchiveRefused, match=f"held by cases that are open: {resource}/"):
        await _take(aged, tmp_path)
    assert not (tmp_path / str(YEAR)).exists()
    await aged.bureau.post(resource, {**record, **closing, "reason": "办结"})
    await aged.audit()
    await _take(aged, tmp_path)


async def test_a_case_of_another_year_holds_no_archive(aged: District, tmp_path: Path) -> None:
    findings = await _confirmed(aged)
    for resource, record in LEAVING.values():
        key = {name: f"{value}-{resource}" for name, value in record.items() if name == "referral_id"}
        await aged.bureau.post(resource, {**_naming(record, findings), **key, "reason": "另案"})
    await aged.audit()
    await _take(aged, tmp_path)


async def test_what_was_handed_on_holds_until_the_discipline_body_is_done_with_it(
    aged: District, tmp_path: Path
) -> None:
    findings = await _confirmed(aged)
    owed = {**_naming({**OWED, "finding_ids": ["FINDING"]}, findings), "ordered_on": "2034-03-02"}
    whole = {"recovered": [{"recovered_on": "2034-03-03", "amount_fen": 7}]}
    handed = _naming({**HANDED, "clawback_id": "b", "finding_ids": ["LATER"]}, findings)
    await aged.bureau.post("clawbacks", {**owed, **whole})
    await aged.bureau.post("referrals", handed)
    await aged.audit()
    with pytest.raises(ArchiveRefused, match="clawbacks/"):
        await _take(aged, tmp_path)
    await aged.bureau.post("clawbacks", {**owed, "reason": "退回"})
    await aged.bureau.post("referrals", {**handed, "concluded_on": "2034-05-01", "reason": "办结"})
    await aged.audit()
    await _take(aged, tmp_path)


async def test_the_commands_say_what_they_did_and_why_they_refuse(aged: District, tmp_path: Path) -> None:
    place = await _take(aged, tmp_path)
    environment = {"TAIZHANG_DATABASE_URL": aged.database_url, "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.cli.main", *arguments]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    (line,) = re.findall(r"^taizhang (archive take .*)$", (ROOT / "docs/backup.md").read_text("utf-8"), re.MULTILINE)
    refused = run(*line.split())
    assert (refused.returncode, refused.stderr) == (1, "taizhang: there are no records of the school year 2019\n")
    proven = run("verify", "--archive", str(place))
    assert (proven.returncode, json.loads(proven.stdout)["archived"]) == (0, 0)
    back = run("archive", "bring-back", str(place))
    assert (back.returncode, json.loads(back.stdout)["rows"]) == (0, 10)
    assert "it is here" in run("archive", "bring-back", str(place)).stderr


async def test_what_was_done_to_an_archive_is_found_out(aged: District, tmp_path: Path) -> None:
    place = await _take(aged, tmp_path)
    with pytest.raises(ArchiveRefused, match="already"):
        await _take(aged, tmp_path)
    with pytest.raises(SchemaMismatch, match="bring them back first"):
        await asyncio.to_thread(_back_as_far_as_it_goes, aged.database_url)

    # The list of what is away is not to be lengthened: else whatever is dropped could be said to be archived.
    connection = await asyncpg.connect(aged.database_url)
    await connection.execute(
        "insert into ledger.archived_batch select 2024, school_id, batch_id, 1 from ledger.attendance_revision where session_id = 'h1'"
    )
    await connection.execute("delete from ledger.attendance_revision where session_id = 'h1'")
    await connection.close()
    assert [each.record for each in _broken(await _verified(aged, school=S1))] == ["archives/2024"]

    # Another file with a manifest to match is not the one that the chain names.
    file, manifest = place / "session_revision.csv.gz", place / "manifest.json"
    kept = file.read_bytes()
    forged = gzip.decompress(kept).replace(b",20,", b",30,", 1)
    assert forged != gzip.decompress(kept)
    file.write_bytes(gzip.compress(forged))
    with pytest.raises(ArchiveRefused, match="is not what"):
        await asyncio.to_thread(bring_back, aged.database_url, place)
    said = json.loads(manifest.read_bytes())
    said["tables"]["session_revision"]["sha256"] = _sha256(file)
    manifest.write_text(json.dumps(said))
    with pytest.raises(ArchiveRefused, match="not the archive of which the district's chain speaks"):
        await asyncio.to_thread(bring_back, aged.database_url, place)
    assert {each.record for each in _broken(await _verified(aged, place)) if each.seq is None} == {"archives/2024"}


def _back_as_far_as_it_goes(url: str) -> None:
    while True:
        go_back(url)


def _sha256(path: Path) -> str:
    done = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


# What a command waits for, and where it then is: the lock that holds it.
WHILE = {
    "while the second file is written": "lock table ledger.attendance_revision_2024 in access exclusive mode",
    "before the partitions go": f"select from ledger.chain_head where school_id = '{S2}' for update",
}


@pytest.mark.parametrize("moment", WHILE)
async def test_whatever_kills_it_there_is_the_partition_or_the_complete_file(
    aged: District, tmp_path: Path, moment: str
) -> None:
    facts = await aged.fetch(FACTS)
    _kill_while(
        aged, WHILE[moment], "archive_year(url, 2024, place, retention_years=5, today=date(2035, 1, 1))", tmp_path
    )
    assert await aged.fetch(FACTS) == facts
    assert (tmp_path / str(YEAR)).exists() == (moment == "before the partitions go")
    assert _broken(await _verified(aged)) == []

    place = await _take(aged, tmp_path)
    assert not (tmp_path / f"{YEAR}.part").exists()
    _kill_while(
        aged, "lock table ledger.session_revision in share update exclusive mode", "bring_back(url, place)", place
    )
    assert _broken(await _verified(aged, place)) == []
    await asyncio.to_thread(bring_back, aged.database_url, place)
    assert await aged.fetch(FACTS) == facts
    assert _broken(await _verified(aged)) == []


def _kill_while(district: District, lock: str, what: str, place: Path) -> None:
    """Run the command until it waits behind the lock, and kill it there."""
    with psycopg.connect(district.database_url) as holding:
        holding.execute(lock)  # type: ignore[arg-type]
        program = (
            "import sys; from datetime import date; from pathlib import Path; "
            "from services.cli.archive import archive_year, bring_back; "
            f"url, place = sys.argv[1], Path(sys.argv[2]); {what}"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, district.database_url, str(place)], env={"PYTHONPATH": str(ROOT)}
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        with psycopg.connect(district.database_url, autocommit=True) as watching:
            while not watching.execute(
                "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            ).fetchall():
                assert process.poll() is None, "the command ended before"
                assert time.monotonic() < deadline, "the command does not come to the lock"
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
            # Its session on the server ends when it sees that nobody is there; until then it may hold what it has.
            watching.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
                "where datname = current_database() and wait_event_type = 'Lock'"
            )
