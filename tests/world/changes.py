"""Many changes of findings at once, as the audit writes them, where a story needs more than it can tell."""

from tests.world.district import District
from tests.world.standard import S1, S2, session

_CHANGED_AGAIN = """
    insert into audit.finding_event
    select
        (select max(position) from audit.finding_event) + number, finding_id, 'updated', school_id, rule, severity, state,
        $3::timestamptz + number * interval '1 second', '{}', finding
    from (select * from audit.finding_event where school_id = $1 and rule = 'A12' order by position limit 1) as earlier
    cross join generate_series(1, $2::integer) as number
    returning position
"""


async def find_in_both(school: District) -> None:
    """A session without a pupil in each standard school: a finding each, at 1 and 2."""
    await school.school(S1).post("sessions", session("h1", headcount=0))
    await school.school(S2).post("sessions", session("u1", school_id=S2, headcount=0, staff={"U1": 1.5}))
    await school.audit()


async def changes(
    school: District, school_id: str, number: int, *, since: str = "2025-09-10T08:00:00+00:00"
) -> list[int]:
    """The school's finding changes so many times more, a second apart; the events' positions."""
    rows = await school.fetch(_CHANGED_AGAIN.replace("$3::timestamptz", f"'{since}'::timestamptz"), school_id, number)
    return sorted(row["position"] for row in rows)
