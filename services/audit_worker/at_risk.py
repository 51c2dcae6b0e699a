"""Money at risk: a finding's class hours at risk × what the plan in force makes of such an hour; once, for every rule.

Such an hour is the mean hour of the records that the finding names, of its own person where it is about one; if it names
none of the ledger (a publication, a submission), of all that the person, or else the school, did in its period; if there
is nothing at all, an hour at the plan's rate for everything else (`*`). The plan's factors count but that of the kind of staff, which the
register may say otherwise tomorrow; its caps and its budget bound what is paid, not what an hour is worth.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import asyncpg
import msgspec

from services.audit_worker.fold import Row
from services.audit_worker.scope import TermDates
from shared.class_hours import Hundredths
from shared.database import Statement
from shared.money import Fen, round_to_fen
from shared.remuneration import AllocationPlan, Caps, compute_pay
from shared.work import WorkItem, days_of

# What the engine reads for the amounts of all rules: a change of it dirties whatever they found.
PRICES = "allocation-plans"

_WORK = Statement.from_file(Path(__file__).with_suffix(".sql"))
_RECORD = re.compile(r"^(sessions|duties)/([0-9]{10})/([^/#]+)#([0-9]+)$")
# Of one person, and of a whole school.
_DONE = Statement.parse("""
    select asked.place, done.record_key
    from unnest(:places::integer[], :school_ids::text[], :staff_ids::text[], :first_days::date[], :last_days::date[])
        as asked (place, school_id, staff_id, first_day, last_day)
    inner join audit.staff_day
        on
            staff_day.staff_id = asked.staff_id
            and staff_day.school_id = asked.school_id
            and staff_day.service_date between asked.first_day and asked.last_day
    cross join lateral unnest(staff_day.record_keys) as done (record_key)
    union
    select asked.place, done.record_key
    from unnest(:places::integer[], :school_ids::text[], :staff_ids::text[], :first_days::date[], :last_days::date[])
        as asked (place, school_id, staff_id, first_day, last_day)
    inner join audit.staff_day
        on
            staff_day.school_id = asked.school_id
            and staff_day.service_date between asked.first_day and asked.last_day
    cross join lateral unnest(staff_day.record_keys) as done (record_key)
    where asked.staff_id is null
