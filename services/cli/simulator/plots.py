"""Which school of a simulated district has what planted: every kind somewhere, several at each, none that hides another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from services.cli.simulator.arrangements import IN_ARRANGEMENTS
from services.cli.simulator.day_frauds import DAY_FRAUDS
from services.cli.simulator.days import SchoolDay
from services.cli.simulator.documents import IN_DOCUMENTS
from services.cli.simulator.frauds import OF_A_DAY, InDay, Planted
from services.cli.simulator.patterns import patterns_of
from services.cli.simulator.plan_frauds import PLAN_FRAUDS
from services.cli.simulator.term_frauds import ACROSS_DAYS, IN_OTHER_PAPERS, IN_REGISTERS

Kind = TypeVar("Kind", str, str | None)

IN_DAY: Mapping[str, InDay] = {**OF_A_DAY, **DAY_FRAUDS}
# Rule F03 looks at months of at least ten days.
DAYS_FOR_EQUAL_HOURS = 12
# Planted in the register, and labelled when the days are made.
OF_OUTSIDERS = "C06"
# The most that one school has planted in its documents, and of what takes more than a day.
MOST_IN_DOCUMENTS, MOST_ACROSS_DAYS, MOST_IN_PAPERS = 9, 3, 4
# One of these hides the other, or changes what it is found by: not both at a school.
_APART = tuple(
    map(
        frozenset,
        (
            ("C04", "C05"),
            ("B03", "B01"), ("B03", "B04"),
            ("D07", "D08"), ("D06", "D02-missing"), ("D01", "D02-missing"), ("D04", "D02-missing"),
            ("D02-late", "D02-short"), ("D02-late", "D03-after"), ("D03-after", "D03-never"), ("D03-few", "D03-content"),
            ("D10-signed", "D10-paid"), ("D12", "D02-late"), ("D09-paper", "D09-seal"),
            ("D07", "D14-total"), ("E01", "D14-total"),
            ("E08", "E05"), ("E08", "E07"), ("E08", "D08"), ("E08", "D10-paid"), ("E08", "B07-missing"),
            ("E04", "D06"), ("E04", "D07"), ("E04", "D08"), ("E04", "E01"), ("E04", "E07"),
            ("E03", "D06"), ("E03", "D07"), ("E03", "D08"), ("E03", "E01"), ("E03", "E07"),
            ("C08-contract", "C09-families"), ("C09-families", "C09-undecided"), ("C08-contract", "C09-undecided"),
            ("B07-missing", "B07-overdue"), ("C07-twice", "C07-pupils"), ("C07-after", "C07-not-held"),
            ("E10-amount", "E10-late"), ("E09-balance", "E11"), ("E09-balance", "D13"), ("E09-balance", "E08"),
        ),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """What one school has planted: in single days, over days, in its registers, papers and plan of pay."""

    in_day: tuple[str, ...] = ()
    across_days: tuple[str, ...] = ()
    in_documents: tuple[str, ...] = ()
    in_other_papers: tuple[str, ...] = ()
    in_arrangements: tuple[str, ...] = ()
    in_registers: str | None = None
    in_plan: str | None = None
    on_sunday: bool = False
    across: bool = False
    equal_hours: bool = False
    serves_in_spring: bool = False
    is_late: bool = False
    patterns: tuple[str, ...] = ()

    @property
    def is_honest(self) -> bool:
        """Whether nothing is planted."""
        return self in {Plot(), Plot(serves_in_spring=True)}

    @property
    def needs_sign_ins(self) -> bool:
        """Whether the school has to have a device that shows it."""
        return "A17" in self.in_day


def plant_in_day(fraud: str, made: SchoolDay, rng: Random, planted: Planted) -> None:
    """Change a day so that one rule has to see it."""
    IN_DAY[fraud](made, rng, planted)


def plots_of(schools: int, days: int, rng: Random, *, with_clock: bool) -> list[Plot]:
    """The first half of the schools is crooked: each kind at one of them, as far as there is room; the rest is honest."""
    crooked = max(1, schools // 2)
    shuffled: dict[str, list[str | None]] = {
        "registers": [*IN_REGISTERS, *[None] * 3],
        "plan": [*PLAN_FRAUDS, *[None] * 3],
        "day": [*IN_DAY],
        "across": [kind for kind in ACROSS_DAYS if kind != OF_OUTSIDERS],
        "documents": [*IN_DOCUMENTS],
        "papers": [*IN_OTHER_PAPERS],
    }
    for kinds in shuffled.values():
        rng.shuffle(kinds)
    plots = [
        _with_patterns(_plot(index, crooked, days, shuffled, rng), index, schools, days, is_late=with_clock)
        for index in range(crooked)
    ]
    # After everything else, so that a seed plants what it always did.
    arrangements = rng.sample(IN_ARRANGEMENTS, len(IN_ARRANGEMENTS))
    plots = [_with_arrangements(plot, _of(arrangements, index, crooked)) for index, plot in enumerate(plots)]
    honest = [Plot()] * (schools - crooked)
    if honest and any(plot.serves_in_spring for plot in plots):
        # An honest school, too, works on in the next term, and has paid.
        honest[-1] = Plot(serves_in_spring=True)
    return plots + honest


def _with_arrangements(plot: Plot, kinds: Sequence[str]) -> Plot:
    """What is planted in the school's catalogue, agreements, provisions and surveys."""
    chosen: list[str] = []
    for kind in kinds:
        if not _hidden(kind, [*plot.in_other_papers, *chosen]):
            chosen.append(kind)
    return replace(plot, in_arrangements=tuple(chosen))


