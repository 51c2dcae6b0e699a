"""Compensation (报酬): what each person's work is worth under the school's plan, and why, line by line; 一(一)5."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, repeat
from operator import attrgetter
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response
from msgspec import Struct

from services.reporting.answers import Papers, Table
from services.reporting.corrections import Correction, corrections_of
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.draft import draft_sheet
from services.reporting.forms.press import AnswerPress
from services.reporting.pay_run import pay_basis
from services.reporting.pay_words import why
from services.reporting.periods import Month, TermId, school_period_of
from shared.pagination import Limit, decode_cursor
from shared.problems import Language
from shared.remuneration import PayLine, PayRun, Worth

router = APIRouter(prefix="/v1/reports/compensation", tags=["reports"])

_CSV_COLUMNS = (
    "staff_id", "service_date", "record", "class_hours", "rate_fen", "factors", "plan_version", "amount_fen", "why",
    "corrects",
)  # fmt: skip
_encode = msgspec.json.encode
_claimed = attrgetter("worth.class_hours_hundredths")
_key, _when, _worth = attrgetter("record_key"), attrgetter("service_date"), attrgetter("worth")


@router.get("", responses=ON_PAPER)
async def compensation(
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    staff_id: Annotated[str | None, Query(description="only this person's slip; the totals are of all")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """By staff: amount and why: every line with hours × rate × factors and the plan's version; totals; budget use.

    Corrections of earlier periods that are paid stand beside: `payable_fen` is both together.
    """
    if press.on_paper:
        return await draft_sheet(reports, press, school_id=school_id, month=month, term_id=term_id, money=True)
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with reports.snapshot() as snapshot:
        period, chain = await school_period_of(snapshot.connection, school_id, month, term_id, as_of=snapshot.as_of)
        if snapshot.is_known:
            return snapshot.unchanged()
        run = (await pay_basis(snapshot.connection, school_id, period, as_of=snapshot.as_of)).run()
        corrections = await corrections_of(snapshot.connection, school_id, period, as_of=snapshot.as_of)
    slips = _Slips(run, corrections, snapshot.language)
    people = [each for each in slips.people if each > after and staff_id in {None, each}]
    body = {
        "school_id": school_id,
        "period": period.name,
        "chain": chain,
        "currency": "CNY",
        "total_fen": run.total_fen,
        "corrections_fen": slips.corrections_fen,
        "payable_fen": run.total_fen + slips.corrections_fen,
        "people": len(slips.people),
        "budget": budget_of(run),
        "unpriced": [
            {
                "record": item.record_key,
                "staff_id": item.staff_id,
                "service_date": item.service_date,
                "reason": item.reason,
            }
            for item in run.unpriced
        ],
        "items": [slips.slip(each) for each in people[:limit]] if snapshot.format == "json" else (),
        "next_cursor": snapshot.link_next((people[limit - 1],) if len(people) > limit else None),
    }
    rows = () if snapshot.format == "json" else list(slips.every_line(staff_id))
    return snapshot.answer(body, Table(f"compensation-{school_id}-{period.name}", _CSV_COLUMNS, rows))


def budget_of(run: PayRun) -> dict[str, object]:
    """What the budget is and how much of it is used."""
    return {
        "budget_fen": run.budget_fen,
        "used_fen": run.total_fen,
        "scale": float(run.scale),
        "refused": run.refused,
    }


class _Said(Struct, frozen=True):
    """What a line says beside whose, which record and when: lines of one price, hours and amount have it in common."""

    class_hours: float
    paid_class_hours: float
    rate_fen: int
    rate_of: str
    factors: dict[str, float]
    plan_version: str
    amount_fen: int
    why: str


class CorrectionLine(Struct, frozen=True):
    """One correction as it is answered: the record as it was paid for and as it is, null where there is none."""

    staff_id: str
    service_date: date
    corrects: str
    record_paid: str | None
    record: str | None
    paid_fen: int
    due_fen: int
    amount_fen: int
    why: str


class Slip(Struct, frozen=True):
    """One person's: lines that add up to the amount, and with the corrections to what is payable."""

    staff_id: str
    amount_fen: int
    corrections_fen: int
    payable_fen: int
    class_hours: float
    lines: msgspec.Raw
    corrections: Sequence[CorrectionLine]


