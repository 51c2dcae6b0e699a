"""Abuses of the procedure, tried by every role: each is refused with its reason, and nothing is written of it.

One world, one table: rows are what somebody tries, columns who. `ok` is what that role may do or see; it is not an abuse of
theirs (and where it would change something, it is not tried).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.world.district import District, Voice
from tests.world.procedure import (
    CLAWBACK_STORY,
    PAPERS,
    RECTIFICATION_STORY,
    SUBMISSION,
    SUBMISSION_STORY,
    TERMLY,
    deliberated,
    digest_of,
    lead,
    step,
)
from tests.world.standard import S1, S2, closed_day

Json = dict[str, Any]
ROLES = ("own school", "other school", "own centre", "other centre", "bureau", "auditor", "sandbox")


@dataclass(frozen=True)
class World:
    """What the tries are about: S1's documents, by what each is for."""

    digests: Mapping[str, str]
    paper: str
    finding_id: str


Try = Callable[[Voice, World], Awaitable[httpx.Response]]


def steps(document: str, **facts: Any) -> Try:
    """Take the step `name`; `digest`: the document whose content it names."""

    async def tried(voice: Voice, world: World) -> httpx.Response:
        named = {"content_hash": world.digests[facts["digest"]]} if "digest" in facts else {}
        given = {name: value for name, value in facts.items() if name not in {"digest", "name"}}
        path, _, key = document.partition("/")
        return await voice.send("POST", f"/v1/{path}/{S1}/{key}/steps", json={"step": facts["name"], **given, **named})

    return tried


def posts(resource: str, record: Json) -> Try:
    """Post a record."""
    return lambda voice, _world: voice.send("POST", f"/v1/{resource}", json=record)


def gets(path: str) -> Try:
    """Read from the ledger API."""
    return lambda voice, _world: voice.send("GET", f"/v1/{path}")


def reports(path: str, **asked: str) -> Try:
    """Read a report."""
    return lambda voice, _world: voice.read(f"/v1/reports/{path}", **asked)


REVIEW = {"school_id": S1, "review_id": "r", "submission_id": "s", "decision": "accepted", "reviewed_on": "2026-02-14"}
CASE = {"school_id": S1, "clawback_id": "b2", "amount_fen": 12000, "determined_on": "2025-10-01"}
TRIES: Mapping[str, Try] = {
    "approve the submission": steps("submissions/s", name="approve", digest="s"),
    "approve it by a review of it": lambda voice, _: voice.send(
        "POST", f"/v1/submissions/{S1}/s/reviews", json={"decision": "approve", "reviewed_on": "2026-02-14"}
    ),
    "post a review of it": posts("reviews", REVIEW),
    "approve it as one of the school": steps("submissions/s", name="approve", digest="s", reviewed_by="T3"),
    "post a review as one of the school": posts("reviews", {**REVIEW, "reviewed_by": "T3"}),
    "seal what is not signed": steps("submissions/draft", name="seal", party_seal_by="T8", digest="draft"),
    "seal another content than was signed": steps("submissions/signed", name="seal", party_seal_by="T8", digest="s"),
    "submit what is not sealed": steps("submissions/signed", name="submit"),
    "approve after an attachment was edited": steps("submissions/edited", name="approve", digest="s"),
    "read an attachment that was edited": lambda voice, world: voice.send("GET", f"/v1/attachments/{world.paper}"),
    "close over an objection": steps("publications/p-open", name="close", on="2026-02-12"),
    "sign over an objection": steps("submissions/objected", name="sign", principal_signed_by="T9", digest="objected"),
    "read the school's dossier": reports("inspection", school_id=S1),
    "read an unannounced visit": gets(f"inspections/{S1}/v9"),
    "read a complaint": gets(f"complaints/{S1}/k"),
    "recover more than was determined": steps("clawbacks/b", name="recover", recovered_fen=12001, voucher="收1"),
    "post more recovered than was determined": lambda voice, world: voice.send(
        "POST", "/v1/clawbacks",
        json={**CASE, "finding_ids": [world.finding_id], "recovered": [{"recovered_on": "2025-10-02", "amount_fen": 12001}]},
    ),
    "recover without a decision": steps("clawbacks/undecided", name="recover", recovered_fen=1, voucher="收1"),
    "verify what one answered": steps("rectifications/x", name="verify", checked_by="T9"),
    "dismiss the finding": lambda voice, world: voice.send(
        "POST", f"/v1/findings/{world.finding_id}/dispositions", json={"kind": "dismiss", "text": "无", "reason_code": "permitted"}
    ),
    "pay what is not approved": steps("submissions/s", name="pay", payment_ids=["m1"]),
    "take a step that there is not": steps("submissions/s", name="teleport"),
}  # fmt: skip


