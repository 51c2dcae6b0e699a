"""The steps of a document: `POST /v1/{resource}/{id}/steps` takes one, `GET` shows where it stands and what can be done next.

A step is a fact: an entry of the chain that keeps the document, numbered within it, that nobody changes or takes back. What
it says about the document (displayed when and where, signed by whom) is in the document's next revision, in one commit with it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Header, Request
from msgspec import Meta, Struct

from services.ledger_api.ingest.append import Ledger
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.decode import decode
from services.ledger_api.ingest.payload import Record, Sha256, Text
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.receipt import ChainPosition, Receipt
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.ingest.together import Entry, append_together
from services.ledger_api.led import STEPS, Led, StepTaken, content_of, find, load, named_records
from services.ledger_api.machines import Attempt, Content, Machine, Step, possible
from shared.chain import canonical
from shared.database import Visible, reading
from shared.faults import nearest_of
from shared.problems import Fault, Invalid, Refused, Words
from shared.tokens import Caller
from shared.vocabulary import CENTRES

Body = TypeVar("Body", bound=Struct)
# So many people at most take a step with one document in the same moment.
TRIES = 8
Key = Annotated[str | None, Header(pattern=r"^[\x21-\x7e]{1,128}$", description="the same key again is the same step")]


class StepReceipt(Receipt):
    """The receipt, and where the document stands now."""

    resource: str
    document_id: str
    number: int
    step: str
    state: str
    content_hash: str


@dataclass(frozen=True)
class Given:
    """A step as it is asked for: its name, its day (today when absent), the content it names, why, and its facts."""

    step: str
    on: date | None = None
    content_hash: str | None = None
    why: str | None = None
    facts: Content = field(default_factory=dict)
    idempotency_key: str | None = None


def step_body(machine: Machine, payload: type[Struct]) -> type[Struct]:
    """What is posted to take a step: its name, and the facts that the machine's steps take, of the document's own types."""
    types = {each.name: each.type for each in msgspec.structs.fields(payload)} | dict(machine.facts)
    names = sorted({name for step in machine.steps.values() for name in (*step.needs, *step.may)})
    step = Annotated[str, Meta(max_length=64, description=f"one of {', '.join(machine.steps)}")]
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("step", step),
        ("on", date | None, None),
        ("content_hash", Sha256 | None, None),
        ("why", Text | None, None),
        *((name, types[name] | None, None) for name in names),
    ]
    title = "".join(part.capitalize() for part in machine.resource.split("-"))
    return msgspec.defstruct(f"{title}Step", fields, bases=(Record,), frozen=True)


async def read_one(request: Request, body: type[Body]) -> Body:
    """The one record of a request's body; raises Invalid, Refused (422)."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as received:
        decoded = decode(received, request.headers.get("content-type", ""), lambda _raw: body)
    if len(decoded.records) != 1:
        raise Refused("invalid_parameter", name="body", reason="one step a request")
    return decoded.records[0]


async def read_step(request: Request, body: type[Struct], idempotency_key: str | None) -> Given:
    """The one step that a request's body asks for; raises Invalid (422)."""
    given = {name: value for name, value in content_of(await read_one(request, body)).items() if value is not None}
    on = given.pop("on", None)
    return Given(
        step=given.pop("step"),
        on=None if on is None else date.fromisoformat(on),
        content_hash=given.pop("content_hash", None),
        why=given.pop("why", None),
        facts=given,
        idempotency_key=idempotency_key,
    )


async def take_step(
    ledger: Ledger,
    resource: Resource[Any],
    machine: Machine,
    document: str,
    given: Given,
    sender: Sender,
    *,
    also: Callable[[Led, Attempt], Sequence[Entry]] = lambda _led, _attempt: (),
) -> StepReceipt:
    """Take a document's next step; of two that take one at once, one is there first.

    `also`: further records of the same commit, made of the document and the attempt (the review that a step approves by).
    Raises Refused: 404 when the caller sees no such document, 403 when the step is not theirs, 409 when it is not there from
    this state, names another content or wants for something; Invalid (422) when facts are missing or too many.
    """
    for _ in range(TRIES):
        async with reading(ledger.pool, sender.caller.visible) as connection:
            led = await load(connection, machine, *await find(connection, machine, document))
            if sender.precondition is not None and not sender.precondition.holds(led.revision):
                raise Refused("precondition_failed", current=f'"{led.revision}"')
            earlier = _taken_before(led, given, sender.caller)
            if earlier is not None:
                return _answer(led, earlier)
            step = _step_of(led, given, sender.caller)
            attempt = _attempt(led, step, given, sender.caller)
            attempt = replace(attempt, others=await named_records(connection, led, attempt, step.reads))
        _refuse_unready(step, attempt)
        try:
            return await _write(ledger, resource, led, step, attempt, given, sender, also(led, attempt))
        except Refused as refused:
            # Somebody else was there first: once more, from where the document is now.
            if refused.code != "precondition_failed":
                raise
    raise Refused("busy", headers={"Retry-After": "1"})


