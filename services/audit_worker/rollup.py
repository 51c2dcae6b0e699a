"""The rollups: `staff_day`, `work_day`, `work_month`, `recorded_day` and `school_day` of schema audit.

Recomputed for the school-days a change touched, never patched.
"""

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

import asyncpg
import msgspec

from services.audit_worker.scope import Scope
from shared.database import Statement
from shared.work import WorkDay
from shared.workload import workload_of

_REBUILD = Statement.from_file(Path(__file__).with_suffix(".sql"))
_REBUILD_WORK = Statement.from_file(Path(__file__).with_name("rollup_work.sql"))
_REBUILD_DAYS = Statement.from_file(Path(__file__).with_name("rollup_days.sql"))
_REBUILD_FIGURES = Statement.from_file(Path(__file__).with_name("rollup_figures.sql"))
_PACKED = msgspec.json.Decoder(WorkDay)
# A month of so many schools is held at once: a term of one is a megabyte.
MONTHS_AT_ONCE = 40


async def rebuild(connection: asyncpg.Connection, scopes: Sequence[Scope]) -> set[str]:
    """Recompute the scopes' rows; returns everyone who worked there before or works there now."""
    people: set[str] = set()
    months: set[tuple[str, date]] = set()
    for scope in scopes:
        arguments = {"school_ids": list(scope.school_ids), "first_day": scope.first_day, "last_day": scope.last_day}
        gone = await connection.fetch(
            "delete from audit.staff_day where school_id = any($1) and service_date between $2 and $3 returning staff_id",
            *arguments.values(),
        )
        await _REBUILD.fetch(connection, **arguments)
        people.update(row["staff_id"] for row in gone)
        people |= await people_in(connection, scope)
        months |= await _rebuild_work(connection, scope)
    await _sum_months(connection, sorted(months))
    return people


async def _rebuild_work(connection: asyncpg.Connection, scope: Scope) -> set[tuple[str, date]]:
    """Recompute the work of the scope's days; returns the months that have or had any on these days."""
    arguments = {"school_ids": list(scope.school_ids), "first_day": scope.first_day, "last_day": scope.last_day}
    gone = await connection.fetch(
        """
        delete from audit.work_day where school_id = any($1) and service_date between $2 and $3
        returning school_id, service_date
        """,
        *arguments.values(),
    )
    made = await _REBUILD_WORK.fetch(connection, **arguments)
    return {(row["school_id"], row["service_date"].replace(day=1)) for row in (*gone, *made)}


async def _sum_months(connection: asyncpg.Connection, months: Sequence[tuple[str, date]]) -> None:
    """Sum the packed days of the months anew."""
    for first in range(0, len(months), MONTHS_AT_ONCE):
        await _sum_some_months(connection, months[first : first + MONTHS_AT_ONCE])


async def _sum_some_months(connection: asyncpg.Connection, months: Sequence[tuple[str, date]]) -> None:
    asked = [school_id for school_id, _month in months], [month for _school_id, month in months]
    await connection.execute(
        """
        delete from audit.work_month
        using unnest($1::text[], $2::date[]) as month (school_id, starts_on)
        where work_month.school_id = month.school_id and work_month.month_starts_on = month.starts_on
        """,
        *asked,
    )
    rows = await connection.fetch(
        """
        select day.school_id, month.starts_on, min(day.service_date) as first_day, max(day.service_date) as last_day, array_agg(day.work) as days
        from unnest($1::text[], $2::date[]) as month (school_id, starts_on)
        inner join audit.work_day as day
            on
                day.school_id = month.school_id
                and day.service_date between month.starts_on and (month.starts_on + interval '1 month - 1 day')::date
        group by day.school_id, month.starts_on
        """,
        *asked,
    )
    await connection.executemany(
        "insert into audit.work_month (school_id, month_starts_on, first_day, last_day, workload) values ($1, $2, $3, $4, $5)",
        [
            (
                row["school_id"],
                row["starts_on"],
                row["first_day"],
                row["last_day"],
                msgspec.json.encode(list(workload_of(map(_PACKED.decode, row["days"])).values())).decode(),
            )
            for row in rows
        ],
    )


async def people_in(connection: asyncpg.Connection, scope: Scope) -> set[str]:
    """Everyone who worked in the scope."""
    rows = await connection.fetch(
        "select distinct staff_id from audit.staff_day where school_id = any($1) and service_date between $2 and $3",
        list(scope.school_ids),
        scope.first_day,
        scope.last_day,
    )
    return {row["staff_id"] for row in rows}


