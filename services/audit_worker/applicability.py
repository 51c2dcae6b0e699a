"""Which rules apply to which school: a rule that needs records says nothing of a school that has never sent any.

A school that begins to keep such records is looked at whole, also the days before: batch by batch says what a full audit says.
"""

from collections.abc import Collection, Sequence

import asyncpg

from services.audit_worker.catalogue import Rule
from services.audit_worker.dirt import Dirt
from services.audit_worker.scope import Scope

# Which of the schools have ever recorded each of the resources.
_KEPT = """
    select school_id, resource
    from unnest($1::text[]) as school (school_id)
    cross join unnest($2::text[]) as needed (resource)
    where
        case resource
            when 'sessions' then exists (select from ledger.session_revision where session_revision.school_id = school.school_id)
            when 'attendance' then exists (select from ledger.attendance_revision where attendance_revision.school_id = school.school_id)
            else exists (
                select from ledger.entry where entry.school_id = school.school_id and entry.resource = needed.resource
            )
        end
"""
# The claimed batches that are a school's first of their resource.
_FIRST = """
    select distinct chain_entry.school_id, chain_entry.resource
    from ledger.chain_entry
    where
        chain_entry.school_id = any($1)
        and chain_entry.batch_id = any($2)
        and chain_entry.resource = any($3)
        and not exists (
            select from ledger.chain_entry as earlier
            where
                earlier.school_id = chain_entry.school_id
                and earlier.resource = chain_entry.resource
                and earlier.seq < chain_entry.seq
        )
"""


class Kept:
    """Which resources schools have ever recorded, as far as it was asked: once a school, for all rules of an audit."""

    def __init__(self, connection: asyncpg.Connection, rules: Sequence[Rule]) -> None:
        """Of the resources that any of these rules needs."""
        self.connection = connection
        self.needed = {resource for rule in rules for resource in rule.header.needs}
        self.by_school: dict[str, set[str]] = {}

    async def applicable_in(self, rule: Rule, scope: Scope) -> Scope:
        """The scope without the schools to which the rule is not applicable."""
        if not rule.header.needs:
            return scope
        missing = await self.missing([rule], scope.school_ids)
        without = {school_id for school_id, _code in missing}
        return Scope(tuple(each for each in scope.school_ids if each not in without), scope.first_day, scope.last_day)

    async def missing(self, rules: Sequence[Rule], school_ids: Collection[str]) -> dict[tuple[str, str], list[str]]:
        """(school_id, code) of the rules that are not applicable → the resources of which the school has never sent a record."""
        await self._ask([school_id for school_id in school_ids if school_id not in self.by_school])
        found = {}
        for rule in rules:
            for school_id in school_ids:
                kept = self.by_school[school_id]
                missing = [resource for resource in rule.header.needs if resource not in kept]
                if missing:
                    found[school_id, rule.code] = missing
        return found

    async def _ask(self, school_ids: Collection[str]) -> None:
        if school_ids:
            self.by_school |= {school_id: set() for school_id in school_ids}
            for row in await self.connection.fetch(_KEPT, list(school_ids), list(self.needed)):
                self.by_school[row["school_id"]].add(row["resource"])


async def dirty_newly_kept(
    connection: asyncpg.Connection, rules: Sequence[Rule], claimed: Sequence[asyncpg.Record], dirt: Dirt
) -> None:
    """Every recorded day of a school whose first record of a needed resource is among the claimed is dirty for it."""
    needed = {resource for rule in rules for resource in rule.header.needs}
    rows = [row for row in claimed if row["resource"] in needed]
    if not rows:
        return
    first = await connection.fetch(
        _FIRST, [row["school_id"] for row in rows], [row["batch_id"] for row in rows], list(needed)
    )
    for row in first:
        days = await connection.fetch(
            "select service_date from audit.audited_day where school_id = $1", row["school_id"]
        )
        dirt.days[row["resource"]].update((row["school_id"], day["service_date"]) for day in days)
