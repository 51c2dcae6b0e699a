"""A simulated district, school by school: its files in posting order, and the labels of what was planted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import IO, Self

import msgspec

from services.cli.simulator.days import Absences, Record, SchoolDay, make_day
from services.cli.simulator.documents import documents_of
from services.cli.simulator.frauds import (
    IN_DAY,
    IN_DOCUMENTS,
    Planted,
    plant_across_schools,
    plant_day_without_service,
    plant_equal_hours,
    plant_in_day,
)
from services.cli.simulator.patterns import LEAST_CLASSES, patterns_of, plant_patterns, set_apart
from services.cli.simulator.people import FIRST_SCHOOL, TERM_ID, Person, School, make_school, registers_of
from services.cli.simulator.pupils import missing_by_day
from shared.service_calendar import service_days

TERM_STARTS, TERM_ENDS = date(2025, 9, 1), date(2026, 1, 30)
# A typhoon closes the whole district on the eighth service day.
CLOSED_AFTER_DAYS = 7
PUPILS = (280, 560)
# Rule F03 looks at months of at least ten days.
DAYS_FOR_EQUAL_HOURS = 12
# Files are posted in the order of their names.
FILES = (
    "schools", "terms", "closures", "providers", "slots", "staff", "students", "leaves", "allocation-plans",
    "sessions", "attendance", "sessions-corrections", "duties", "days", "sessions-late", "deliberations",
    "publications", "submissions", "payments", "fund-lines", "plans",
)  # fmt: skip
BY_MONTH = frozenset({"sessions", "attendance"})


@dataclass
class SimulationSummary:
    """What was written, and what a full audit of it has to find."""

    schools: int
    days: int
    first_day: str
    last_day: str
    records: dict[str, int] = field(default_factory=dict)
    marks: int = 0
    frauds: int = 0
    honest: int = 0


@dataclass(frozen=True)
class Plot:
    """What one school has planted."""

    in_day: tuple[str, ...] = ()
    in_documents: tuple[str, ...] = ()
    on_sunday: bool = False
    across: bool = False
    equal_hours: bool = False
    patterns: tuple[str, ...] = ()


class Files:
    """The NDJSON files of a district, opened when something is first written to them."""

    def __init__(self, out: Path) -> None:
        """`out`: the folder; it is made."""
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._open: dict[str, IO[bytes]] = {}
        self.records: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Nothing is open yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file."""
        for each in self._open.values():
            each.close()

    def write(self, name: str, records: Iterable[Record]) -> None:
        """Append records to the file of a resource; those of a month go to the month's own."""
        for record in records:
            month = f"-{record['service_date'][:7]}" if name in BY_MONTH else ""
            self._file(f"{FILES.index(name) + 1:02d}-{name}{month}.ndjson").write(msgspec.json.encode(record) + b"\n")
            resource = name.removesuffix("-corrections").removesuffix("-late")
            self.records[resource] = self.records.get(resource, 0) + 1

    def write_labels(self, labels: Iterable[Record]) -> None:
        """The truth about the district: planted frauds, and what looks odd and is right."""
        for label in labels:
            self._file("labels.ndjson").write(msgspec.json.encode(label) + b"\n")

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._open:
            self._open[name] = (self._out / name).open("wb")
        return self._open[name]