async def rebuild_days(connection: asyncpg.Connection, scopes: Sequence[Scope]) -> None:
    """Recompute which days of the scopes are recorded, and how many schools have recorded each of these dates."""
    for scope in scopes:
        arguments = {"school_ids": list(scope.school_ids), "first_day": scope.first_day, "last_day": scope.last_day}
        await connection.execute(
            "delete from audit.recorded_day where school_id = any($1) and service_date between $2 and $3",
            *arguments.values(),
        )
        await _REBUILD_DAYS.fetch(connection, **arguments)
        await connection.execute(
            """
            insert into audit.district_day (service_date, schools, reached)
            select day.service_date::date, count(recorded.school_id), count(*) filter (where recorded.recorded_on >= day.service_date)
            from generate_series($1::date, $2::date, interval '1 day') as day (service_date)
            left join audit.recorded_day as recorded
                on recorded.service_date = day.service_date and left(recorded.school_id, 5) <> '99999'
            group by day.service_date
            on conflict (service_date) do update set schools = excluded.schools, reached = excluded.reached
            """,
            scope.first_day,
            scope.last_day,
        )


async def lagging(connection: asyncpg.Connection) -> set[tuple[str, date]]:
    """The schools that keep a ledger and have nothing on the date that the district has come to, with that date."""
    rows = await connection.fetch(
        """
        select school.school_id, frontier.service_date
        from audit.frontier
        cross join ledger.chain_head as school
        where
            exists (select from audit.recorded_day where recorded_day.school_id = school.school_id)
            and not exists (
                select from audit.recorded_day
                where recorded_day.school_id = school.school_id and recorded_day.service_date = frontier.service_date
            )
        """
    )
    return {(row["school_id"], row["service_date"]) for row in rows if row["service_date"] is not None}


async def progressed(connection: asyncpg.Connection, worked: Collection[tuple[str, date]]) -> set[tuple[str, date]]:
    """The district, with the first day of each school year whose latest day of service these school-days have moved.

    What they were before is kept in `audit.district_progress`: most batches move nothing, and are told so by two look-ups.
    """
    if not worked:
        return set()
    rows = await connection.fetch(
        """
        with touched as (
            select school_id, service_date, make_date(extract(year from service_date - interval '8 months')::integer, 9, 1) as first_day
            from unnest($1::text[], $2::date[]) as day (school_id, service_date)
        ),
        latest as (
            select first_day, max(service_date) as service_date from touched group by first_day
        )
        insert into audit.district_progress (first_day, reached)
        select
            latest.first_day,
            case
                when
                    progress.reached > latest.service_date
                    or (
                        progress.reached = latest.service_date
                        and exists (
                            select from touched
                            inner join audit.work_day using (school_id, service_date)
                            where service_date = latest.service_date and left(school_id, 5) <> '99999'
                        )
                    )
                    then progress.reached
                else audit.district_reached(latest.first_day, (latest.first_day + interval '1 year - 1 day')::date)
            end
        from latest
        left join audit.district_progress as progress using (first_day)
        on conflict (first_day) do update set reached = excluded.reached
        where district_progress.reached is distinct from excluded.reached
        returning first_day
        """,
        [school_id for school_id, _day in worked],
        [day for _school_id, day in worked],
    )
    return {("district", row["first_day"]) for row in rows}


async def rebuild_figures(connection: asyncpg.Connection, scopes: Sequence[Scope]) -> None:
    """Recompute what the schools of the scopes claimed on their days, and who came."""
    for scope in scopes:
        arguments = {"school_ids": list(scope.school_ids), "first_day": scope.first_day, "last_day": scope.last_day}
        await connection.execute(
            "delete from audit.school_day where school_id = any($1) and service_date between $2 and $3",
            *arguments.values(),
        )
        await _REBUILD_FIGURES.fetch(connection, **arguments)


async def note_audited(connection: asyncpg.Connection, days: Collection[tuple[str, date]]) -> None:
    """Say of each day how far its school's chain went when it was audited."""
    await connection.execute(
        """
        insert into audit.audited_day (school_id, service_date, chain_seq, audited_at)
        select day.school_id, day.service_date, chain_head.seq, clock_timestamp()
        from unnest($1::text[], $2::date[]) as day (school_id, service_date)
        inner join ledger.chain_head using (school_id)
        on conflict (school_id, service_date) do update
        set chain_seq = excluded.chain_seq, audited_at = excluded.audited_at
        """,
        [school_id for school_id, _day in days],
        [day for _school_id, day in days],
    )


async def district(connection: asyncpg.Connection) -> tuple[str, ...]:
    """Every school, and the district itself; the other offices' chains hold nothing that is rolled up."""
    rows = await connection.fetch(
        "select school_id from ledger.chain_head where school_id ~ '^[0-9]' or school_id = 'district' order by school_id"
    )
    return tuple(row["school_id"] for row in rows)