async def _world(school: District) -> World:
    """A submission under review, drafts of others, a publication with an open objection, a case, a visit that is planned."""
    await lead(school, SUBMISSION_STORY, to="submitted")
    await lead(school, CLAWBACK_STORY, to="ordered")
    await lead(school, RECTIFICATION_STORY, to="answered")
    own, bureau = school.school(S1), school.bureau
    await own.post("days", closed_day())
    await own.post("publications", {**TERMLY, "publication_id": "p-open"})
    content = await deliberated(
        own, "publications/p-open", kind="term_remuneration", held_on="2026-02-02", meeting="d-open"
    )
    await step(own, "publications/p-open", "deliberate", on="2026-02-02", **content)
    hung = {"displayed_from": "2026-02-03", "displayed_to": "2026-02-09", "place": "公开栏", "attachments": ["照片"]}
    await step(own, "publications/p-open", "display", on="2026-02-03", content_hash=content["content_hash"], **hung)
    await step(own, "publications/p-open", "object", objection_id="o1", text="漏记", on="2026-02-04")
    edited = [*PAPERS[:2], {**PAPERS[2], "content_hash": "9f" * 32}]
    for key, change in {
        "draft": {}, "signed": {}, "objected": {"publication_id": "p-open"}, "edited": {"attachments": edited, "submitted_on": "2026-02-11"},
    }.items():  # fmt: skip
        await own.post("submissions", {**SUBMISSION, "submission_id": key, **change})
    digests = {key: await digest_of(own, f"submissions/{key}") for key in ("s", "draft", "signed", "objected")}
    signing = {"principal_signed_by": "T9", "content_hash": digests["signed"], "on": "2026-02-11"}
    await step(own, "submissions/signed", "sign", **signing)
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    await bureau.post("inspections", {"school_id": S1, "inspection_id": "v9", "kind": "unannounced", "date": tomorrow})
    await bureau.post(
        "complaints", {"school_id": S1, "complaint_id": "k", "received_on": "2025-10-01", "about": "课时不实"}
    )
    (finding_id,) = (await bureau.get("/v1/clawbacks/b"))["finding_ids"]
    undecided = {**CASE, "clawback_id": "undecided", "finding_ids": [finding_id]}
    await bureau.post("clawbacks", undecided)
    kept = await own.send("POST", "/v1/attachments", content="安排表".encode())
    paper: str = kept.json()["sha256"]
    (school.papers / paper[:2] / paper).write_bytes("另一张表".encode())
    return World(digests, paper, finding_id)


def _voices(school: District) -> Mapping[str, Voice]:
    """Other programs than those that made the world: what the same client sends again is a retry."""
    return {
        "own school": school.voice("school", schools=[S1], client_id="abuser-school"),
        "other school": school.school(S2),
        "own centre": school.voice("centre", stage="primary", client_id="abuser-centre"),
        "other centre": school.voice("centre", stage="junior"),
        "bureau": school.voice("bureau", client_id="abuser-bureau"),
        "auditor": school.auditor,
        "sandbox": school.voice("sandbox", schools=["9999900001"]),
    }