def _step_of(led: Led, given: Given, caller: Caller) -> Step:
    """The step asked for; raises Refused when it is not the caller's (403), or not there from this state (409)."""
    machine = led.machine
    step = machine.steps.get(given.step)
    if step is not None and caller.kind not in step.by:
        may = ", ".join(possible(machine.steps, caller.kind))
        raise Refused(
            "not_theirs_to_decide",
            thing=Words(machine.zh, machine.en),
            kind=caller.kind,
            action=given.step,
            possible=may or "—",
        )
    if step is None or led.state not in step.leaves:
        there = ", ".join(possible(machine.steps, caller.kind, led.state))
        raise Refused(
            "no_such_transition",
            thing=Words(machine.zh, machine.en),
            state=led.state,
            action=given.step,
            possible=there or "—",
        )
    return step


def _attempt(led: Led, step: Step, given: Given, caller: Caller) -> Attempt:
    """What is asked for, with nothing missing; raises Invalid (422), Refused (409) when it names another content."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    on, content_hash = given.on or today, led.content_hash
    faults = [_missing(name) for name in step.needs if not given.facts.get(name)]
    taken = {*step.needs, *step.may}
    faults += [
        Fault(f"/{name}", "unknown_field", {"field": name, "nearest": nearest_of(name, sorted(taken | {"on", "why"}))})
        for name in given.facts
        if name not in taken
    ]
    if step.why and not (given.why or "").strip():
        faults.append(_missing("why"))
    if step.names_content and given.content_hash is None:
        faults.append(_missing("content_hash"))
    if on > today:
        faults.append(Fault("/on", "invalid_value", {"reason": f"{on} has not come yet"}))
    if led.taken and on < led.taken[-1].on:
        faults.append(Fault("/on", "ends_before_it_starts", {"starts": led.taken[-1].on, "ends": on}))
    if faults:
        raise Invalid(faults)
    if given.content_hash not in (None, content_hash):
        raise Refused("other_content", given=given.content_hash, current=content_hash)
    return Attempt(led.content, content_hash, led.state, led.taken, given.facts, on, caller.client_id)


def _missing(name: str) -> Fault:
    return Fault(f"/{name}", "missing_field", {"field": name})


def _refuse_unready(step: Step, attempt: Attempt) -> None:
    """Raises Refused with the first thing that does not hold: 409, or 403 when it is about who takes the step."""
    for condition in step.conditions:
        if not condition.holds(attempt):
            wanting = condition.wants(attempt)
            zh, en = (f"（尚缺：{'、'.join(wanting)}）", f" (wanting: {', '.join(wanting)})") if wanting else ("", "")
            raise Refused(condition.code, condition=Words(condition.zh + zh, condition.en + en))


async def _write(
    ledger: Ledger,
    resource: Resource[Any],
    led: Led,
    step: Step,
    attempt: Attempt,
    given: Given,
    sender: Sender,
    also: Sequence[Entry],
) -> StepReceipt:
    """The document with the step's facts, what goes with it, and the step; raises Refused (412) when another was there first."""
    changes = attempt.given if step.sets is None else step.sets(attempt)
    try:
        document = msgspec.json.decode(canonical({**led.content, **changes}), type=resource.payload)
    except msgspec.ValidationError as error:
        raise Invalid([Fault("", "invalid_value", {"reason": str(error)})]) from error
    changed = canonical(document) != canonical(led.content)
    taken = StepTaken(
        school_id=led.school_id,
        resource=resource.name,
        document_id=led.key,
        number=len(led.taken) + 1,
        step=given.step,
        from_state=attempt.state,
        to_state=step.target(attempt),
        content_hash=led.machine.hash_of(content_of(document)),
        on=attempt.on,
        revision=led.revision + changed,
        by_kind=sender.caller.kind,
        facts=dict(given.facts),
        why=given.why,
        idempotency_key=given.idempotency_key,
    )
    entries = [
        Entry(resource, document, Precondition(led.revision)), *also, Entry(STEPS, taken, Precondition("none")),
    ]  # fmt: skip
    # Who may take the step may write in the chain that keeps the document, and nothing but this.
    author = replace(sender.caller, visible=_author_of(led, sender.caller))
    receipts = await append_together(ledger, entries, replace(sender, caller=author))
    return StepReceipt(
        **receipts[-1].model_dump(),
        resource=resource.name,
        document_id=led.key,
        number=taken.number,
        step=taken.step,
        state=taken.to_state,
        content_hash=taken.content_hash,
    )