def simulate(
    *,
    schools: int,
    days: int,
    seed: int,
    out: Path,
    told: Callable[[int], None] = lambda _done: None,
    pupils: tuple[int, int] = PUPILS,
) -> SimulationSummary:
    """Write a district of `schools` schools over the first `days` service days of the autumn term of 2025.

    The first half of the schools has planted frauds, the rest is honest. `pupils`: at least and at most how many a
    school has. `told` hears of each school that is done. Raises ValueError when the term has fewer days.
    """
    served, closed = _days_of_term(days)
    plots = _plots(schools, len(served), Random(f"{seed}/plots"))
    planted = Planted()
    summary = SimulationSummary(schools, days, served[0].isoformat(), served[-1].isoformat())
    with Files(out) as files:
        files.write("terms", [_term()])
        files.write("closures", [_closure(closed, schools)] if closed else [])
        files.write("providers", [{"provider_id": "prv-01", "name": "模拟体育机构", "listed": True}])
        for index in range(schools):
            summary.marks += _write_school(index, schools, seed, served, closed, pupils, plots[index], planted, files)
            told(1)
        files.write_labels(planted.labels)
    summary.records = files.records
    summary.frauds = sum(label["label"] == "fraud" for label in planted.labels)
    summary.honest = len(planted.labels) - summary.frauds
    (out / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode({"seed": seed, **asdict(summary)})))
    return summary


def _days_of_term(days: int) -> tuple[list[date], date | None]:
    """The days that are served, and the one that the typhoon took."""
    every = list(service_days(TERM_STARTS, TERM_ENDS))
    closed = every.pop(CLOSED_AFTER_DAYS) if days > CLOSED_AFTER_DAYS else None
    if days > len(every):
        raise ValueError(f"the term has {len(every)} service days")
    return every[:days], closed


def _term() -> Record:
    return {"term_id": TERM_ID, "starts_on": TERM_STARTS.isoformat(), "ends_on": TERM_ENDS.isoformat()}


def _closure(day: date, schools: int) -> Record:
    return {
        "closure_id": f"typhoon-{day.isoformat()}",
        "starts_on": day.isoformat(),
        "ends_on": day.isoformat(),
        "schools": [str(FIRST_SCHOOL + index) for index in range(schools)],
        "reason": "台风停课",
    }