""")
_PLANS = Statement.parse("select school_id, content from ledger.allocation_plan where school_id = any(:school_ids)")


@dataclass(frozen=True)
class Worth:
    """What so many hundredths of class hours are worth, exactly, and by which versions of the plan."""

    hundredths: int
    exact_fen: Fraction
    plan_versions: tuple[str, ...]

    def of(self, hundredths: int) -> Fen:
        """What `hundredths` of such class hours are worth."""
        return round_to_fen(hundredths * self.exact_fen / self.hundredths)


async def priced(connection: asyncpg.Connection, rows: Sequence[Row], terms: Sequence[TermDates]) -> list[Row]:
    """The rows, those with class hours at risk and no amount of the rule's own with the plan's amount.

    Unknown stays None: no plan is in force on the day, or it has no rate for what was done.
    """
    wanted = {
        place: (row, span)
        for place, row in enumerate(rows)
        if row.hours_at_risk_hundredths and row.amount_at_risk_fen is None
        if (span := _span(row, terms)) is not None
    }
    if not wanted:
        return [_nothing_at_risk(row) for row in rows]
    work = await _work(connection, wanted)
    schools = {item_school for items in work.values() for item_school, _item in items}
    found = await _PLANS.fetch(connection, school_ids=list(schools | {row.school_id for row, _span in wanted.values()}))
    plans: dict[str, list[AllocationPlan]] = defaultdict(list)
    for each in found:
        plans[each["school_id"]].append(msgspec.json.decode(each["content"], type=AllocationPlan))
    result = [_nothing_at_risk(row) for row in rows]
    for place, (row, (_first_day, last_day)) in wanted.items():
        worth = worth_of(plans, work.get(place, ()), row, last_day)
        if worth is not None and row.hours_at_risk_hundredths is not None:
            result[place] = _with_amount(row, row.hours_at_risk_hundredths, worth)
    return result


def _nothing_at_risk(row: Row) -> Row:
    """No class hours at risk is no money, whatever the plan."""
    if row.hours_at_risk_hundredths == 0 and row.amount_at_risk_fen is None:
        return replace(row, amount_at_risk_fen=0)
    return row


def _with_amount(row: Row, hundredths: int, worth: Worth) -> Row:
    by = {"fen_per_class_hour": int(worth.of(100)), "plan_versions": worth.plan_versions}
    return replace(
        row, amount_at_risk_fen=int(worth.of(hundredths)), evidence={**row.evidence, "amount_at_risk_by": by}
    )


def worth_of(
    plans: Mapping[str, Sequence[AllocationPlan]], work: Collection[tuple[str, WorkItem]], row: Row, day: date
) -> Worth | None:
    """What the hours of a finding are worth; None where any of it has no rate in force.

    `plans`: by school. `work`: what the finding's records claim, each with its school. `day`: whose plan applies where
    there is no work at all.
    """
    own = [
        (school_id, item) for school_id, item in work if row.subject_kind == "staff" and item.staff_id == row.subject
    ]
    claimed = [(school_id, item) for school_id, item in own or work if item.class_hours_hundredths]
    if not claimed:
        claimed = [(row.school_id, WorkItem("", row.subject, day, Hundredths(100)))]
    exact = Fraction(0)
    versions: set[str] = set()
    for school_id in {school_id for school_id, _item in claimed}:
        unbounded = [msgspec.structs.replace(plan, caps=Caps(), budget_fen=None) for plan in plans.get(school_id, ())]
        run = compute_pay(unbounded, days_of(item for of_school, item in claimed if of_school == school_id))
        if run.unpriced:
            return None
        exact += sum(line.exact_fen for line in run.lines)
        versions.update(line.price.plan_version for line in run.lines)
    return Worth(sum(item.class_hours_hundredths for _school_id, item in claimed), exact, tuple(sorted(versions)))


def _span(row: Row, terms: Sequence[TermDates]) -> tuple[date, date] | None:
    """The days that a finding speaks of."""
    if row.service_date is not None:
        return row.service_date, row.service_date
    if row.period is None:
        return None
    if len(row.period) == len("2025-09"):
        first = date.fromisoformat(f"{row.period}-01")
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return next(((term.starts_on, term.ends_on) for term in terms if term.term_id == row.period), None)


async def _work(
    connection: asyncpg.Connection, wanted: Mapping[int, tuple[Row, tuple[date, date]]]
) -> dict[int, list[tuple[str, WorkItem]]]:
    """By finding: the parts of the sessions and duties that it names, or else those of its person or school in its days."""
    named = {
        (place, record)
        for place, (row, _span) in wanted.items()
        for record in row.records
        if isinstance(record, str) and _RECORD.match(record)
    }
    places = sorted(wanted.keys() - {place for place, _record in named})
    if places:
        of = [wanted[place][0] for place in places]
        done = await _DONE.fetch(
            connection,
            places=places,
            school_ids=[row.school_id for row in of],
            staff_ids=[row.subject if row.subject_kind == "staff" else None for row in of],
            first_days=[wanted[place][1][0] for place in places],
            last_days=[wanted[place][1][1] for place in places],
        )
        named |= {(each["place"], each["record_key"]) for each in done}
    asked = [(place, match) for place, record in sorted(named) if (match := _RECORD.match(record))]
    found = await _WORK.fetch(
        connection,
        places=[place for place, _match in asked],
        record_keys=[match[0] for _place, match in asked],
        resources=[match[1] for _place, match in asked],
        school_ids=[match[2] for _place, match in asked],
        ids=[match[3] for _place, match in asked],
        revisions=[int(match[4]) for _place, match in asked],
    )
    work: dict[int, list[tuple[str, WorkItem]]] = defaultdict(list)
    for each in found:
        place, school_id, *part = each.values()
        work[place].append((school_id, WorkItem(**dict(zip(_PART, part, strict=True)))))
    return work


_PART = (
    "record_key", "staff_id", "service_date", "class_hours_hundredths", "category", "duty_kind", "slot", "role",
    "headcount",
)  # fmt: skip
