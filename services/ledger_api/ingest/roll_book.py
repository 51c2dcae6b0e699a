"""Rolls, terms and staff kept in memory, so that a batch is checked without a query.

A roll is as of a version that the append compares under the school's lock: one that has moved is read again.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence

import asyncpg

from services.ledger_api.ingest.roll import Calendar, Roll, Slot, Term
from shared.database import Visible, show

# Rolls kept; 400 schools of 1,300 pupils are about 80 MiB.
ROLLS_KEPT = 400


class RollBook:
    """The rolls of the schools that write, least recently used first."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._rolls: OrderedDict[str, Roll] = OrderedDict()
        self._staff: set[str] = set()
        self._calendar: Calendar | None = None

    def drop(self, school_ids: Iterable[str]) -> None:
        """Forget these rolls and the calendar: they will be read again."""
        for school_id in school_ids:
            self._rolls.pop(school_id, None)
        self._calendar = None

    async def rolls(
        self, connection: asyncpg.Connection, school_ids: Collection[str]
    ) -> tuple[dict[str, Roll], Calendar]:
        """The rolls of those schools that are registered, and the terms; read from the database where not kept.

        What is returned is this call's own: others may drop what is kept while this one waits for the database.
        """
        found = {school_id: self._rolls[school_id] for school_id in school_ids if school_id in self._rolls}
        calendar = self._calendar
        missing = [school_id for school_id in school_ids if school_id not in found]
        if missing or calendar is None:
            async with connection.transaction(readonly=True):
                await show(connection, Visible(schools=tuple(missing)))
                read = await _read_rolls(connection, missing)
                calendar = await _read_calendar(connection)
            found |= {roll.school_id: roll for roll in read}
            self._calendar = calendar if calendar.terms else None
        for school_id, roll in found.items():
            self._rolls[school_id] = roll
            self._rolls.move_to_end(school_id)
        while len(self._rolls) > max(ROLLS_KEPT, len(school_ids)):
            self._rolls.popitem(last=False)
        return found, calendar

    async def staff(self, connection: asyncpg.Connection, staff_ids: Collection[str]) -> Collection[str]:
        """The ids that any school of the district has registered, these among them: staff may serve elsewhere (走校)."""
        unknown = set(staff_ids) - self._staff
        if unknown:
            rows = await connection.fetch("select ledger.known_staff($1)", list(unknown))
            self._staff.update(row[0] for row in rows)
        return self._staff


async def _read_rolls(connection: asyncpg.Connection, school_ids: Sequence[str]) -> list[Roll]:
    """Read whole rolls in one snapshot; the version is read with them, so a later change is seen as one."""
    rows = await connection.fetch(
        """
        select
            chain_head.school_id,
            chain_head.roll_version,
            (
                -- One sort: a plan that looks for each revision's successor is only good where the planner knows the table.
                select array_agg(latest.key)
                from (
                    select distinct on (entry.key) entry.key, entry.state
                    from ledger.entry
                    where entry.school_id = chain_head.school_id and entry.resource = 'students'
                    order by entry.key, entry.revision desc
                ) as latest
                -- Of whom nobody knows any more who they were, nothing more is recorded.
                where latest.state = 'recorded' and not starts_with(latest.key, 'erased-')
            ) as students,
            (
                select array_agg(array[
                    slot.term_id, slot.slot, to_char(slot.starts_at, 'HH24:MI'), to_char(slot.ends_at, 'HH24:MI')
                ])
                from ledger.slot
                where slot.school_id = chain_head.school_id
            ) as slots
        from ledger.chain_head
        where chain_head.school_id = any ($1)
        """,
        list(school_ids),
    )
    numbers = dict(
        await connection.fetch(
            "select person_id, number from ledger.person where resource = 'students' and person_id = any ($1)",
            [student for row in rows for student in row["students"] or ()],
        ),
    )
    return [
        Roll(
            school_id=row["school_id"],
            version=row["roll_version"],
            student_numbers={student: numbers[student] for student in row["students"] or ()},
            slots={(term, slot): Slot(starts, ends) for term, slot, starts, ends in row["slots"] or ()},
        )
        for row in rows
    ]


async def _read_calendar(connection: asyncpg.Connection) -> Calendar:
    rows = await connection.fetch("select term_id, starts_on, ends_on from ledger.term order by starts_on")
    archived = await connection.fetchval("select ledger.archived_years()")
    return Calendar([Term(row["term_id"], row["starts_on"], row["ends_on"]) for row in rows], frozenset(archived))
