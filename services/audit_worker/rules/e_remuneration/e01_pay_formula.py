"""E01: the term's amounts against the plan in force applied to the ledger, person by person, to the fen; 一(一)5."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from services.audit_worker.fold import Row
from shared.money import shown_yuan
from shared.remuneration import AllocationPlan, PayRun, compute_pay
from shared.work import WorkDay, hours_of

_PACKED = msgspec.json.Decoder(WorkDay)


class _Line(msgspec.Struct):
    staff_id: str
    class_hours: Decimal
    amount_fen: int | None = None
    correction_fen: int | None = None


def find(rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> Iterator[Row]:
    """One finding a person whose stated amount is further than `tolerance_fen` from the plan's.

    `rows`: one a school and term, as e01_pay_formula.sql returns them.
    """
    for row in rows:
        # A school's days as the rollup packs them.
        work = [_PACKED.decode(day) for day in row["work"]]
        run = compute_pay(
            msgspec.json.decode(row["plans"], type=list[AllocationPlan]),
            work,
            staff_kinds=msgspec.json.decode(row["staff_kinds"], type=dict[str, str]),
            qualities=msgspec.json.decode(row["qualities"], type=dict[str, str]),
        )
        if run.refused or (run.scale != 1 and run.unpriced):
            continue
        yield from _of_school(row, work, run, int(parameters["tolerance_fen"]))


def _of_school(row: Mapping[str, Any], work: Iterable[WorkDay], run: PayRun, tolerance_fen: int) -> Iterator[Row]:
    hours = hours_of(work)
    unknown = {item.staff_id for item in run.unpriced}
    for line in msgspec.json.decode(row["lines"], type=list[_Line]):
        if line.amount_fen is None or line.staff_id in unknown:
            continue
        done = hours.get(line.staff_id, 0)
        if line.class_hours * 100 != done:
            continue
        # What corrects a paid term comes on top; where none was paid there is nothing to correct.
        correction = (line.correction_fen or 0) if row["paid_before"] else 0
        due = int(run.total_by_staff_fen.get(line.staff_id, 0)) + correction
        if abs(line.amount_fen - due) > tolerance_fen:
            yield _finding(row, line, due, done, run)


def _finding(row: Mapping[str, Any], line: _Line, due: int, hours: int, run: PayRun) -> Row:
    stated = line.amount_fen or 0
    return Row(
        school_id=row["school_id"],
        subject_kind="staff",
        subject=line.staff_id,
        service_date=None,
        period=row["period"],
        expected=shown_yuan(due),
        found=shown_yuan(stated),
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=max(stated - due, 0),
        evidence={
            "records": [f"{row['record_key']}/{line.staff_id}", *(row["plan_keys"] or ())],
            "values": {
                "stated_fen": stated,
                "by_plan_fen": due,
                "correction_fen": line.correction_fen or 0,
                "class_hours_hundredths": hours,
                "budget_scale": float(run.scale),
                "plan_versions": sorted(
                    {each.price.plan_version for each in run.lines_by_staff.get(line.staff_id, ())}
                ),
            },
        },
    )
