"""What people decide about a finding (POLICY S10): a school explains, the centre, the bureau or the auditor decides.

A decision is a fact: an entry of the school's chain, numbered within its finding, that nobody changes or takes back. It
names what the finding said then; the audit folds it into the finding's state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from msgspec import Meta

from services.ledger_api.dependencies import Ledger, answer_with, sender_of
from services.ledger_api.entries import body_schema
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.decode import Decoded, decode
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.receipt import ChainPosition, Receipt
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.machines import FINDING, possible
from shared.asgi import requires
from shared.database import Visible, reading
from shared.problems import Fault, Invalid, Refused, Words
from shared.tokens import Caller
from shared.vocabulary import DismissalReason, DispositionKind

router = APIRouter(prefix="/v1/findings/{finding_id}/dispositions", tags=["dispositions"])

FindingsReader = Annotated[Caller, Depends(requires("findings.read"))]
FindingsWriter = Annotated[Caller, Depends(requires("findings.write"))]
Key = Annotated[
    str | None, Header(pattern=r"^[\x21-\x7e]{1,128}$", description="the same key again is the same decision")
]

# So many people at most decide about one finding in the same moment.
TRIES = 8
# What may not be said without words.
_WORDED = frozenset({"explain", "dismiss", "reopen", "comment"})

_FINDING_ITSELF = Words("发现", "finding")


class Disposition(Record, frozen=True):
    """One decision, or a word, about a finding."""

    kind: DispositionKind
    text: Text | None = None
    reason_code: DismissalReason | None = None
    assignee: Annotated[Text, Meta(description="whom it is handed to: an office or a client")] | None = None


class Decided(Record, frozen=True):
    """A disposition as the ledger keeps it: which of the finding's, from which state to which, about what it said."""

    school_id: SchoolId
    finding_id: Identifier
    number: int
    kind: DispositionKind
    from_state: str
    state: str | None
    says: str
    by_kind: str
    text: str | None = None
    reason_code: str | None = None
    assignee: str | None = None
    idempotency_key: str | None = None


class DispositionReceipt(Receipt):
    """The receipt, and where the finding stands now."""

    finding_id: str
    number: int
    kind: str
    state: str


DISPOSITIONS = Resource("dispositions", Decided, key=("finding_id", "number"))

_FINDING = "select school_id, state, says from audit.finding where finding_id = $1"
_DISPOSITIONS = """
    select disposition.*, batch.client_id, chain_entry.seq, chain_entry.head
    from ledger.disposition
    inner join ledger.batch using (batch_id)
    inner join ledger.chain_entry using (school_id, batch_id)
    where disposition.school_id = $1 and disposition.finding_id = $2
    order by disposition.number
"""


@router.post("", response_model=DispositionReceipt, openapi_extra=body_schema(Disposition))
async def post_disposition(
    request: Request, finding_id: str, caller: FindingsWriter, ledger: Ledger, idempotency_key: Key = None
) -> Response:
    """Acknowledge, explain (the school), confirm or dismiss (centre, bureau, auditor), reopen, assign, comment."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
        decoded = decode(body, request.headers.get("content-type", ""), lambda _raw: Disposition)
    if len(decoded.records) != 1:
        raise Refused("invalid_parameter", name="body", reason="one disposition a request")
    (disposition,) = decoded.records
    _refuse_half_said(disposition, decoded)
    return answer_with(await _decide(ledger, finding_id, disposition, sender_of(request, caller), idempotency_key))


@router.get("", response_model=None)
async def list_dispositions(finding_id: str, caller: FindingsReader, ledger: Ledger) -> Response:
    """What was decided and said about a finding, in that order: who, when, why."""
    standing = await _standing(ledger, finding_id, caller)
    items = [_shown(row) for row in standing.dispositions]
    return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")


@dataclass(frozen=True)
class _Standing:
    """A finding as people find it: whose, what it says, and what was decided about it, also what no audit has seen yet."""

    school_id: str
    audited_state: str
    says: bytes
    dispositions: Sequence[asyncpg.Record]

    @property
    def kept_by(self) -> str:
        """Whose chain keeps what is decided: the school's; a stage centre has none, and its are in the district's."""
        return "district" if self.of_a_centre else self.school_id

    @property
    def of_a_centre(self) -> bool:
        """Whether it is about what a stage centre owes."""
        return self.school_id.startswith("centre-")

    @property
    def state(self) -> str:
        """Cleared when the data no longer shows it; else the newest decision about what it says; else open."""
        if self.audited_state == "cleared":
            return "cleared"
        decisions = [row["state"] for row in self.dispositions if row["says"] == self.says and row["state"]]
        return decisions[-1] if decisions else "open"


async def _standing(ledger: LedgerWriterOfFacts, finding_id: str, caller: Caller) -> _Standing:
    """Raises Refused (404) when there is none that the caller may see."""
    async with reading(ledger.pool, caller.visible) as connection:
        finding = await connection.fetchrow(_FINDING, finding_id)
        if finding is None:
            raise Refused("not_found")
        found = _Standing(finding["school_id"], finding["state"], finding["says"], ())
        return replace(found, dispositions=await connection.fetch(_DISPOSITIONS, found.kept_by, finding_id))


async def _decide(
    ledger: LedgerWriterOfFacts, finding_id: str, disposition: Disposition, sender: Sender, idempotency_key: str | None
) -> DispositionReceipt:
    """Append it as the finding's next; raises Refused (403, 404, 409). Decided by two at once, one is there first."""
    for _ in range(TRIES):
        standing = await _standing(ledger, finding_id, sender.caller)
        earlier = _said_before(standing, disposition, sender.caller, idempotency_key)
        if earlier is not None:
            return _answer(earlier, standing.state)
        decided = _next(standing, finding_id, disposition, sender.caller, idempotency_key)
        # Who sees the finding may write in its school's chain, and nothing but this.
        author = replace(sender.caller, visible=Visible(schools=(standing.kept_by,)))
        try:
            receipt = await ledger.append_entries(
                DISPOSITIONS,
                Decoded([decided], "object"),
                replace(sender, caller=author, precondition=Precondition("none")),
            )
        except Refused as refused:
            if refused.code != "precondition_failed":
                raise
            continue
        return DispositionReceipt(
            **receipt.model_dump(),
            finding_id=finding_id,
            number=decided.number,
            kind=decided.kind,
            state=decided.state or decided.from_state,
        )
    raise Refused("busy", headers={"Retry-After": "1"})