def _with_patterns(plot: Plot, index: int, schools: int, days: int, *, is_late: bool) -> Plot:
    """What only shows over weeks as well; not where all have the same hours, and no dear plan where there is none."""
    found = () if plot.equal_hours else patterns_of(index, schools, days)
    if plot.in_plan is not None:
        found = tuple(pattern for pattern in found if pattern != "F08")
    return replace(plot, patterns=found, is_late=is_late and index % 2 == 0)


def _plot(index: int, crooked: int, days: int, shuffled: Mapping[str, Sequence[str | None]], rng: Random) -> Plot:
    taken: list[str] = []

    def some(kinds: Sequence[str | None], most: int) -> tuple[str, ...]:
        own = [kind for kind in kinds if kind is not None and not _hidden(kind, taken)]
        chosen: list[str] = []
        for kind in own:
            if len(chosen) < most and not _hidden(kind, taken):
                chosen.append(kind)
                taken.append(kind)
        return tuple(chosen)

    registers = some([shuffled["registers"][index % len(shuffled["registers"])]], 1)
    plan = some([shuffled["plan"][index % len(shuffled["plan"])]], 1)
    more = [kind for kind in rng.sample([*IN_DAY], 3) if kind not in shuffled["day"][index::crooked]]
    over_days = some(_of(shuffled["across"], index, crooked), MOST_ACROSS_DAYS)
    across = tuple(kind for kind in ACROSS_DAYS if kind in over_days)
    documents = some(_of(shuffled["documents"], index, crooked), MOST_IN_DOCUMENTS)
    return Plot(
        in_day=some([*_of(shuffled["day"], index, crooked), *more], max(1, days // 2)),
        across_days=across if OF_OUTSIDERS not in registers else (*across, OF_OUTSIDERS),
        in_documents=documents,
        in_other_papers=some(_of(shuffled["papers"], index, crooked), MOST_IN_PAPERS),
        in_registers=next(iter(registers), None),
        in_plan=next(iter(plan), None),
        on_sunday=index % 3 == 0,
        across=index % 2 == 1,
        equal_hours=index == crooked - 1 and days >= DAYS_FOR_EQUAL_HOURS,
        serves_in_spring="E08" in documents,
    )


def _of(kinds: Sequence[Kind], index: int, crooked: int) -> Sequence[Kind]:
    """The share of one of the crooked schools; when there are more schools than kinds, the kinds go round."""
    return kinds[index::crooked] or [kinds[index % len(kinds)]]


def _hidden(kind: str, taken: Collection[str]) -> bool:
    return kind in taken or any(kind in pair and pair & set(taken) for pair in _APART)
