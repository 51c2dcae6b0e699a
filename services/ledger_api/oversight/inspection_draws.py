"""Draws of the schools to inspect next (抽查抽签): by a published seed, weighted by risk, everybody in turn; 二(二), 三(五).

Who is drawn anybody can work out again, with nothing but SHA-256, from what the draw published: its seed, and each school's
`reached` and `weight`. A school has as many tickets as its weight; a ticket is SHA-256 of `seed/school_id/number`, numbers
from 1, in lower-case hex; the school's place is its lowest ticket. Schools that were reached less often in the school year
come first, among these the lowest place: so nobody is drawn again while another waits for the first time.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from msgspec import Meta

from services.ledger_api.dependencies import Ledger, LedgerReader, Writer, reads_as, sender_of
from services.ledger_api.entries import body_schema
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.decode import Decoded, decode
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.resource import Resource
from shared.asgi import requires
from shared.database import Statement, reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Fault, Invalid, Refused
from shared.vocabulary import BUREAU, CENTRES, Stage

router = APIRouter(prefix="/v1/inspection-draws", tags=["inspection-draws"])

# Whom it falls on does not know.
READERS = frozenset({"centre", "bureau", "auditor"})
METHOD = "sha256-tickets-1"
# However much is open about a school, another's turn comes as well.
MOST_TICKETS = 20
# So many draws of one office at most are made in the same moment.
TRIES = 8

_POOL = Statement.from_file(Path(__file__).with_suffix(".sql"))
_DRAWS = """
    select content, recorded_at
    from ledger.current_entry
    where resource = 'inspection-draws' and ($1::text is null or school_id = $1)
        and ($2::text is null or content ->> 'draw_id' = $2)
        and ($3::text is null or content ->> 'academic_year' = $3)
    order by school_id, content ->> 'academic_year', (content ->> 'number')::integer
"""
_PAGE = """
    select school_id, key, content, recorded_at
    from ledger.current_entry
    where resource = 'inspection-draws' and (school_id, key) > ($1, $2)
    order by school_id, key
    limit $3
"""

Key = Annotated[
    str | None, Header(pattern=r"^[A-Za-z0-9._:\-]{1,64}$", description="the same key again is the same draw")
]
Seed = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,128}$(?!\n)")]


class DrawOrder(Record, frozen=True):
    """What is asked for: so many schools of a year; by a seed of one's own or one that is made; `stage`: of these alone."""

    academic_year: AcademicYear
    count: Annotated[int, Meta(ge=1, le=2000)]
    seed: Seed | int | None = None
    risk_weighted: bool = True
    stage: Stage | None = None
    draw_id: Identifier | None = None


class Candidate(Record, frozen=True):
    """A school in the pool, as it was when the draw was made: how often reached this year, its open findings, its tickets."""

    school_id: str
    reached: int
    weight: int
    findings: int = 0


class Draw(Record, frozen=True):
    """A draw as the ledger keeps it, in the chain of the office that made it (`school_id`)."""

    school_id: str
    academic_year: AcademicYear
    number: int
    draw_id: str
    count: int
    seed: str
    risk_weighted: bool
    stage: Stage | None
    method: str
    pool: tuple[Candidate, ...]
    drawn: tuple[str, ...]


INSPECTION_DRAWS = Resource("inspection-draws", Draw, key=("academic_year", "number"))


def draw(seed: str, count: int, pool: Sequence[Candidate]) -> list[str]:
    """The schools drawn, in the order in which they are to be visited; at most as many as there are.

    The same seed and pool, in whatever order, give the same; a school of weight w comes before all others of its turn with
    probability w over the sum of their weights.
    """
    return [
        school.school_id
        for school in sorted(pool, key=lambda school: (school.reached, _place(seed, school), school.school_id))
    ][:count]


def _place(seed: str, school: Candidate) -> str:
    tickets = range(1, max(school.weight, 1) + 1)
    return min(sha256(f"{seed}/{school.school_id}/{number}".encode()).hexdigest() for number in tickets)


