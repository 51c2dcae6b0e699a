"""One term, played whole over the public API: three schools from the plan to the payment, as docs/term.md tells it."""

import asyncio
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.verify import verify_ledger
from services.ledger_api.app import read_signing_key
from shared.tokens import issue
from tests.term.conftest import Term
from tests.term.guide import Block, difference, hold

Json = dict[str, Any]
HONEST, INFLATED, VISITED = "3101150011", "3101150012", "3101150013"
SCHOOLS = (HONEST, INFLATED, VISITED)
EACH_SCHOOL = {
    "plans": {"plan-2025": "approved"},
    "allocation-plans": {"v1": "in_force"},
    "publications": {"month-09": "archived", "term-2025-1": "archived"},
    "submissions": {"autumn": "paid"},
}
# Beyond what each school has.
FURTHER = {
    INFLATED: {"publications": {"term-2025-2": "archived"}, "rectifications": {"submission": "verified"}},
    VISITED: {
        "rectifications": {"attendance": "verified"},
        "complaints": {"letter-7": "closed"},
        "clawbacks": {"assistant": "recovered"},
    },
}
KEYS = {"allocation-plans": "version"}
MEETINGS = {"meeting-plan", "meeting-pay", "meeting-month-09", "meeting-term-2025-1"}
# What has no steps of its own.
RECORDS = {
    "surveys": ("survey_id", {"wishes"}),
    "inspections": ("inspection_id", {"visit-1"}),
    "payments": ("payment_id", {"autumn"}),
    "disbursements": ("disbursement_id", {"autumn"}),
    "evaluations": ("evaluation_id", {"autumn"}),
    "fund-lines": ("line_id", {"in-1", "out-1"}),
}
LED = ["posted", "sign", "seal", "submit"]
HISTORIES = {
    HONEST: [*LED, "approve", "pay"],
    # As it sent it itself; then led through every step.
    INFLATED: ["posted", "return", *LED, "approve", "pay"],
    VISITED: [*LED, "approve", "pay"],
}


@pytest.fixture(scope="module")
def bureau(term: Term) -> httpx.Headers:
    """The bureau, who sees the whole district."""
    key = read_signing_key(term.running.environment["TAIZHANG_TOKEN_SIGNING_KEY"])
    token = issue(key, client_id="reader", kind="bureau", schools=(), stage=None)
    return httpx.Headers({"Authorization": f"Bearer {token}"})


def read(url: str, headers: httpx.Headers, **parameters: str) -> Json:
    """What a service answers."""
    answer = httpx.get(url, params={"limit": "1000", **parameters}, headers=headers, trust_env=False)
    assert answer.status_code == httpx.codes.OK, answer.text
    body: Json = answer.json()
    return body


@pytest.mark.parametrize("school_id", SCHOOLS)
def test_every_document_is_where_the_procedure_ends(term: Term, bureau: httpx.Headers, school_id: str) -> None:
    further = FURTHER.get(school_id, {})
    for resource in {**EACH_SCHOOL, "rectifications": {}, "complaints": {}, "clawbacks": {}}:
        listed = read(f"{term.running.ledger_url}/v1/{resource}", bureau)["items"]
        key = KEYS.get(resource, f"{resource.removesuffix('s').replace('-', '_')}_id")
        found = {each[key]: each["state"] for each in listed if each["school_id"] == school_id}
        assert found == EACH_SCHOOL.get(resource, {}) | further.get(resource, {}), resource


@pytest.mark.parametrize("school_id", SCHOOLS)
def test_every_record_of_the_procedure_is_there_once(term: Term, bureau: httpx.Headers, school_id: str) -> None:
    for resource, (key, expected) in RECORDS.items():
        listed = read(f"{term.running.ledger_url}/v1/{resource}", bureau, school_id=school_id)["items"]
        assert sorted(each[key] for each in listed) == sorted(expected), resource
    listed = read(f"{term.running.ledger_url}/v1/deliberations", bureau, school_id=school_id)["items"]
    again = {"meeting-term-2025-2"} if school_id == INFLATED else set()
    assert {each["deliberation_id"] for each in listed} == MEETINGS | again
    assert all(each["decision"] == "approved" for each in listed)


@pytest.mark.parametrize("school_id", SCHOOLS)
def test_the_history_of_a_submission_tells_what_was_done_with_it(
    term: Term, bureau: httpx.Headers, school_id: str
) -> None:
    shown = read(f"{term.running.ledger_url}/v1/submissions/{school_id}/autumn", bureau)
    assert [each["step"] for each in shown["history"]] == HISTORIES[school_id]
    assert (
        shown["principal_signed_hash"] == shown["party_seal_hash"] == shown["content_hash"] == shown["content_digest"]
    )
    reviews = read(f"{term.running.ledger_url}/v1/submissions/{school_id}/autumn/reviews", bureau)["items"]
    returned = ["returned"] if school_id == INFLATED else []
    assert [each["decision"] for each in reviews] == [*returned, "accepted"]
    assert {each["scheme_id"] for each in reviews} == {"2025"}


