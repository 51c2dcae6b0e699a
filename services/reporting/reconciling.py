"""What ledger, publications, submission, review and payments say of each person of a school, and where they part; 一(二)2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from services.reporting.answers import Snapshot
from services.reporting.corrections import corrections_of
from services.reporting.pay_run import PayBasis, pay_basis
from services.reporting.periods import Period
from shared.database import Statement
from shared.work import hours_of

Measure = Literal["class_hours_hundredths", "amount_fen"]
Figures = Mapping[str, int | None]

_SAID = Statement.from_file(Path(__file__).with_suffix(".sql"))
# The chain of the notice, in its order: each link is held against the nearest one before it that says something.
SOURCES = ("ledger", "months", "publication", "submission", "review", "payment")
CHAINS: Mapping[Measure, Sequence[str]] = {
    "class_hours_hundredths": ("ledger", "months", "publication", "submission", "review"),
    # What the ledger comes to under the school's plan, first.
    "amount_fen": ("ledger", "publication", "submission", "review", "payment"),
}


@dataclass(frozen=True)
class Difference:
    """Two neighbours of the chain that do not say the same of a person; None: the one says nothing of them."""

    measure: Measure
    earlier: str
    later: str
    earlier_value: int | None
    later_value: int | None

    @property
    def by(self) -> int:
        """Later less earlier; who is not named has nothing there."""
        return (self.later_value or 0) - (self.earlier_value or 0)


def differences_of(said: Mapping[str, Figures], measured: Mapping[Measure, Sequence[str]]) -> list[Difference]:
    """Where a person's figures part, along the chain, in its order.

    `said`: the person's figures by source, no entry where a source does not name them; hundredths and fen. `measured`: the
    sources of each measure that exist at all and give it, in the chain's order. A difference is never lost in a sum: each
    link is compared with the one before it.
    """
    found = []
    for measure, sources in measured.items():
        for earlier, later in pairwise(sources):
            values = tuple(said.get(source, {}).get(measure) for source in (earlier, later))
            if values[0] != values[1]:
                found.append(Difference(measure, earlier, later, *values))
    return found


@dataclass(frozen=True)
class Reconciled:
    """A school's period: each person with their figures and differences, the worst first; the documents of each source.

    `totals`: each source's sums; None for a source that says nothing, and for a measure that it does not give.
    """

    people: Sequence[tuple[str, Mapping[str, Figures], Sequence[Difference]]]
    documents: Mapping[str, Sequence[str]]
    totals: Mapping[str, Mapping[str, object] | None]

    @property
    def differing(self) -> int:
        """Of how many people not all say the same."""
        return sum(bool(differences) for _staff_id, _figures, differences in self.people)


async def reconcile(snapshot: Snapshot, school_id: str, period: Period) -> Reconciled:
    """Hold a school's month or term together, as the ledger knew it at the snapshot's instant."""
    is_month = len(period.name) == len("2025-10")
    rows = await _SAID.fetch(
        snapshot.connection,
        school_id=school_id,
        period=period.name,
        month=period.name if is_month else None,
        months=_months_of(period),
        first_day=period.first_day,
        last_day=period.last_day,
        as_of=snapshot.as_of,
    )
    said, documents = _by_person(rows)
    measured = _measured(rows, documents)
    basis = await pay_basis(snapshot.connection, school_id, period, as_of=snapshot.as_of)
    due = await _due_fen(snapshot, school_id, period, basis)
    if due is None:
        measured["amount_fen"].remove("ledger")
    for staff_id, figures in _in_ledger(basis, due or {}).items():
        said.setdefault(staff_id, {})["ledger"] = figures
    people = [(staff_id, figures, differences_of(figures, measured)) for staff_id, figures in said.items()]
    return Reconciled(sorted(people, key=_worst_first), documents, _totals(said, measured))


async def _due_fen(snapshot: Snapshot, school_id: str, period: Period, basis: PayBasis) -> dict[str, int] | None:
    """What each person has earned by the plan, corrections of what was paid before with it, as a publication states it.

    None where that is not known: some of the work has no price, or the plan refuses a total beyond its budget.
    """
    run = basis.run()
    if run.unpriced or run.refused or not run.lines_by_staff:
        return None
    due: dict[str, int] = dict(run.total_by_staff_fen)
    for each in await corrections_of(snapshot.connection, school_id, period, as_of=snapshot.as_of):
        due[each.staff_id] = due.get(each.staff_id, 0) + each.amount_fen
    return due


def _in_ledger(basis: PayBasis, due: Mapping[str, int]) -> dict[str, Figures]:
    """Everybody's class hours, and what they have earned; who has earned by corrections alone has no hours here."""
    hours = hours_of(basis.work)
    return {
        staff_id: {"class_hours_hundredths": hours.get(staff_id), "amount_fen": due.get(staff_id)}
        for staff_id in sorted({*hours, *due})
    }


def _months_of(period: Period) -> list[str]:
    months, day = [], period.first_day
    while day <= period.last_day:
        months.append(f"{day:%Y-%m}")
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return months


def _by_person(rows: Sequence[Any]) -> tuple[dict[str, dict[str, Figures]], dict[str, list[str]]]:
    """What each source says of each person, and the documents of each source."""
    said: dict[str, dict[str, Figures]] = {}
    documents: dict[str, list[str]] = {}
    for row in rows:
        if row["staff_id"] is None:
            documents[row["source"]] = row["record_keys"]
        else:
            figures = {"class_hours_hundredths": row["class_hours_hundredths"], "amount_fen": row["amount_fen"]}
            said.setdefault(row["staff_id"], {})[row["source"]] = figures
    return said, documents


def _measured(rows: Sequence[Any], documents: Mapping[str, object]) -> dict[Measure, list[str]]:
    """The sources that exist and give a measure: a document that names no amount at all does not deny one."""
    gives = {
        (row["source"], measure)
        for row in rows
        for measure in CHAINS
        if row["staff_id"] is not None and row[measure] is not None
    }
    return {
        measure: [
            source
            for source in chain
            if (source == "ledger" or source in documents) and (source == "ledger" or (source, measure) in gives)
        ]
        for measure, chain in CHAINS.items()
    }


def _worst_first(person: tuple[str, object, Sequence[Difference]]) -> tuple[bool, int, int, str]:
    staff_id, _figures, differences = person
    worst = {
        measure: max((abs(each.by) for each in differences if each.measure == measure), default=0) for measure in CHAINS
    }
    return not differences, -worst["amount_fen"], -worst["class_hours_hundredths"], staff_id


def shown_figures(figures: Figures | None) -> dict[str, object] | None:
    """Hundredths and fen as they are, class hours as a number too."""
    if figures is None:
        return None
    hundredths = figures["class_hours_hundredths"]
    return {
        "class_hours": None if hundredths is None else hundredths / 100,
        "class_hours_hundredths": hundredths,
        "amount_fen": figures["amount_fen"],
    }


def _totals(
    said: Mapping[str, Mapping[str, Figures]], measured: Mapping[Measure, Sequence[str]]
) -> dict[str, dict[str, object] | None]:
    """Each source's sums; None for a source that says nothing, and for a measure that it does not give."""
    sums: dict[str, dict[str, int | None]] = {
        source: {
            measure: sum(figures.get(source, {}).get(measure) or 0 for figures in said.values())
            if source in sources
            else None
            for measure, sources in measured.items()
        }
        for source in SOURCES
    }
    return {
        source: shown_figures(each) if any(value is not None for value in each.values()) else None
        for source, each in sums.items()
    }
