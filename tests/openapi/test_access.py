"""Every endpoint of both documents, asked by somebody who may not: another school, a scope less, a token that is none."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.ledger_api.app import create_app as create_ledger
from services.reporting.app import create_app as create_reporting
from shared.openapi import PUBLIC
from shared.settings import Settings
from shared.tokens import issue
from tests.world.district import District, Voice
from tests.world.standard import MONDAY, PLAN, S1, S2, TERM, duty, session, sheet, slot_of, staff_of

Json = dict[str, Any]
LINES = [{"staff_id": "T1", "class_hours": 12}]
# A record of S1 of every kind, and its path.
RECORDS: dict[str, tuple[Json, str]] = {
    "schools": ({"school_id": S1, "name": "学校1", "stages": ["primary"], "centre": "primary"}, S1),
    "slots": ({**slot_of(S1, "s1"), "slot": "s5"}, f"{S1}/{TERM}/s5"),
    "rooms": ({"school_id": S1, "room": "A1"}, f"{S1}/A1"),
    "staff": (staff_of(S1, "T90"), "T90"),
    "students": ({"student_id": "P90", "school_id": S1, "grade": 3}, "P90"),
    "erasures": ({"school_id": S1, "case_no": "z", "student_id": "P40", "ground": "unlawful", "asked_on": MONDAY}, ""),
    "leaves": ({"staff_id": "T1", "starts_on": "2025-09-15", "ends_on": "2025-09-16", "kind": "sick", "school_id": S1}, "T1/2025-09-15"),
    "consents": ({"school_id": S1, "term_id": TERM, "student_id": "P1", "opted_in": True}, f"{S1}/{TERM}/P1"),
    "sessions": (session(headcount=0), f"{S1}/h1"),
    "attendance": (sheet(), f"{S1}/h1"),
    "days": ({"school_id": S1, "service_date": MONDAY, "state": "closed"}, f"{S1}/{MONDAY}"),
    "duties": (duty(), f"{S1}/d1"),
    "allocation-plans": ({**PLAN, "version": "v9"}, f"{S1}/v9"),
    "publications": ({"school_id": S1, "publication_id": "p", "kind": "monthly_workload", "period": "2025-09", "lines": LINES}, f"{S1}/p"),
    "deliberations": ({"school_id": S1, "deliberation_id": "d", "held_on": MONDAY, "topic": "公示", "decision": "approved"}, f"{S1}/d"),
    "submissions": ({"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": LINES}, f"{S1}/s"),
    "reviews": ({"school_id": S1, "review_id": "r", "submission_id": "s", "decision": "accepted", "reviewed_on": MONDAY}, f"{S1}/r"),
    "payments": ({"school_id": S1, "payment_id": "m", "period": TERM, "lines": [{"staff_id": "T1", "amount_fen": 3}]}, f"{S1}/m"),
    "surveys": ({"school_id": S1, "survey_id": "v", "term_id": TERM}, f"{S1}/v"),
    "evaluations": ({"school_id": S1, "evaluation_id": "e", "term_id": TERM}, f"{S1}/e"),
    "patrols": ({"school_id": S1, "patrol_id": "w", "service_date": MONDAY}, f"{S1}/w"),
    "sign-ins": ({"school_id": S1, "sign_in_id": "i", "service_date": MONDAY, "staff_id": "T1", "at": f"{MONDAY}T15:25:00+08:00", "kind": "in"}, f"{S1}/i"),
    "gate-logs": ({"school_id": S1, "gate_log_id": "g", "service_date": MONDAY, "after": "15:30", "pupils_out": 9}, f"{S1}/g"),
    "provider-invoices": ({"school_id": S1, "invoice_id": "v", "provider_id": "prv-1", "period": "2025-09", "lines": []}, f"{S1}/v"),
    "fund-lines": ({"school_id": S1, "line_id": "l", "booked_on": MONDAY, "direction": "receipt", "category": "subsidy", "amount_fen": 5}, f"{S1}/l"),
    "disbursements": ({"school_id": S1, "disbursement_id": "g", "term_id": TERM, "amount_fen": 7}, f"{S1}/g"),
    "plans": ({"school_id": S1, "plan_id": "n", "academic_year": "2025-2026"}, f"{S1}/n"),
    "trainings": ({"school_id": S1, "training_id": "t", "kind": "key_person", "held_on": MONDAY}, f"{S1}/t"),
    "rectifications": ({"school_id": S1, "rectification_id": "x", "demand": "补记", "demanded_on": MONDAY, "due_on": MONDAY}, f"{S1}/x"),
    "complaints": ({"school_id": S1, "complaint_id": "k", "received_on": MONDAY}, f"{S1}/k"),
    "clawbacks": ({"school_id": S1, "clawback_id": "b", "amount_fen": 7, "determined_on": MONDAY}, f"{S1}/b"),
    "awards": ({"school_id": S1, "award_id": "a", "academic_year": "2025-2026"}, f"{S1}/a"),
    "disqualifications": ({"school_id": S1, "disqualification_id": "q", "academic_year": "2025-2026", "decided_on": MONDAY}, f"{S1}/q"),
    "appraisals": ({"school_id": S1, "appraisal_id": "g", "academic_year": "2025-2026"}, f"{S1}/g"),
    "campaigns": ({"campaign_id": "f", "academic_year": "2025-2026", "proportion": 0.1}, "f"),
    "groups": ({"school_id": S1, "group_id": "w", "kind": "leading", "members": []}, f"{S1}/w"),
    "activities": ({"school_id": S1, "activity_id": "y", "title": "围棋", "category": "interest"}, f"{S1}/y"),
    "agreements": ({"school_id": S1, "agreement_id": "u", "kind": "engagement", "staff_id": "V1", "starts_on": MONDAY}, f"{S1}/u"),
    "provisions": ({"school_id": S1, "provision_id": "h", "matter": "safety_rules", "title": "安全制度", "starts_on": MONDAY}, f"{S1}/h"),
    "measures": ({"school_id": S1, "measure_id": "l", "matter": "guidance", "done_on": MONDAY}, f"{S1}/l"),
    "attachments": ({}, ""),
    "inspection-draws": ({"academic_year": "2025-2026", "count": 1, "draw_id": "z"}, "z"),
    "referrals": ({"school_id": S1, "referral_id": "j", "decided_on": MONDAY}, "j"),
    "inspections": ({"school_id": S1, "inspection_id": "o", "kind": "spot_check", "date": MONDAY}, f"{S1}/o"),
}  # fmt: skip
# What is said about the finding of the fixture.
DISPOSITION = {"kind": "comment", "text": "已电话联系"}
PAPER = b"%PDF-1.4\n%%EOF\n"
# What the bureau enters of a school; what is decided about it the school reads, what is looked at it does not.
TOLD_TO_THE_SCHOOL = {
    "reviews",
    "disbursements",
    "rectifications",
    "clawbacks",
    "awards",
    "appraisals",
    "inspections",
    "erasures",
}
OVERSIGHT = {
    "complaints",
    "disqualifications",
    "campaigns",
    "inspection-draws",
    "referrals",
    "readings",
} | TOLD_TO_THE_SCHOOL
# A client's own and nobody else's, whatever the school: tests/ledger_api/oversight/test_subscriptions.py, test_feed_tokens.py.
OF_CLIENTS = {"subscriptions", "feed-tokens"}
# Of which a school is not even told that it may not write them.
SECRET = {"referrals"}
# Of documents of the school.
DECIDED_BY_THE_OFFICES = {("POST", f"/v1/{resource}/{{document}}/reviews") for resource in ("plans", "submissions")}
# Registers of the district, which everybody reads; and what is nobody's.
EVERYBODYS = {
    "terms": TERM, "closures": "c", "providers": "prv-1", "code-lists": "stage", "review-schemes": "primary/s",
    "indicator-sets": "primary/i",
}  # fmt: skip
NO_SETTINGS = Settings(_env_file=None)
OPERATIONS = [
    (service, method.upper(), path)
    for service, create in (("ledger", create_ledger), ("reporting", create_reporting))
    for path, item in create(NO_SETTINGS).openapi()["paths"].items()
    for method in item
    if path not in PUBLIC
]


@pytest.fixture
async def recorded(school: District) -> tuple[District, dict[str, str]]:
    """S1 with a record of every kind, audited; and what its paths' parameters are."""
    voice = school.school(S1)
    for resource, (record, _path) in RECORDS.items():
        if resource == "inspection-draws":
            await school.bureau.send("POST", "/v1/inspection-draws", json=record)
        elif resource not in {"attachments", "clawbacks"}:
            await (school.bureau if resource in OVERSIGHT else voice).post(resource, record)
    kept = await voice.send("POST", "/v1/attachments", content=PAPER)
    rejected = await voice.post("sessions", session("bad", slot="s9"), mode="partial")
    await school.bureau.post(
        "closures", {"closure_id": "c", "starts_on": "2025-10-09", "ends_on": "2025-10-09", "reason": "台风"}
    )
    await school.bureau.post("review-schemes", {"stage": "primary", "scheme_id": "s", "approved_on": MONDAY})
    await school.bureau.post(
        "indicator-sets",
        {"stage": "primary", "indicator_set_id": "i", "academic_year": "2025-2026", "indicators": []},
    )
    await school.audit()
    (batch,) = await school.fetch("select batch_id from ledger.batch where resource = 'duties'")
    (finding,) = await school.fetch("select finding_id from audit.finding where rule = 'A12'")
    await school.bureau.post(f"findings/{finding['finding_id']}/dispositions", {"kind": "confirm"})
    await school.bureau.post("clawbacks", RECORDS["clawbacks"][0] | {"finding_ids": [finding["finding_id"]]})
    await voice.post(f"findings/{finding['finding_id']}/dispositions", DISPOSITION)
    return school, {
        "school_id": S1, "session_id": "h1", "name": "stage", "code": "primary",
        "batch_id": str(batch["batch_id"]), "finding_id": finding["finding_id"], "rejected": rejected["batch_id"],
        "sha256": kept.json()["sha256"], "inspection_id": "o", "draw_id": "z",
        "publication_id": "p", "submission_id": "s", "payment_id": "m", "subscription_id": "w", "token_id": "w",
    }  # fmt: skip


