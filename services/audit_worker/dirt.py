"""What changed since the last audit: outbox rows → days by resource, and people."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from services.audit_worker.scope import TermDates
from shared.service_calendar import school_year_of
from shared.vocabulary import OFFICES

# Resources of people: a change of them dirties what the person did, wherever that was.
_OF_PEOPLE = frozenset({"staff", "leaves"})


# Documents of a month or a term: they have no date of their own and bear on the months they speak of, recorded or not.
_DOCUMENTS = frozenset(
    {
        "deliberations", "publications", "submissions", "reviews", "payments", "surveys", "evaluations", "consents",
        "provider-invoices", "fund-lines", "disbursements",
        "plans", "trainings", "review-schemes", "rectifications", "complaints", "clawbacks",
        "awards", "disqualifications", "indicator-sets", "appraisals", "campaigns", "groups", "schools", "terms",
        "activities", "agreements", "provisions", "measures",
    }
)  # fmt: skip
# The first of a term shows that the district keeps them here: every school is then asked for its own.
_OF_THE_DISTRICT = frozenset({"surveys", "evaluations", "plans"})


# What a school's record says of an office's duty: the offices are looked at as well.
_OF_THE_OFFICES = frozenset(
    {
        "inspections", "plans", "reviews", "submissions", "trainings", "complaints", "clawbacks", "awards", "disqualifications",
        "appraisals", "schools", "campaigns", "groups",
    }
)  # fmt: skip


@dataclass
class Dirt:
    """What changed: days by resource, people, and which batches said so."""

    days: dict[str, set[tuple[str, date]]] = field(default_factory=lambda: defaultdict(set))
    people: set[str] = field(default_factory=set)
    batches: set[UUID] = field(default_factory=set)


async def dirt_of(
    connection: asyncpg.Connection, claimed: Sequence[asyncpg.Record], terms: Sequence[TermDates]
) -> Dirt:
    """The days that the claimed rows dirty. What has no date of its own dirties every recorded day it may bear on."""
    dirt = Dirt()
    whole: dict[str, set[str]] = defaultdict(set)
    for row in claimed:
        dirt.batches.add(row["batch_id"])
        schools = await _schools_of(connection, row)
        dirt.days[row["resource"]].update((school_id, day) for school_id in schools for day in row["service_dates"])
        if not row["service_dates"]:
            whole[row["resource"]].update(schools)
    for resource in dirt.days.keys() & _OF_THE_OFFICES:
        dirt.days[resource] |= {("district", day) for _school, day in dirt.days[resource]}
    for resource, school_ids in whole.items():
        if resource in _OF_THE_DISTRICT:
            every = await connection.fetch("select school_id from ledger.chain_head where ledger.is_school(school_id)")
            dirt.days[resource].update((row["school_id"], term.starts_on) for row in every for term in terms)
        if resource in _DOCUMENTS:
            offices = {"district"} if resource in _OF_THE_OFFICES else set()
            dirt.days[resource].update(
                (school_id, day) for school_id in school_ids | offices for day in _months_of(terms)
            )
        if resource in _OF_PEOPLE:
            await _dirty_people(connection, resource, school_ids, dirt)
        else:
            recorded = await connection.fetch(
                "select school_id, service_date from audit.audited_day where $1 or school_id = any($2)",
                "district" in school_ids,
                list(school_ids),
            )
            dirt.days[resource].update((row["school_id"], row["service_date"]) for row in recorded)
    return dirt


async def spare_archived(connection: asyncpg.Connection, dirt: Dirt) -> None:
    """Take out the days whose school year lies in an archive: what was found of them stays, for their facts are not here."""
    archived = await connection.fetchval("select ledger.archived_years()")
    if archived:
        for resource, days in dirt.days.items():
            dirt.days[resource] = {(school_id, day) for school_id, day in days if school_year_of(day) not in archived}


async def _schools_of(connection: asyncpg.Connection, row: asyncpg.Record) -> set[str]:
    """The school whose chain it is; of an office's chain, the schools that its records are about, or the district."""
    if row["school_id"] not in OFFICES:
        return {row["school_id"]}
    about = await connection.fetch(
        "select distinct split_part(key, '/', 1) as school_id from ledger.entry "
        "where school_id = $1 and resource = $2 and batch_id = $3 and key ~ '^[0-9]{10}/'",
        row["school_id"],
        row["resource"],
        row["batch_id"],
    )
    return {each["school_id"] for each in about} or {"district"}


def _months_of(terms: Sequence[TermDates]) -> set[date]:
    """A day in every month of every term."""
    days = {term.starts_on for term in terms}
    for term in terms:
        day = term.starts_on
        while (day := (day.replace(day=1) + timedelta(days=31)).replace(day=1)) <= term.ends_on:
            days.add(day)
    return days


async def _dirty_people(connection: asyncpg.Connection, resource: str, school_ids: Collection[str], dirt: Dirt) -> None:
    """A school's staff or their leaves changed: everything these people did, wherever it was."""
    named = await connection.fetch(
        "select distinct case resource when 'staff' then key else content ->> 'staff_id' end as staff_id "
        "from ledger.entry where resource = $1 and school_id = any($2)",
        resource,
        list(school_ids),
    )
    people = {row["staff_id"] for row in named if row["staff_id"] is not None}
    worked = await connection.fetch(
        "select distinct school_id, service_date from audit.staff_day where staff_id = any($1)", list(people)
    )
    dirt.people.update(people)
    dirt.days[resource].update((row["school_id"], row["service_date"]) for row in worked)
