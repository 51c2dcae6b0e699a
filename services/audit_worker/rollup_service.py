"""The rollups that the reports read: what was held and who came by day, the weeks' pupils, how many are enrolled.

Recomputed from the facts for the school-days and schools that a change touched, never patched.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import asyncpg

from services.audit_worker.scope import Scope
from services.audit_worker.side_by_side import side_by_side

# A term of the district is gone through so many days at a time, so that the pupils of no more are sorted at once.
DAYS_AT_ONCE = 7
# Where several connections share the schools: so many at a time.
SCHOOLS_AT_ONCE = 20
_DAYS = (
    "delete from audit.service_day where school_id = any($1) and service_date = any($2)",
    "delete from audit.pupil_day where school_id = any($1) and service_date = any($2)",
)
_FIGURES = (
    "insert into audit.service_day select * from audit.service_figures($1, $2)",
    "insert into audit.pupil_day select * from audit.pupil_figures($1, $2)",
)
_WEEKS = """
    insert into audit.pupil_week (school_id, week, pupils, quality_pupils)
    select
        day.school_id,
        date_trunc('week', day.service_date)::date,
        count(distinct pupil.number),
        count(distinct pupil.number) filter (where pupil.quality)
    from audit.pupil_day as day
    cross join lateral (
        select number, false from unnest(day.pupils) as came (number)
        union all
        select number, true from unnest(day.quality_pupils) as came (number)
    ) as pupil (number, quality)
    where day.school_id = any($1) and day.service_date between $2::date and $3::date + 6
    group by day.school_id, date_trunc('week', day.service_date)
"""
_COUNTS = (
    "delete from audit.enrolment where school_id = any($1)",
    "insert into audit.enrolment select * from audit.enrolment_figures($1)",
    "delete from audit.consent_count where school_id = any($1)",
    "insert into audit.consent_count select * from audit.consent_figures($1)",
)


# What tells of a day what was held and who came.
DAILY = frozenset({"sessions", "attendance", "duties"})
# A change of these changes how many are enrolled, or have opted in.
COUNTED = frozenset({"students", "consents"})


async def rebuild_service(connections: Sequence[asyncpg.Connection], scopes: Sequence[Scope]) -> None:
    """Recompute what the schools of the scopes held, who came, and the weeks that these days are of; some schools a connection."""
    await side_by_side(connections, (some for scope in scopes for some in _shares(scope, len(connections))), _rebuild)


def _shares(scope: Scope, lanes: int) -> Iterator[Scope]:
    """The scope by its schools, a share for each lane and never more than some at once."""
    at_once = min(SCHOOLS_AT_ONCE, -(-len(scope.school_ids) // lanes)) if lanes > 1 else len(scope.school_ids)
    for first in range(0, len(scope.school_ids), at_once):
        yield replace(scope, school_ids=scope.school_ids[first : first + at_once])


async def _rebuild(connection: asyncpg.Connection, scope: Scope) -> None:
    schools = list(scope.school_ids)
    days = [scope.first_day + timedelta(days=n) for n in range((scope.last_day - scope.first_day).days + 1)]
    for first in range(0, len(days), DAYS_AT_ONCE):
        some = days[first : first + DAYS_AT_ONCE]
        for statement in _DAYS:
            await connection.execute(statement, schools, some)
        pairs = list(product(schools, some))
        for statement in _FIGURES:
            await connection.execute(statement, [school for school, _ in pairs], [day for _, day in pairs])
    first_week, last_week = (day - timedelta(days=day.weekday()) for day in (scope.first_day, scope.last_day))
    await connection.execute(
        "delete from audit.pupil_week where school_id = any($1) and week between $2 and $3",
        schools,
        first_week,
        last_week,
    )
    await connection.execute(_WEEKS, schools, first_week, last_week)


async def recount_pupils(connection: asyncpg.Connection, schools: Iterable[str]) -> None:
    """Count anew the enrolled pupils of these schools, and the families that opted in."""
    some = list(schools)
    if some:
        for statement in _COUNTS:
            await connection.execute(statement, some)