def _address(path: str, values: dict[str, str]) -> str:
    resource, history = path.split("/")[2], path.endswith("/revisions")
    if "{document}" in path:
        whose = EVERYBODYS.get(resource) or RECORDS[resource][1]
        return path.replace("{document}", whose)
    if "{key}" in path:
        if resource in EVERYBODYS:
            path = f"/v1/{resource}/{EVERYBODYS[resource]}"
        else:
            path = f"/v1/{resource}/{RECORDS[resource][1]}"
        return f"{path}/revisions" if history else path
    if path.endswith("/rejections"):
        values = {**values, "batch_id": values["rejected"]}
    return path.format(**values)


async def _ask(district: District, service: str, method: str, path: str, token: str, values: dict[str, str]) -> Any:
    resource = path.split("/")[2] if path.startswith("/v1/") else ""
    body = RECORDS.get(resource, ({"staff_id": "x"}, ""))[0] if method == "POST" else None
    if method == "POST" and path.endswith("/dispositions"):
        body = DISPOSITION
    if method == "POST" and "{document}" in path:
        body = {"step": "dance"}
    client = district.ledger if service == "ledger" else district.reporting
    parameters = {"batch_id": values["batch_id"]} if path.endswith("/proof") else {}
    if method == "POST" and resource == "attachments":
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await client.request("POST", path, params={"school_id": S1}, content=PAPER, headers=headers)
    if "/reports/" in path:
        parameters = {"school_id": S1, "term_id": TERM, "date": MONDAY}
        # A draft to try out: it is read and not kept.
        body = PLAN if method == "POST" else None
    if path.endswith("/evaluation"):
        parameters = {"academic_year": "2025-2026"}
    if method == "DELETE":
        parameters = {"reason": "x"}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await client.request(method, _address(path, values), params=parameters, json=body, headers=headers)


