"""Findings: listed by what a reader looks for, each with its evidence, its history, its clause."""

from datetime import timedelta

from services.audit_worker.engine import escalate
from shared.tokens import issue
from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TUESDAY, session, sheet


async def _findings(school: District) -> None:
    await school.school(S1, S2).post(
        "sessions",
        session("h1", headcount=0, staff={"T1": 1.5}),
        session("h2", service_date=TUESDAY, staff={"T2": 2.25}),
        session("u1", school_id=S2, staff={"U1": 2.5}),
    )
    await school.school(S1).post("attendance", sheet("h2", present=11, service_date=TUESDAY))
    await school.audit()


async def test_a_finding_says_what_where_how_much_and_by_which_clause(school: District) -> None:
    await _findings(school)
    (finding,) = await school.auditor.findings(rule="A12")
    assert finding["subject"] == {"kind": "session", "id": "h1"}
    assert (finding["school_id"], finding["service_date"], finding["severity"]) == (S1, MONDAY, "high")
    assert (finding["expected"], finding["found"], finding["hours_at_risk"]) == ("0", "1.50", 1.5)
    assert finding["amount_at_risk_fen"] == 12000
    assert finding["clause"] == ["一(二)1", "三(五)"]
    assert "h1" in finding["explanation"]["zh"]
    assert "h1" in finding["explanation"]["en"]
    detail = await school.auditor.report(f"/v1/findings/{finding['finding_id']}")
    assert detail["evidence"]["records"] == [f"sessions/{S1}/h1#1"]
    assert [event["change"] for event in detail["events"]] == ["opened"]


async def test_the_list_is_filtered_by_what_a_reader_asks_for(school: District) -> None:
    await _findings(school)

    async def rules(**parameters: str) -> list[str]:
        return sorted(finding["rule"] for finding in await school.auditor.findings(**parameters))

    assert await rules() == ["A09", "A12", "A13", "A13"]
    assert await rules(school_id=S2) == ["A13"]
    assert await rules(stage="primary") == ["A09", "A12", "A13"]
    assert await rules(severity="critical") == []
    assert await rules(rule="A13") == ["A13", "A13"]
    assert await rules(to=MONDAY) == ["A12", "A13"]
    assert await rules(**{"from": TUESDAY}) == ["A09", "A13"]
    assert await rules(state="cleared") == []


async def test_a_school_sees_its_own_findings_only(school: District) -> None:
    await _findings(school)
    assert {finding["school_id"] for finding in await school.school(S2).findings()} == {S2}
    (theirs,) = await school.auditor.findings(rule="A12")
    await school.school(S2).report(f"/v1/findings/{theirs['finding_id']}", expect=404)


async def test_no_pupil_and_no_name_is_in_a_finding(school: District) -> None:
    await school.school(S1).post("sessions", session("a"), session("b", activity="围棋", staff={"T2": 1}))
    await school.school(S1).post("attendance", sheet("a", present=["P7"]), sheet("b", present=["P7"]))
    await school.audit()
    (finding,) = await school.auditor.findings(rule="A10")
    detail = await school.auditor.read(f"/v1/findings/{finding['finding_id']}")
    assert "P7" not in detail.text


async def test_findings_as_csv_escape_formulas(school: District) -> None:
    await school.school(S1).post("sessions", session("-1.2", headcount=0, staff={"T1": 1}))
    await school.audit()
    answer = await school.auditor.read("/v1/findings", rule="A12", format="csv")
    assert ",'-1.2," in answer.text


async def test_pupils_keys_are_only_for_those_who_read_the_ledger(school: District) -> None:
    await _findings(school)
    (finding,) = await school.auditor.findings(rule="A12")
    await school.fetch(
        """
        update audit.finding
        set evidence = evidence || '{"parts": [{"student_ids": ["P7"], "pupils": 1}], "student_id": "P7"}'
        where finding_id = $1
        """,
        finding["finding_id"],
    )
    path = f"/v1/findings/{finding['finding_id']}"
    assert (await school.auditor.report(path))["evidence"]["student_id"] == "P7"
    narrower = issue(school.key, client_id="x", kind="auditor", schools=(), stage=None, scopes=("findings.read",))
    answer = await school.reporting.get(path, headers={"Authorization": f"Bearer {narrower}"})
    assert answer.json()["evidence"]["parts"] == [{"pupils": 1}]
    assert "P7" not in answer.text


async def test_a_finding_that_waits_too_long_is_escalated_once(school: District) -> None:
    await _findings(school)
    assert await escalate(school.auditor_pool, timedelta(days=1)) == 0
    await school.fetch("update audit.finding set waiting_since = now() - interval '2 days' where rule = 'A13'")
    confirmed, waiting = await school.auditor.findings(rule="A13")
    await school.auditor.post(f"findings/{confirmed['finding_id']}/dispositions", {"kind": "confirm"})
    await school.audit()
    before = await school.fetch("select max(position) as last from audit.finding_event")
    assert await escalate(school.auditor_pool, timedelta(days=1)) == 1
    assert await escalate(school.auditor_pool, timedelta(days=1)) == 0
    (told,) = (await school.auditor.report("/v1/findings/events", after=str(before[0]["last"])))["items"]
    assert (told["change"], told["finding"]["finding_id"]) == ("escalated", waiting["finding_id"])
    detail = await school.auditor.report(f"/v1/findings/{waiting['finding_id']}")
    assert (detail["state"], detail["events"][-1]["change"]) == ("open", "escalated")
    assert detail["escalated_at"] == told["at"]
    # It is looked at: it is overdue no longer.
    await school.auditor.post(f"findings/{waiting['finding_id']}/dispositions", {"kind": "confirm"})
    await school.audit()
    assert (await school.auditor.report(f"/v1/findings/{waiting['finding_id']}"))["escalated_at"] is None