def _refuse_half_said(disposition: Disposition, decoded: Decoded[Disposition]) -> None:
    """Raises Invalid: an explanation, a dismissal, a reopening or a comment has words, a dismissal its reason."""
    missing = []
    if disposition.kind in _WORDED and not (disposition.text or "").strip():
        missing.append("text")
    if disposition.kind == "dismiss" and disposition.reason_code is None:
        missing.append("reason_code")
    if disposition.kind == "assign" and not (disposition.assignee or "").strip():
        missing.append("assignee")
    if missing:
        raise Invalid([Fault(decoded.pointer(0, name), "missing_field", {"field": name}) for name in missing])


def _said_before(
    standing: _Standing, disposition: Disposition, caller: Caller, idempotency_key: str | None
) -> asyncpg.Record | None:
    """The same decision sent before: under the same key, or, without one, the finding's last and still about what it says.

    Raises Refused (409) when the key was used for another content.
    """
    own = [row for row in standing.dispositions if row["client_id"] == caller.client_id]
    content = (disposition.kind, disposition.text, disposition.reason_code, disposition.assignee)
    if idempotency_key is not None:
        for row in own:
            if row["idempotency_key"] == idempotency_key:
                if (row["kind"], row["text"], row["reason_code"], row["assignee"]) != content:
                    raise Refused("idempotency_key_reused")
                return row
        return None
    last = standing.dispositions[-1] if standing.dispositions else None
    if last is None or last not in own or last["says"] != standing.says:
        return None
    return last if (last["kind"], last["text"], last["reason_code"], last["assignee"]) == content else None


def _next(
    standing: _Standing, finding_id: str, disposition: Disposition, caller: Caller, idempotency_key: str | None
) -> Decided:
    """The finding's next disposition; raises Refused when it is not the caller's to make, or not from this state."""
    step, state = FINDING[disposition.kind], standing.state
    # Nobody closes their own: about what it owes itself, a centre explains as a school does.
    acts_as = "school" if standing.of_a_centre and caller.kind == "centre" else caller.kind
    if acts_as not in step.by:
        raise Refused(
            "not_theirs_to_decide",
            thing=_FINDING_ITSELF,
            kind=caller.kind,
            action=disposition.kind,
            possible=", ".join(possible(FINDING, acts_as)),
        )
    if state not in step.leaves:
        raise Refused(
            "no_such_transition",
            thing=_FINDING_ITSELF,
            state=state,
            action=disposition.kind,
            possible=", ".join(possible(FINDING, acts_as, state)),
        )
    return Decided(
        school_id=standing.kept_by,
        finding_id=finding_id,
        number=len(standing.dispositions) + 1,
        kind=disposition.kind,
        from_state=state,
        state=step.to,
        says=standing.says.hex(),
        by_kind=caller.kind,
        text=disposition.text,
        reason_code=disposition.reason_code,
        assignee=disposition.assignee,
        idempotency_key=idempotency_key,
    )


def _answer(earlier: asyncpg.Record, state: str) -> DispositionReceipt:
    """What was answered then, as of something that is already there."""
    return DispositionReceipt(
        batch_id=str(earlier["batch_id"]),
        received=1,
        created=0,
        revised=0,
        unchanged=1,
        rejected=0,
        errors=[],
        chains=[ChainPosition(school_id=earlier["school_id"], seq=earlier["seq"], head=earlier["head"].hex())],
        recorded_at=earlier["recorded_at"],
        finding_id=earlier["finding_id"],
        number=earlier["number"],
        kind=earlier["kind"],
        state=state,
    )


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    at: datetime = row["recorded_at"]
    return {
        "number": row["number"],
        "kind": row["kind"],
        "from_state": row["from_state"],
        "state": row["state"] or row["from_state"],
        "text": row["text"],
        "reason_code": row["reason_code"],
        "assignee": row["assignee"],
        "by": row["client_id"],
        "by_kind": row["by_kind"],
        "recorded_at": at,
        "batch_id": str(row["batch_id"]),
    }