def _author_of(led: Led, caller: Caller) -> Visible:
    """What the author of a step writes in: the chain that keeps the document; of an office's, as that office."""
    stage = next((stage for stage, office in CENTRES.items() if office == led.school_id), caller.visible.stage)
    if caller.visible.district:
        return replace(caller.visible, stage=stage)
    return Visible(stage=stage, schools=(led.school_id,))


def _taken_before(led: Led, given: Given, caller: Caller) -> int | None:
    """Which of the document's steps this is, sent again: under the same key, or, without one, its last.

    Raises Refused (409) when the key was used for another.
    """
    asked = (given.step, given.why, dict(given.facts))
    for place, (each, row) in enumerate(zip(led.taken, led.receipts, strict=True)):
        if each.by != caller.client_id:
            continue
        same = (each.step, each.why, dict(each.facts)) == asked and given.on in (None, each.on)
        if given.idempotency_key is None:
            if same and place == len(led.taken) - 1 and given.content_hash in (None, each.content_hash):
                return place if each.content_hash == led.content_hash and each.to_state == led.state else None
        elif msgspec.json.decode(row["content"])["idempotency_key"] == given.idempotency_key:
            if not same:
                raise Refused("idempotency_key_reused")
            return place
    return None


def _answer(led: Led, place: int) -> StepReceipt:
    taken, row = led.taken[place], led.receipts[place]
    return StepReceipt(
        batch_id=str(row["batch_id"]),
        received=1,
        created=0,
        revised=0,
        unchanged=1,
        rejected=0,
        errors=[],
        chains=[ChainPosition(school_id=led.school_id, seq=row["seq"], head=row["head"].hex())],
        recorded_at=row["recorded_at"],
        resource=led.machine.resource,
        document_id=led.key,
        number=taken.number,
        step=taken.step,
        state=led.state,
        content_hash=taken.content_hash,
    )


def standing(led: Led, caller: Caller) -> dict[str, Any]:
    """What `GET` adds to a document: its history, and what this caller can do next."""
    there = possible(led.machine.steps, caller.kind, led.state)
    return {
        "history": history_of(led),
        "possible": [_shown_step(name, led.machine.steps[name]) for name in there],
    }


def _shown_step(name: str, step: Step) -> dict[str, Any]:
    return {
        "step": name,
        "to": step.to,
        "needs": [*step.needs, *(["content_hash"] if step.names_content else []), *(["why"] if step.why else [])],
        "may": list(step.may),
        "conditions": [{"zh": each.zh, "en": each.en} for each in step.conditions],
    }


def history_of(led: Led) -> list[dict[str, Any]]:
    """Who did what with it, when, why, about which content; the first of it first."""
    # A step that changes nothing of the document names the revision that somebody posted before.
    by_steps = {(each.revision, row["request_id"]) for each, row in zip(led.taken, led.receipts, strict=True)}
    posted = [
        {
            "step": "posted",
            "revision": version.revision,
            "content_hash": led.machine.hash_of(version.content),
            "why": row["reason"],
            "by": row["client_id"],
            "recorded_at": version.recorded_at,
            "batch_id": str(row["batch_id"]),
        }
        for version, row in zip(led.versions, led.posted, strict=True)
        if (version.revision, row["request_id"]) not in by_steps
    ]
    steps = [
        {
            "number": each.number,
            "step": each.step,
            "from_state": each.from_state,
            "state": each.to_state,
            "on": each.on,
            "content_hash": each.content_hash,
            "facts": each.facts,
            "why": each.why,
            "by": each.by,
            "by_kind": each.by_kind,
            "recorded_at": each.recorded_at,
            "batch_id": str(row["batch_id"]),
        }
        for each, row in zip(led.taken, led.receipts, strict=True)
    ]
    return sorted([*posted, *steps], key=lambda event: event["recorded_at"])


async def standing_of(
    ledger: Ledger, machine: Machine, document: str, caller: Caller, *, school_id: str | None, as_of: datetime | None
) -> Led:
    """A document that the caller may see; raises Refused (404)."""
    async with reading(ledger.pool, caller.visible) as connection:
        where = await find(connection, machine, document, school_id=school_id)
        return await load(connection, machine, *where, as_of=as_of)


def refuse_unless_read(readers: Collection[str] | None, caller: Caller) -> None:
    """Raises Refused (404) when this kind of client does not read such records."""
    if readers is not None and caller.kind not in readers:
        raise Refused("not_found")