def _plots(schools: int, days: int, rng: Random) -> list[Plot]:
    """Every kind of fraud at some school, several at each; at most one a day of a school."""
    crooked = max(1, schools // 2)
    kinds = [*IN_DAY]
    rng.shuffle(kinds)
    room = max(1, days // 2)
    plots = []
    for index in range(crooked):
        own = kinds[index::crooked]
        more = [kind for kind in rng.sample(IN_DAY, 3) if kind not in own]
        plots.append(
            Plot(
                in_day=tuple((own + more)[:room]),
                in_documents=_together(IN_DOCUMENTS[index % len(IN_DOCUMENTS) :: crooked]),
                on_sunday=index % 3 == 0,
                across=index % 2 == 1,
                equal_hours=index == crooked - 1 and days >= DAYS_FOR_EQUAL_HOURS,
                patterns=patterns_of(index, schools, days) if index < crooked - 1 else (),
            ),
        )
    return plots + [Plot()] * (schools - crooked)


def _together(frauds: Sequence[str]) -> tuple[str, ...]:
    """D07 changes the totals that D08 needs equal: not both at one school."""
    return tuple(fraud for fraud in frauds if fraud != "D08" or "D07" not in frauds)


def _write_school(
    index: int,
    schools: int,
    seed: int,
    days: Sequence[date],
    closed: date | None,
    pupils: tuple[int, int],
    plot: Plot,
    planted: Planted,
    files: Files,
) -> int:
    """One school's term, from its registers to its payments; returns the number of marks in its rolls."""
    rng = Random(f"{seed}/{index}")
    school = make_school(index, schools, rng, list(days), rng.randint(*pupils))
    absences, leaves = _absences(school, days, rng, planted)
    cancelled = rng.choice(days) if index % 4 == 1 else None
    # The days of the planted frauds: full ones, and not before people are missing from the register (A16).
    free = [day for day in days if day != cancelled]
    chosen = dict(zip(rng.sample(free, min(len(free), len(plot.in_day))), plot.in_day, strict=False))
    removed = next((day for day, fraud in chosen.items() if fraud == "C05"), None)
    if removed is not None:
        # The provider's person serves up to the day that should have been without them.
        school.outside[1] = replace(school.outside[1], active_to=removed)
    guest = _guest_of(index, schools)
    missing = missing_by_day(school, days, rng)
    patterns = plot.patterns if len(school.classes) >= LEAST_CLASSES else ()
    made = []
    for number, day in enumerate(days):
        # At some schools the homework teachers move on by one class in mid-term.
        rotated = int(index % 3 == 1 and number >= len(days) // 2)
        one = make_day(school, day, rng, absences, missing[day], cancels_second_slot=day == cancelled, rotated=rotated)
        if patterns:
            set_apart(one)
        if guest is not None and day.isoweekday() in {1, 3, 5} and day != cancelled:
            _welcome(one, guest)
        if day in chosen:
            plant_in_day(chosen[day], one, rng, planted)
        made.append(one)
    if cancelled is not None:
        planted.honest("cancelled_second_slot", school.school_id, school.school_id, cancelled.isoformat())
    sundays = _plant_across_days(made, plot, guest, chosen, absences, planted)
    if plot.equal_hours:
        month = [one for one in made if (one.day.year, one.day.month) == (days[0].year, days[0].month)]
        plant_equal_hours(month, absences, planted)
    touched = {*chosen, *(one.day for one in made if one.day == cancelled)}
    plant_patterns(patterns, made, absences, touched, rng, planted)
    providers, planted.providers = planted.providers, []
    leaves, planted.leaves = [*leaves, *planted.leaves], []
    _write_registers(school, leaves, providers, files)
    return _write_records(school, sorted([*made, *sundays], key=lambda one: one.day), closed, plot, planted, rng, files)


def _absences(school: School, days: Sequence[date], rng: Random, planted: Planted) -> tuple[Absences, list[Record]]:
    """Real leaves: single days, one week, and hours of a morning after which the person works as ever."""
    on_leave: dict[date, set[str]] = {}
    leaves: list[Record] = []
    permanent = [person for person in school.teachers if person.active_from is None and person.active_to is None]
    rng.shuffle(permanent)
    for person in permanent[: max(1, len(days) // 6)]:
        first = rng.choice(days)
        last = first + timedelta(days=4) if person is permanent[0] and first.isoweekday() == 1 else first
        leaves.append(_leave(person, first, last, rng.choice(["sick", "personal", "official"])))
        for day in days:
            if first <= day <= last:
                on_leave.setdefault(day, set()).add(person.staff_id)
        planted.honest("leave_with_substitute", school.school_id, person.staff_id, first.isoformat())
    morning = permanent[-1]
    leaves.append(_leave(morning, days[-1], days[-1], "personal") | {"hours": 2})
    planted.honest("leave_of_a_morning", school.school_id, morning.staff_id, days[-1].isoformat())
    return Absences({day: frozenset(people) for day, people in on_leave.items()}), leaves


def _leave(person: Person, first: date, last: date, kind: str) -> Record:
    return {"staff_id": person.staff_id, "starts_on": first.isoformat(), "ends_on": last.isoformat(), "kind": kind}


def _guest_of(index: int, schools: int) -> str | None:
    """The shared teacher (走校) of the school before, who comes over after the first slot there."""
    home = (index - 1) % schools
    return f"{FIRST_SCHOOL + home}.W001" if home % 2 == 0 and home != index else None


def _welcome(made: SchoolDay, guest: str) -> None:
    """The guest assists in the second slot, back to back with the first slot at home."""
    session = next(session for session in made.sessions if session["slot"] == "s2")
    session["staff"].append({"staff_id": guest, "role": "assistant", "class_hours": 1.5})


def _plant_across_days(
    made: Sequence[SchoolDay],
    plot: Plot,
    guest: str | None,
    chosen: dict[date, str],
    absences: Absences,
    planted: Planted,
) -> list[SchoolDay]:
    """A Sunday (A01), and a guest who is still at home (A14), each on a day with nothing else planted."""
    untouched = [one for one in made if one.day not in chosen]
    sundays = []
    if plot.on_sunday:
        makeup_week = {one.day.isocalendar().week for one in made if one.day.isoweekday() == 7}
        weekly = next((one for one in untouched if one.day.isocalendar().week not in makeup_week), None)
        if weekly is not None:
            sundays.append(plant_day_without_service(weekly, absences, planted))
    if plot.across and guest is not None:
        at_home = next((one for one in reversed(untouched) if one.day.isoweekday() in {1, 3, 5}), None)
        if at_home is not None:
            plant_across_schools(at_home, guest, planted)
    return sundays


def _write_registers(school: School, leaves: list[Record], providers: list[Record], files: Files) -> None:
    own = f"prv-own-{school.index:03d}"
    removed = {provider["provider_id"] for provider in providers}
    files.write(
        "providers",
        [*providers, *([] if own in removed else [{"provider_id": own, "name": "模拟机构", "listed": True}])],
    )
    for resource, records in registers_of(school).items():
        files.write(resource, records)
    files.write("leaves", leaves)


def _write_records(
    school: School,
    made: Sequence[SchoolDay],
    closed: date | None,
    plot: Plot,
    planted: Planted,
    rng: Random,
    files: Files,
) -> int:
    marks = 0
    for one in made:
        files.write("sessions", _with_corrections(one, rng, planted, files))
        files.write("attendance", one.sheets.values())
        files.write("duties", one.duties)
        files.write("days", [_closed_day(one)])
        marks += sum(len(sheet[status]) for sheet in one.sheets.values() for status in STATUSES)
    if closed is not None:
        no_service = {"service_date": closed.isoformat(), "state": "no_service", "reason": "台风停课"}
        files.write("days", [{"school_id": school.school_id, **no_service}])
    documents = documents_of(school, made, plot.in_documents, planted)
    for resource, written in documents.items():
        files.write(resource, written)
    return marks


STATUSES = ("present", "late", "left_early", "absent", "excused")


def _with_corrections(made: SchoolDay, rng: Random, planted: Planted, files: Files) -> Iterator[Record]:
    """The sessions as first posted; now and then a slip of the pen, put right in a later file with its reason.

    On odd dates it is noticed when the day is closed already. The slip, too, says where it came from: whoever pushes the
    folder once more sets it again, on a closed day, before the correction does.
    """
    slip = rng.randrange(len(made.sessions)) if rng.random() < 0.15 else None
    for number, session in enumerate(made.sessions):
        if session["session_id"] in made.late:
            files.write("sessions-late", [session])
        elif session["session_id"] in made.raised:
            lead = session["staff"][0]
            yield {
                **session,
                "staff": [{**lead, "class_hours": lead["class_hours"] / 2}, *session["staff"][1:]],
                "reason": "据纸质记录录入",
            }
            files.write("sessions-late", [{**session, "reason": "漏记课时，经核实补记"}])
        elif number == slip and session["state"] == "held":
            yield {**session, "headcount": session["headcount"] + 1, "reason": "据纸质点名册录入"}
            noticed_late = made.day.day % 2
            corrected = {**session, "reason": "人数录入有误，已更正"}
            files.write("sessions-late" if noticed_late else "sessions-corrections", [corrected])
            if noticed_late:
                planted.honest(
                    "correction_after_closing", made.school.school_id, session["session_id"], made.day.isoformat()
                )
        else:
            yield session


def _closed_day(made: SchoolDay) -> Record:
    held = [session for session in made.sessions if session["state"] == "held"]
    pupils = {
        pupil
        for sheet in made.sheets.values()
        for status in ("present", "late", "left_early")
        for pupil in sheet[status]
    }
    return {
        "school_id": made.school.school_id,
        "service_date": made.day.isoformat(),
        "state": "closed",
        "sessions": len(held),
        "pupils": len(pupils),
    }
