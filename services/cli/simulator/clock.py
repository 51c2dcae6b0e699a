"""When a simulated school entered what, where it was not on the evening of the day; and the frauds that only the clock shows.

Labelled rules: A03, A04. They go where whoever pushes the files sets the ledger's clock as well (`taizhang bench accuracy`):
a push records everything within a minute, and a district that brings along its past is neither late nor filled in.
"""

from datetime import date, datetime, time, timedelta

from services.cli.simulator.days import Record
from services.cli.simulator.frauds import Planted
from services.cli.simulator.term_frauds import Term

# The labels' subject where the finding names the client that sent it, which only the ledger knows.
CLIENT = "client"
LATE_BY, SITTING_OF, SITTING_LATE_BY = timedelta(days=12), 6, timedelta(days=4)
MORNING = time(9, 0)
FIRST_DAYS = 2


def plant_late_entries(term: Term, planted: Planted) -> list[Record]:
    """A day entered twelve days later, and a week and a day filled in at one sitting; when each was recorded."""
    months: dict[str, list[date]] = {}
    # Not the first days: what is entered before anything else is brought along, not late.
    for made in term.days[FIRST_DAYS:]:
        if made.closes and made.day in term.served:
            months.setdefault(f"{made.day:%Y-%m}", []).append(made.day)
    sitting = next((days[:SITTING_OF] for days in months.values() if len(days) >= SITTING_OF), None)
    if sitting is None:
        return []
    rest = [made.day for made in term.untouched if made.closes and made.day in term.served and made.day > sitting[-1]]
    school_id = term.school.school_id
    for late in rest[-1:]:
        planted.label("A03", school_id, school_id, "entered twelve days later", service_date=late.isoformat())
    month = f"{sitting[0]:%Y-%m}"
    planted.label("A04", school_id, CLIENT, "six days filled in at one sitting", period=month)
    at_once = sitting[-1] + SITTING_LATE_BY
    return [
        *(_entered(school_id, late, late + LATE_BY) for late in rest[-1:]),
        *(_entered(school_id, day, at_once) for day in sitting),
    ]


def _entered(school_id: str, day: date, on: date) -> Record:
    return {
        "school_id": school_id,
        "service_date": day.isoformat(),
        "recorded": datetime.combine(on, MORNING).isoformat(sep=" "),
    }
