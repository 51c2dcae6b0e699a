"""A simulated school's special subsidy: what the district grants, what the book shows; and the frauds in it.

Labelled rules: B08, E09, E10, E11.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from services.cli.simulator.days import Record
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School

A_PUPIL_FEN = 20000
GRANT_DUE, GRANT_PAID, GRANT_LATE = "2025-11-30", "2025-11-10", "2026-01-12"
REST_FEN, MATERIALS_FEN = 50000, 12000
# Long after the term: what is still there then lies idle.
LATER = date(2026, 4, 20)


@dataclass(frozen=True)
class Booked:
    """One line of the book before its balance."""

    name: str
    booked_on: date
    amount_fen: int
    shown: Record


def funds_of(
    school: School,
    paid_fen: int,
    first_day: date,
    paid_on: date,
    frauds: Collection[str],
    planted: Planted,
    *,
    goes_on: bool,
) -> dict[str, list[Record]]:
    """The book, from the grant to the pay; `goes_on`: into the next term. The grant by the number of pupils."""
    idle = paid_fen + 300000 if "E11" in frauds else 0
    came = paid_fen + REST_FEN + MATERIALS_FEN + idle
    early = first_day + timedelta(days=5)
    lines = [
        Booked("1", first_day, came, {"direction": "receipt", "category": "subsidy"}),
        Booked("2", first_day + timedelta(days=4), -MATERIALS_FEN, _spent("materials", "supplier")),
    ]
    if paid_fen:
        lines.append(Booked("3", paid_on, -paid_fen, _spent("remuneration", "staff")))
    if "E09-reception" in frauds:
        lines.append(Booked("reception", early, -18000, _spent("reception", "supplier")))
        _label(planted, "E09", school, f"{TERM_ID}-reception", "a dinner from the subsidy")
    if "E09-nobody" in frauds:
        payee = _spent("remuneration", "staff") | {"staff_id": school.idle[1].staff_id}
        lines.append(Booked("nobody", early, -21000, payee))
        _label(planted, "E09", school, f"{TERM_ID}-nobody", "pay for somebody who took no part")
    if "B08" in frauds:
        lines.append(Booked("charge", early, 6000, {"direction": "receipt", "category": "charge"}))
        planted.label("B08", school.school_id, f"{TERM_ID}-charge", "parents paid for a club", period=TERM_ID)
    if goes_on or idle:
        lines.append(Booked("later", LATER, -3000, _spent("materials", "supplier")))
    if idle:
        _label(planted, "E11", school, school.school_id, "half of the subsidy lies idle")
    book = _balanced(school, lines)
    if "E09-balance" in frauds:
        book[1]["balance_fen"] += 7000
        _label(planted, "E09", school, school.school_id, "a balance that the lines do not make")
    return {"fund-lines": book, "disbursements": [_grant(school, frauds, planted)]}


def _spent(category: str, payee_kind: str) -> Record:
    return {"direction": "spending", "category": category, "payee_kind": payee_kind}


def _label(planted: Planted, rule: str, school: School, subject: str, note: str) -> None:
    planted.label(rule, school.school_id, subject, note, period=TERM_ID)


def _balanced(school: School, lines: list[Booked]) -> list[Record]:
    """Each line with the balance at the end of its day."""
    return [
        {
            "school_id": school.school_id,
            "line_id": f"{TERM_ID}-{line.name}",
            "booked_on": line.booked_on.isoformat(),
            "amount_fen": abs(line.amount_fen),
            "balance_fen": sum(each.amount_fen for each in lines if each.booked_on <= line.booked_on),
            **line.shown,
        }
        for line in lines
    ]


def _grant(school: School, frauds: Collection[str], planted: Planted) -> Record:
    pupils = sum(map(len, school.classes.values()))
    grant = {
        "school_id": school.school_id,
        "disbursement_id": f"{school.school_id}-{TERM_ID}",
        "term_id": TERM_ID,
        "amount_fen": A_PUPIL_FEN * pupils,
        "due_on": GRANT_DUE,
        "paid_on": GRANT_PAID,
        "purpose": "课后服务专项补贴",
        "standard_fen": A_PUPIL_FEN,
        "basis": pupils,
        "basis_kind": "pupils",
    }
    if "E10-amount" in frauds:
        grant["amount_fen"] = A_PUPIL_FEN * (pupils + 43)
        _label(planted, "E10", school, f"{school.school_id}-{TERM_ID}", "a grant for 43 pupils more than there are")
    if "E10-late" in frauds:
        grant["paid_on"] = GRANT_LATE
        _label(planted, "E10", school, f"{school.school_id}-{TERM_ID}", "a grant paid after its due date")
    return grant


FUND_FRAUDS = ("B08", "E09-reception", "E09-nobody", "E09-balance", "E10-amount", "E10-late", "E11")
