"""What came to light about a period after it was paid, as lines of the next: recomputed minus paid; 一(二)3 据实发放.

A payment paid for what the ledger said when the statement behind it was submitted. A later period's run looks at every
earlier paid one again: what its work is worth now, less what the last payment that could know of it has already paid for.
So all runs together pay each record's true worth, once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from services.reporting.pay_run import pay_basis
from services.reporting.pay_words import why
from services.reporting.periods import Period
from shared.database import Statement
from shared.money import shown_yuan
from shared.problems import Language
from shared.remuneration import PayLine, PayRun

_PAID = Statement.from_file(Path(__file__).with_name("corrections.sql"))
_CHANGED = Statement.from_file(Path(__file__).with_name("corrections_changed.sql"))


@dataclass(frozen=True)
class PaidPeriod:
    """A period with a payment, and the instant whose ledger the payment paid for."""

    period: Period
    paid_for: datetime


@dataclass(frozen=True)
class Correction:
    """One person's part in one record of a paid period that is worth more or less than was paid for it."""

    period: str
    staff_id: str
    # The same record's lines under both: none where it was not there, or is there no more.
    paid: Sequence[PayLine]
    due: Sequence[PayLine]
    paid_run: PayRun
    due_run: PayRun

    @property
    def amount_fen(self) -> int:
        """What is to be paid more, or less."""
        return sum(line.amount_fen for line in self.due) - sum(line.amount_fen for line in self.paid)

    def why(self, language: Language) -> str:
        """One sentence: what was paid, what is due, and both with their reasons."""
        paid, due = (
            " + ".join(why(line, scale=run.scale, language=language) for line in lines)
            or ("无记录" if language == "zh" else "no record")
            for lines, run in ((self.paid, self.paid_run), (self.due, self.due_run))
        )
        amount = shown_yuan(self.amount_fen)
        if language == "zh":
            return f"更正已发放的 {self.period}：原为 {paid}；现为 {due}；差额 {amount} 元"
        return f"corrects {self.period}, which is paid: it was {paid}; it is {due}; difference {amount} yuan"


async def corrections_of(
    connection: asyncpg.Connection, school_id: str, period: Period, *, as_of: datetime | None
) -> list[Correction]:
    """Of every period of the school that ended before this one and is paid, by person, date and record.

    What came to light after this period's own payment is the next one's to correct.
    """
    rows = await _PAID.fetch(connection, school_id=school_id, as_of=as_of)
    paid = [PaidPeriod(Period(row["period"], row["first_day"], row["last_day"]), row["paid_for"]) for row in rows]
    own = [each.paid_for for each in paid if each.period == period]
    until = min([*own, *([as_of] if as_of is not None else [])], default=None)
    earlier = [each for each in paid if each.period.last_day < period.first_day]
    found: list[Correction] = []
    for each in earlier:
        # A later payment has already paid for what its run corrected.
        known = max(other.paid_for for other in earlier if other.period.last_day >= each.period.last_day)
        if until is not None and until <= known:
            continue
        span = {"first_day": each.period.first_day, "last_day": each.period.last_day}
        (changed,) = await _CHANGED.fetch(connection, school_id=school_id, after=known, until=until, **span)
        if changed["changed"]:
            before = (await pay_basis(connection, school_id, each.period, as_of=known)).run()
            now = (await pay_basis(connection, school_id, each.period, as_of=until)).run()
            found += _differences(each.period.name, before, now)
    return found


def _differences(period: str, paid: PayRun, due: PayRun) -> Iterator[Correction]:
    before, now = _by_record(paid.lines), _by_record(due.lines)
    for place in sorted(before.keys() | now.keys()):
        correction = Correction(period, place[0], before[place], now[place], paid, due)
        if correction.amount_fen:
            yield correction


def _by_record(lines: Iterable[PayLine]) -> dict[tuple[str, str], list[PayLine]]:
    """By person and record, whatever its revision."""
    found: dict[tuple[str, str], list[PayLine]] = defaultdict(list)
    for line in lines:
        found[line.staff_id, line.record_key.rpartition("#")[0]].append(line)
    return found