def _forge(key: Any, algorithm: str, **claims: object) -> str:
    now = int(time.time())
    whole = {
        "iss": "taizhang", "sub": "school-test", "iat": now, "exp": now + 600, "kind": "bureau", "stage": None, "schools": [S1],
        "scope": "ledger.read ledger.write registers.write documents.write reports.read findings.read", **claims,
    }  # fmt: skip
    return jwt.encode({"alg": algorithm, "kid": getattr(key, "kid", "x")}, whole, key, algorithms=[algorithm])


def _signed_with_the_public_key(key: ECKey, claims: str) -> str:
    """The old trick: what verifies ES256, used as an HMAC's secret."""
    header = urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": key.kid}).encode()).decode().rstrip("=")
    mac = hmac.digest(key.as_pem(private=False), f"{header}.{claims}".encode(), "sha256")
    return f"{header}.{claims}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


async def test_nobody_gets_in_with_a_token_that_is_none(recorded: tuple[District, dict[str, str]]) -> None:
    district, values = recorded
    foreign = ECKey.generate_key("P-256", {"kid": district.key.kid})
    whole = issue(district.key, client_id="x", kind="bureau", schools=(), stage=None)
    header, claims, signature = whole.split(".")
    tokens = {
        "none": "",
        "expired": _forge(district.key, "ES256", exp=int(time.time()) - 1),
        "of a foreign key": _forge(foreign, "ES256"),
        "unsigned": "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + claims + ".",
        "signed with the public key as a secret": _signed_with_the_public_key(district.key, claims),
        "with a signature cut short": f"{header}.{claims}.{signature[:-4]}",
        "of another issuer": _forge(district.key, "ES256", iss="elsewhere"),
        "of odd shape": "a.b",
    }
    for service, method, path in OPERATIONS:
        for what, token in tokens.items():
            answer = await _ask(district, service, method, path, token, values)
            assert answer.status_code == 401, f"{method} {path} with a token {what}: {answer.text[:200]}"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_nobody_gets_in_without_the_scope(recorded: tuple[District, dict[str, str]]) -> None:
    district, values = recorded
    token = issue(district.key, client_id="x", kind="school", schools=[S1], stage=None, scopes=())
    open_to_all = {
        "/oauth/token_info",
        "/oauth/links",
        "/v1/code-lists",
        "/v1/code-lists/{name}",
        "/v1/code-lists/{name}/{code}",
    }
    for service, method, path in OPERATIONS:
        answer = await _ask(district, service, method, path, token, values)
        # A program's token is no person's session.
        refused = 401 if path == "/oauth/session/renewal" else 403
        assert answer.status_code == (200 if path in open_to_all else refused), f"{method} {path}: {answer.text[:200]}"


