"""The findings' sums: by rule and by school, of what is known, undecided unless another state is asked for."""

from tests.world.district import District
from tests.world.standard import S1, S2, session

DISMISSED = {"kind": "dismiss", "reason_code": "recorded_wrong", "text": "误录，已更正"}


async def _overlap(school: District) -> None:
    """T1 in two places at S1 for one class hour, an empty session with class hours at S1 and at S2."""
    await school.school(S1).post(
        "sessions",
        session("h1", staff={"T1": 1.5}),
        session("h2", staff={"T1": 1}, activity="合唱", category="arts"),
        session("h3", staff={"T2": 2}, headcount=0),
    )
    await school.school(S2).post("sessions", session("k1", school_id=S2, staff={"U1": 1.25}, headcount=0))
    await school.audit()


async def test_findings_are_counted_by_rule_with_what_is_at_risk(school: District) -> None:
    await _overlap(school)
    summary = await school.auditor.report("/v1/findings/summary")
    by_rule = {item["rule"]: item for item in summary["items"]}
    findings = await school.auditor.findings()
    assert {rule: item["findings"] for rule, item in by_rule.items()} == {
        rule: sum(finding["rule"] == rule for finding in findings) for rule in by_rule
    }
    assert sum(item["findings"] for item in by_rule.values()) == len(findings)
    empty = by_rule["A12"]
    assert (empty["findings"], empty["hours_at_risk"], empty["severity"]) == (2, 3.25, "high")
    # S2 has no plan in force: its class hours have no price, and none is made up.
    assert (empty["amount_at_risk_fen"], empty["unpriced"]) == (2 * 8000, 1)


async def test_findings_are_counted_by_school(school: District) -> None:
    await _overlap(school)
    summary = await school.auditor.report("/v1/findings/summary", by="school")
    counts = {item["school_id"]: (item["findings"], item["critical"]) for item in summary["items"]}
    findings = await school.auditor.findings()
    assert counts == {
        school_id: (
            sum(finding["school_id"] == school_id for finding in findings),
            sum(finding["school_id"] == school_id and finding["severity"] == "critical" for finding in findings),
        )
        for school_id in (S1, S2)
    }


async def test_what_is_decided_is_not_counted_unless_asked_for(school: District) -> None:
    await _overlap(school)
    (finding,) = await school.auditor.findings(rule="A12", school_id=S2)
    await school.auditor.post(f"findings/{finding['finding_id']}/dispositions", DISMISSED)
    await school.audit()
    of_s2 = {"school_id": S2, "by": "school"}
    undecided = await school.auditor.report("/v1/findings/summary", **of_s2)
    dismissed = await school.auditor.report("/v1/findings/summary", **of_s2, state="dismissed")
    assert sum(item["findings"] for item in dismissed["items"]) == 1
    assert sum(item["findings"] for item in undecided["items"]) == len(await school.auditor.findings(school_id=S2))


async def test_a_school_counts_its_own_and_the_cursor_leads_on_from_there(school: District) -> None:
    await _overlap(school)
    own = await school.school(S2).report("/v1/findings/summary", by="school")
    assert [item["school_id"] for item in own["items"]] == [S2]
    everything = await school.auditor.report("/v1/findings/summary")
    assert (await school.auditor.report("/v1/findings/events", after=everything["cursor"]))["items"] == []
    await school.school(S2).delete(f"/v1/sessions/{S2}/k1", reason="误录")
    await school.audit()
    later = await school.auditor.report("/v1/findings/events", after=everything["cursor"])
    assert "cleared" in {event["change"] for event in later["items"]}