@pytest.mark.parametrize("school_id", SCHOOLS)
def test_in_the_end_ledger_publication_submission_review_and_payment_agree_for_everybody(
    term: Term, bureau: httpx.Headers, school_id: str
) -> None:
    url = f"{term.running.reporting_url}/v1/reports/reconciliation"
    lines = read(url, bureau, school_id=school_id, term_id="2025-2026-1")["items"]
    assert [line["staff_id"][2:] for line in lines] == ["principal", "qian", "sun", "zhao"]
    assert all(line["agrees"] for line in lines)
    paid = {line["staff_id"][2:]: line["payment"]["amount_fen"] for line in lines}
    assert paid == {"principal": 50000, "qian": 81000, "sun": 94500 if school_id == VISITED else 54000, "zhao": 120000}


def test_every_finding_of_the_term_is_one_that_the_story_tells_of(term: Term, bureau: httpx.Headers) -> None:
    findings = read(f"{term.running.reporting_url}/v1/findings", bureau)["items"]
    assert [(each["rule"], each["school_id"], each["subject"]["id"], each["state"]) for each in findings] == [
        ("A24", VISITED, "10-s2", "confirmed"),
        ("D07", INFLATED, "2-qian", "cleared"),
    ]
    events = read(f"{term.running.reporting_url}/v1/findings/events", bureau)["items"]
    told = [(each["finding"]["rule"], each["change"]) for each in events]
    assert [change for rule, change in told if rule == "D07"] == ["opened", "cleared"]
    assert [change for rule, change in told if rule == "A24"] == ["opened", "disposed", "disposed"]


def test_what_was_claimed_for_somebody_who_was_not_there_has_come_back(term: Term, bureau: httpx.Headers) -> None:
    case = read(f"{term.running.ledger_url}/v1/clawbacks/{VISITED}/assistant", bureau)
    assert sum(each["amount_fen"] for each in case["recovered"]) == case["amount_fen"] == 40500
    assert [each["step"] for each in case["history"]] == ["posted", "order", "recover", "recover"]
    (lost,) = read(f"{term.running.ledger_url}/v1/disqualifications", bureau)["items"]
    (handed_on,) = read(f"{term.running.ledger_url}/v1/referrals", bureau)["items"]
    assert lost["finding_ids"] == handed_on["finding_ids"] == case["finding_ids"]


def test_nobody_can_tell_from_the_complaint_who_made_it(term: Term, bureau: httpx.Headers) -> None:
    complaint = read(f"{term.running.ledger_url}/v1/complaints/{VISITED}/letter-7", bureau)
    assert len(complaint["reporter_hash"]) == 64
    assert "13800000000" not in str(complaint)


def test_the_ledger_of_the_term_verifies(term: Term) -> None:
    verified = asyncio.run(verify_ledger(term.database_url, None, lambda *_: nullcontext(lambda _: None)))
    assert {each.school_id for each in verified} > set(SCHOOLS)
    assert [each.broken for each in verified if each.broken] == []


def test_a_machine_without_curl_has_one_that_sends_the_same(term: Term, bureau: httpx.Headers) -> None:
    stand_in = str(Path(__file__).with_name("curl.py"))
    url = f"{term.running.ledger_url}/v1/attachments?name=arrangement.txt"
    sent = [
        "-s",
        "-w",
        "\\n",
        "-X",
        "POST",
        "-H",
        f"Authorization: {bureau['authorization']}",
        "--data-binary",
        "@-",
        url,
    ]
    done = subprocess.run([sys.executable, stand_in, *sent], input="安排".encode(), capture_output=True, check=True)
    assert b'"sha256":"' in done.stdout
    assert done.stdout.endswith(b"\n")
    assert subprocess.run([sys.executable, stand_in, "--fail", url], capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize(
    ("answer", "shown", "where"),
    [
        ({"state": "paid", "more": 1}, {"state": "paid"}, None),
        ({"head": "0f"}, {"head": "…"}, None),
        ({"state": "paid"}, {"state": "approved"}, "/state"),
        ({}, {"state": "paid"}, "/state"),
        ({"items": [1, 2]}, {"items": [1]}, "/items"),
        ({"items": [{"rule": "D07"}]}, {"items": [{"rule": "E01"}]}, "/items/0/rule"),
    ],
)
def test_a_guide_that_shows_another_answer_is_told_where(answer: Json, shown: Json, where: str | None) -> None:
    assert (difference(answer, shown, "") or "").partition(" ")[0] == (where or "")


@pytest.mark.parametrize("shown", [None, {"state": "paid"}])
def test_a_guide_does_not_pass_over_a_refusal(shown: Json | None) -> None:
    refused = '{"status": 409, "code": "not_ready"}'
    with pytest.raises(AssertionError, match=r"term\.md:7"):
        hold(Block("post …", shown, 7), [refused, '{"state": "paid"}'], "term.md:7")