async def test_the_owner_gets_in_everywhere(recorded: tuple[District, dict[str, str]]) -> None:
    district, values = recorded
    bureaus = EVERYBODYS.keys()
    for service, method, path in OPERATIONS:
        if path.startswith("/v1/") and path.split("/")[2] in OVERSIGHT | OF_CLIENTS:
            continue
        if (method, path) in DECIDED_BY_THE_OFFICES:
            answer = await _ask(district, service, method, path, district.school(S1).token, values)
            assert answer.json()["code"] == "missing_scope", f"{method} {path}: {answer.text[:300]}"
        elif (method == "GET" or "/reports/" in path) and not path.endswith("/stream"):
            answer = await _ask(district, service, method, path, district.school(S1).token, values)
            assert answer.status_code == 200, f"{method} {path}: {answer.text[:300]}"
        elif method == "POST" and "{document}" in path:
            answer = await _ask(district, service, method, path, district.school(S1).token, values)
            known = {"no_such_transition"} if path.endswith("/steps") else {"unknown_field", "invalid_records"}
            assert answer.json()["code"] in known, f"{method} {path}: {answer.text[:300]}"
        elif method == "POST" and path.startswith("/v1/") and path.split("/")[2] not in {*bureaus, "reports"}:
            answer = await _ask(district, service, method, path, district.school(S1).token, values)
            assert answer.json()["unchanged"] == 1, f"{method} {path}: {answer.text[:300]}"


async def test_a_school_does_not_write_what_the_bureau_enters_of_it_and_reads_what_is_decided(
    recorded: tuple[District, dict[str, str]],
) -> None:
    district, values = recorded
    for service, method, path in OPERATIONS:
        if path.startswith("/v1/") and path.split("/")[2] in OVERSIGHT:
            answer = await _ask(district, service, method, path, district.school(S1).token, values)
            seen = 200 if path.split("/")[2] in TOLD_TO_THE_SCHOOL else 404
            # A step of what a school is told may be the school's: it answers a demand, and no step is called dance.
            stepped = {200: 409, 404: 404}[seen]
            refused = 404 if path.split("/")[2] in SECRET else 403
            wanted = seen if method == "GET" else stepped if "{document}" in path else refused
            assert answer.status_code == wanted, f"{method} {path}: {answer.text[:200]}"
            if method == "GET":
                read = await _ask(district, service, method, path, district.auditor.token, values)
                assert read.status_code == 200, f"{method} {path}: {read.text[:200]}"


async def test_another_school_sees_nothing_and_writes_nothing(recorded: tuple[District, dict[str, str]]) -> None:
    district, values = recorded
    stranger: Voice = district.school(S2)
    heads = await district.fetch("select school_id, head from ledger.chain_head order by 1")
    for service, method, path in OPERATIONS:
        parts = path.split("/")
        if parts[1] != "v1" or parts[2] in EVERYBODYS.keys() | OVERSIGHT | OF_CLIENTS or path.endswith("/stream"):
            continue
        if (method, path) in DECIDED_BY_THE_OFFICES:
            continue
        answer = await _ask(district, service, method, path, stranger.token, values)
        if method == "GET" and "{" not in path and "/reports/" not in path:
            assert answer.status_code == 200, f"{method} {path}: {answer.text[:200]}"
            if path.split(".")[-1] in {"atom", "json"}:
                assert S1 not in answer.text, path
            else:
                assert S1 not in str([item.get("school_id") for item in answer.json()["items"]]), path
        elif method == "GET" and "/reports/" in path and answer.status_code == 200:
            # Of the stranger's own, where no school is asked for.
            assert S1 not in answer.text, f"{method} {path}: {answer.text[:200]}"
        else:
            assert answer.status_code in {404, 422}, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
            of_records = "/reports/" not in path
            assert answer.status_code == 404 or not of_records or answer.json()["code"] == "unknown_staff", answer.text
    assert await district.fetch("select school_id, head from ledger.chain_head order by 1") == heads


def test_every_resource_that_is_written_has_a_record_here() -> None:
    written = {
        path.split("/")[2] for _service, method, path in OPERATIONS if method == "POST" and path.startswith("/v1/")
    }
    assert written <= RECORDS.keys() | EVERYBODYS.keys() | OF_CLIENTS | {"findings", "reports"}