@router.post(
    "",
    response_model=None,
    dependencies=[Depends(requires("oversight.write"))],
    openapi_extra=body_schema(DrawOrder),
)
async def post_inspection_draw(
    request: Request, caller: Writer, ledger: Ledger, idempotency_key: Key = None
) -> Response:
    """Draw the schools to visit next: a centre of its stage, the bureau of the district. Nobody takes a draw back."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
        decoded = decode(body, request.headers.get("content-type", ""), lambda _raw: DrawOrder)
    if len(decoded.records) != 1:
        raise Refused("invalid_parameter", name="body", reason="one draw a request")
    (order,) = decoded.records
    if order.stage is not None and caller.visible.stage not in {None, order.stage}:
        reason = "a stage centre draws among the schools of its own stage"
        raise Invalid([Fault(decoded.pointer(0, "stage"), "invalid_value", {"reason": reason})])
    if caller.visible.stage is not None:
        order = msgspec.structs.replace(order, stage=caller.visible.stage)
    order = msgspec.structs.replace(order, draw_id=order.draw_id or idempotency_key)
    return await _drawn(ledger, order, sender_of(request, caller), decoded)


@router.get("", response_model=None, dependencies=[Depends(reads_as(READERS))])
async def list_inspection_draws(
    request: Request, caller: LedgerReader, ledger: Ledger, cursor: str | None = None, limit: Limit = 100
) -> Response:
    """The draws that the caller may see: a centre its own, the bureau and the auditor all."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_PAGE, *after, limit + 1)
    items = [_shown(row["content"], row["recorded_at"]) for row in rows[:limit]]
    last = (rows[limit - 1]["school_id"], rows[limit - 1]["key"]) if len(rows) > limit else None
    return page_response(request, items, last)


@router.get("/{draw_id}", response_model=None, dependencies=[Depends(reads_as(READERS))])
async def get_inspection_draw(draw_id: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """One draw with all that is needed to make it again: seed, method, and the pool with its weights."""
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_DRAWS, None, draw_id, None)
    if not rows:
        raise Refused("not_found")
    return _answer(rows[0]["content"], rows[0]["recorded_at"])


async def _drawn(
    ledger: LedgerWriterOfFacts, order: DrawOrder, sender: Sender, decoded: Decoded[DrawOrder]
) -> Response:
    """Draw, as the office's next of the year; made by two at once, the second is drawn knowing the first."""
    office = BUREAU if sender.caller.visible.stage is None else CENTRES[sender.caller.visible.stage]
    for _ in range(TRIES):
        async with reading(ledger.pool, sender.caller.visible) as connection:
            earlier = [
                (msgspec.json.decode(row["content"], type=Draw), row)
                for row in await connection.fetch(_DRAWS, office, None, None)
            ]
            same = next((each for each in earlier if order.draw_id and each[0].draw_id == order.draw_id), None)
            if same is not None:
                if _asks_otherwise(order, same[0]):
                    raise Refused("idempotency_key_reused")
                return _answer(same[1]["content"], same[1]["recorded_at"])
            pool = await _pool(connection, order, office)
        if not pool:
            raise Invalid(
                [Fault(decoded.pointer(0, "academic_year"), "invalid_value", {"reason": "there is no school to draw"})]
            )
        number = 1 + sum(each.academic_year == order.academic_year for each, _row in earlier)
        made = _make(order, office, number, pool)
        try:
            receipt = await ledger.append_entries(
                INSPECTION_DRAWS, Decoded([made], "object"), replace(sender, precondition=Precondition("none"))
            )
        except Refused as refused:
            if refused.code != "precondition_failed":
                raise
            continue
        return _answer(msgspec.json.encode(made), receipt.recorded_at)
    raise Refused("busy", headers={"Retry-After": "1"})


def _make(order: DrawOrder, office: str, number: int, pool: Sequence[Candidate]) -> Draw:
    seed = token_hex(16) if order.seed is None else str(order.seed)
    return Draw(
        school_id=office,
        academic_year=order.academic_year,
        number=number,
        draw_id=order.draw_id or f"{office}-{order.academic_year}-{number}",
        count=order.count,
        seed=seed,
        risk_weighted=order.risk_weighted,
        stage=order.stage,
        method=METHOD,
        pool=tuple(pool),
        drawn=tuple(draw(seed, order.count, pool)),
    )


def _asks_otherwise(order: DrawOrder, made: Draw) -> bool:
    seed = made.seed if order.seed is None else str(order.seed)
    asked = (order.academic_year, order.count, seed, order.risk_weighted, order.stage)
    return asked != (made.academic_year, made.count, made.seed, made.risk_weighted, made.stage)


async def _pool(connection: asyncpg.Connection, order: DrawOrder, office: str) -> list[Candidate]:
    rows = await _POOL.fetch(
        connection,
        kept_by=office,
        academic_year=order.academic_year,
        first_calendar_year=int(order.academic_year[:4]),
        stage=order.stage,
        today=datetime.now(ZoneInfo("Asia/Shanghai")).date(),
    )
    return [
        Candidate(
            school_id=row["school_id"],
            reached=row["reached"],
            weight=min(1 + row["points"], MOST_TICKETS) if order.risk_weighted else 1,
            findings=row["findings"],
        )
        for row in rows
    ]


def _shown(content: str | bytes, recorded_at: datetime) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.json.decode(content)
    return {"made_by": shown.pop("school_id"), **shown, "recorded_at": recorded_at}


def _answer(content: str | bytes, recorded_at: datetime) -> Response:
    return Response(msgspec.json.encode(_shown(content, recorded_at)), media_type="application/json")