class _Slips:
    """A run and its corrections by person, in words."""

    def __init__(self, run: PayRun, corrections: Iterable[Correction], language: Language) -> None:
        self._run, self._language = run, language
        self._shown = _Wording(run, language)
        self._corrections: dict[str, list[Correction]] = defaultdict(list)
        for each in corrections:
            self._corrections[each.staff_id].append(each)
        self.people = sorted(run.lines_by_staff.keys() | self._corrections.keys())
        self.corrections_fen = sum(each.amount_fen for own in self._corrections.values() for each in own)

    def slip(self, staff_id: str) -> Slip:
        """One person's."""
        lines = self._run.lines_by_staff.get(staff_id, ())
        corrections = [self._correction(each) for each in self._corrections.get(staff_id, ())]
        amount, more = self._run.total_by_staff_fen.get(staff_id, 0), sum(each.amount_fen for each in corrections)
        return Slip(
            staff_id,
            amount,
            more,
            amount + more,
            sum(map(_claimed, lines)) / 100,
            self._shown.lines(staff_id, lines),
            corrections,
        )

    def every_line(self, staff_id: str | None) -> Iterable[Mapping[str, object]]:
        """Lines and corrections of everybody, or of one, as rows."""
        for each in self.people:
            if staff_id not in {None, each}:
                continue
            slip = self.slip(each)
            yield from msgspec.json.decode(slip.lines, type=list[dict[str, object]])
            for correction in slip.corrections:
                row = {name: getattr(correction, name) for name in CorrectionLine.__struct_fields__}
                yield row | {"record": correction.record or correction.record_paid}

    def _correction(self, each: Correction) -> CorrectionLine:
        some = (each.due or each.paid)[0]
        return CorrectionLine(
            each.staff_id,
            some.service_date,
            each.period,
            each.paid[0].record_key if each.paid else None,
            each.due[0].record_key if each.due else None,
            sum(line.amount_fen for line in each.paid),
            sum(line.amount_fen for line in each.due),
            each.amount_fen,
            each.why(self._language),
        )


class _Dates(dict[date, bytes]):
    """Days as a line has them."""

    def __missing__(self, day: date) -> bytes:
        written = self[day] = f'","service_date":"{day.isoformat()}",'.encode()
        return written


class _Wording:
    """Lines in words, as JSON: what many lines say alike is worded and written once, and there are few of these."""

    def __init__(self, run: PayRun, language: Language) -> None:
        self._scale, self._language = run.scale, language
        # By the worth's identity: it is kept as long as its run.
        self._said: dict[int, bytes] = {}
        self._dates = _Dates()

    def lines(self, staff_id: str, lines: Sequence[PayLine]) -> msgspec.Raw:
        """One person's as a list of objects. Ids and record keys are of characters that JSON takes as they are."""
        begins = f',{{"staff_id":"{staff_id}","record":"'.encode()
        worths = list(map(_worth, lines))
        places = list(map(id, worths))
        for place, worth in dict(zip(places, worths, strict=True)).items():
            if place not in self._said:
                self._said[place] = self._say(worth)
        pieces = zip(
            repeat(begins),
            map(str.encode, map(_key, lines)),
            map(self._dates.__getitem__, map(_when, lines)),
            map(self._said.__getitem__, places),
            strict=False,
        )
        return msgspec.Raw(b"[%b]" % b"".join(chain.from_iterable(pieces))[1:])

    def _say(self, worth: Worth) -> bytes:
        price = worth.price
        said = _Said(
            worth.class_hours_hundredths / 100,
            worth.paid_class_hours_hundredths / 100,
            price.rate_fen,
            price.rate_of,
            {f"{each.name}:{each.entry}": float(each.value) for each in price.factors},
            price.plan_version,
            worth.amount_fen,
            why(worth, scale=self._scale, language=self._language),
        )
        # Without its opening brace: it goes on behind what is the line's own.
        return _encode(said)[1:]