# Status and code of what each is answered.
TABLE = """
what is tried                           | own school               | other school      | own centre               | other centre       | bureau                   | auditor                | sandbox
approve the submission                  | 403 not_theirs_to_decide | 404 not_found     | ok                       | 404 not_found      | ok                       | 403 missing_scope      | 404 not_found
approve it by a review of it            | 403 missing_scope        | 403 missing_scope | ok                       | 404 not_found      | ok                       | 403 missing_scope      | 403 missing_scope
post a review of it                     | 403 missing_scope        | 403 missing_scope | ok                       | 404 unknown_school | ok                       | 403 missing_scope      | 403 missing_scope
approve it as one of the school         | 403 not_theirs_to_decide | 404 not_found     | 403 own_work             | 404 not_found      | 403 own_work             | 403 missing_scope      | 404 not_found
post a review as one of the school      | 403 missing_scope        | 403 missing_scope | 403 own_work             | 404 unknown_school | 403 own_work             | 403 missing_scope      | 403 missing_scope
seal what is not signed                 | 409 no_such_transition   | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
seal another content than was signed    | 409 other_content        | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
submit what is not sealed               | 409 not_ready            | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
approve after an attachment was edited  | 403 not_theirs_to_decide | 404 not_found     | 409 other_content        | 404 not_found      | 409 other_content        | 403 missing_scope      | 404 not_found
read an attachment that was edited      | 500 attachment_damaged   | 404 not_found     | 500 attachment_damaged   | 404 not_found      | 500 attachment_damaged   | 500 attachment_damaged | 404 not_found
close over an objection                 | 409 no_such_transition   | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
sign over an objection                  | 409 not_ready            | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
read the school's dossier               | ok                       | 404 not_found     | ok                       | 404 not_found      | ok                       | ok                     | 404 not_found
read an unannounced visit               | 404 not_found            | 404 not_found     | ok                       | 404 not_found      | ok                       | ok                     | 404 not_found
read a complaint                        | 404 not_found            | 404 not_found     | ok                       | 404 not_found      | ok                       | ok                     | 404 not_found
recover more than was determined        | 403 not_theirs_to_decide | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 409 not_ready            | 403 missing_scope      | 404 not_found
post more recovered than was determined | 403 missing_scope        | 403 missing_scope | 403 district_only        | 403 district_only  | 422 beyond_determined    | 403 missing_scope      | 403 missing_scope
recover without a decision              | 403 not_theirs_to_decide | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 409 no_such_transition   | 403 missing_scope      | 404 not_found
verify what one answered                | 403 not_theirs_to_decide | 404 not_found     | 403 own_work             | 404 not_found      | 403 own_work             | 403 missing_scope      | 404 not_found
dismiss the finding                     | 403 not_theirs_to_decide | 404 not_found     | ok                       | 404 not_found      | ok                       | ok                     | 404 not_found
pay what is not approved                | 409 no_such_transition   | 404 not_found     | 403 not_theirs_to_decide | 404 not_found      | 403 not_theirs_to_decide | 403 missing_scope      | 404 not_found
take a step that there is not           | 409 no_such_transition   | 404 not_found     | 409 no_such_transition   | 404 not_found      | 409 no_such_transition   | 403 missing_scope      | 404 not_found
"""
# What a role may do that would change the world for the tries after it.
NOT_TRIED = {"approve the submission", "approve it by a review of it", "post a review of it", "dismiss the finding"}


def _expected() -> Mapping[str, Mapping[str, str]]:
    """What is tried -> role -> answer."""
    _roles, *rows = ([cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines())
    return {what: dict(zip(ROLES, answers, strict=True)) for what, *answers in rows}


async def test_every_abuse_is_refused_to_every_role_with_its_reason(school: District) -> None:
    world, expected = await _world(school), _expected()
    assert expected.keys() == TRIES.keys()
    before = await school.fetch(_CHAINS)
    found: dict[str, dict[str, str]] = {what: {} for what in TRIES}
    for role, voice in _voices(school).items():
        for what, tried in TRIES.items():
            if expected[what][role] == "ok" and what in NOT_TRIED:
                found[what][role] = "ok"
                continue
            answer = await tried(voice, world)
            found[what][role] = "ok" if answer.is_success else _reason(answer)
    assert found == expected
    assert await school.fetch(_CHAINS) == before


_CHAINS = """
    select school_id, seq, head from ledger.chain_head
    where school_id in ('3101150001', '3101150002', 'centre-primary', 'district', 'bureau')
    order by school_id
"""


def _reason(answer: httpx.Response) -> str:
    """Status and code; a refusal always says in words what is wrong."""
    problem = answer.json()
    assert problem["detail"], problem
    return f"{answer.status_code} {problem['code']}"
