"""A simulated district, school by school: its files in posting order, and the labels of what was planted."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import msgspec

from services.cli.simulator.arrangements import arrangements_of
from services.cli.simulator.clock import plant_late_entries
from services.cli.simulator.days import Absences, Record, SchoolDay, make_day
from services.cli.simulator.documents import documents_of
from services.cli.simulator.families import asked_and_evaluated, choose, consents_of
from services.cli.simulator.files import Files
from services.cli.simulator.frauds import Planted, plant_across_schools, plant_day_without_service, plant_equal_hours
from services.cli.simulator.patterns import LEAST_CLASSES, plant_patterns, set_apart
from services.cli.simulator.people import FIRST_SCHOOL, TERM_ID, Person, School, make_school, registers_of
from services.cli.simulator.plots import DAYS_FOR_EQUAL_HOURS, Plot, plant_in_day, plots_of
from services.cli.simulator.pupils import missing_by_day
from services.cli.simulator.term_frauds import ACROSS_DAYS, IN_OTHER_PAPERS, IN_REGISTERS, STATUSES, Term
from services.cli.simulator.witnesses import inspections_of, invoices_of, patrols_of, sign_ins_of
from shared.service_calendar import service_days

TERM_STARTS, TERM_ENDS = date(2025, 9, 1), date(2026, 1, 30)
TERMS = ((TERM_ID, TERM_STARTS, TERM_ENDS), ("2025-2026-2", date(2026, 2, 24), date(2026, 7, 3)))
# A day of the next term, long after the money of this one was due.
SPRING_DAY = date(2026, 4, 8)
# A typhoon closes the whole district on the eighth service day; on the eleventh of those left nobody records anything (D15).
CLOSED_AFTER_DAYS, MISSED_AFTER_DAYS, LEAST_SCHOOLS_THAT_MISS = 7, 10, 4
LEAST_DAYS_OF_A_ROSTER = 4
PUPILS = (280, 560)
# By what the stage centres review (二(三)).
REVIEW_SCHEMES = [
    {"stage": stage, "scheme_id": "2025-2026", "approved_on": "2025-09-01", "academic_year": "2025-2026"}
    for stage in ("primary", "junior")
]


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


def simulate(
    *,
    schools: int,
    days: int,
    seed: int,
    out: Path,
    told: Callable[[int], None] = lambda _done: None,
    pupils: tuple[int, int] = PUPILS,
    with_clock: bool = False,
) -> SimulationSummary:
    """Write a district of `schools` schools over the first `days` service days of the autumn term of 2025.

    The first half of the schools has planted frauds, the rest is honest. `pupils`: at least and at most how many a
    school has. `told` hears of each school that is done. `with_clock`: plant what only the clock shows, and say
    in recorded.json when it was entered. Raises ValueError when the term has fewer days.
    """
    served, closed, silent = _days_of_term(schools, days)
    plots = plots_of(schools, len(served), Random(f"{seed}/plots"), with_clock=with_clock)
    planted = Planted()
    summary = SimulationSummary(schools, days, served[0].isoformat(), served[-1].isoformat())
    terms = TERMS if any(plot.serves_in_spring for plot in plots) else TERMS[:1]
    if silent is not None:
        note = "a day that nobody closed and every school missed"
        planted.label("D15", "district", "district", note, service_date=silent.isoformat())
    with Files(out) as files:
        files.write("terms", [_term(*dates) for dates in terms])
        files.write("closures", [_closure(closed, schools)] if closed else [])
        files.write("review-schemes", REVIEW_SCHEMES)
        files.write("providers", [{"provider_id": "prv-01", "name": "模拟体育机构", "listed": True}])
        for index in range(schools):
            summary.marks += _write_school(
                index,
                schools,
                seed,
                served,
                closed,
                pupils,
                plots[index],
                tuple(each[0] for each in terms),
                planted,
                files,
            )
            told(1)
        files.write_labels(planted.labels)
        if with_clock:
            files.write_late_entries(planted.late_entries)
    summary.records = files.records
    summary.frauds = sum(label["label"] == "fraud" for label in planted.labels)
    summary.honest = len(planted.labels) - summary.frauds
    (out / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode({"seed": seed, **asdict(summary)})))
    return summary


def _days_of_term(schools: int, days: int) -> tuple[list[date], date | None, date | None]:
    """The days that are served, the one that the typhoon took, and the one of which the whole district has no record."""
    every = list(service_days(TERM_STARTS, TERM_ENDS))
    closed = every.pop(CLOSED_AFTER_DAYS) if days > CLOSED_AFTER_DAYS else None
    is_missed = schools >= LEAST_SCHOOLS_THAT_MISS and days > MISSED_AFTER_DAYS + 1
    missed = every.pop(MISSED_AFTER_DAYS) if is_missed else None
    if days > len(every):
        raise ValueError(f"the term has {len(every)} service days")
    return every[:days], closed, missed


def _term(term_id: str, starts_on: date, ends_on: date) -> Record:
    return {"term_id": term_id, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}


def _closure(day: date, schools: int) -> Record:
    return {
        "closure_id": f"typhoon-{day.isoformat()}",
        "starts_on": day.isoformat(),
        "ends_on": day.isoformat(),
        "schools": [str(FIRST_SCHOOL + index) for index in range(schools)],
        "reason": "台风停课",
    }


def _write_school(
    index: int,
    schools: int,
    seed: int,
    days: Sequence[date],
    closed: date | None,
    pupils: tuple[int, int],
    plot: Plot,
    terms: tuple[str, ...],
    planted: Planted,
    files: Files,
) -> int:
    """One school's term, from its registers to its payments; returns the number of marks in its rolls."""
    rng = Random(f"{seed}/{index}")
    school = make_school(index, schools, rng, list(days), rng.randint(*pupils))
    school.choices = choose(school, days, rng)
    school.keeps_sign_ins |= plot.needs_sign_ins
    if plot.in_registers is not None:
        IN_REGISTERS[plot.in_registers](school, planted)
    absences, leaves = _absences(school, days, rng, planted)
    cancelled = rng.choice(days) if index % 4 == 1 else None
    chosen = _days_of_frauds(days, cancelled, plot, rng)
    _end_service(school, chosen)
    guest = _guest_of(index, schools)
    missing = missing_by_day(school, [*days, SPRING_DAY], rng)
    if len(school.classes) < LEAST_CLASSES:
        plot = replace(plot, patterns=())
    made = []
    for number, day in enumerate(days):
        # At some schools the homework teachers move on by one class in mid-term.
        rotated = int(index % 3 == 1 and number >= len(days) // 2)
        one = make_day(school, day, rng, absences, missing[day], cancels_second_slot=day == cancelled, rotated=rotated)
        if plot.patterns:
            set_apart(one)
        if guest is not None and day.isoweekday() in {1, 3, 5} and day != cancelled:
            _welcome(one, guest)
        if day in chosen:
            plant_in_day(chosen[day], one, rng, planted)
        elif plot.is_honest and index % 2 and day == days[len(days) // 3]:
            _teach_two_rooms(one, planted)
        made.append(one)
    if cancelled is not None:
        planted.honest("cancelled_second_slot", school.school_id, school.school_id, cancelled.isoformat())
    made += _plant_across_days(made, plot, guest, chosen, absences, planted)
    touched = {day for touched_school, day in planted.touched if touched_school == school.school_id}
    term = Term(school, sorted(made, key=lambda one: one.day), touched, set(days), absences, closed, rng)
    planted.leaves += leaves
    spring = (
        make_day(school, SPRING_DAY, rng, Absences({}), missing[SPRING_DAY], cancels_second_slot=False)
        if plot.serves_in_spring
        else None
    )
    return _write_records(term, spring, plot, terms, planted, files)


def _days_of_frauds(days: Sequence[date], cancelled: date | None, plot: Plot, rng: Random) -> dict[date, str]:
    """The days of the planted frauds: full ones, of months with a roster (A22)."""
    in_month = Counter(f"{day:%Y-%m}" for day in days)
    free = [day for day in days if day != cancelled and in_month[f"{day:%Y-%m}"] > LEAST_DAYS_OF_A_ROSTER]
    return dict(zip(rng.sample(free, min(len(free), len(plot.in_day))), plot.in_day, strict=False))


def _end_service(school: School, chosen: Mapping[date, str]) -> None:
    """The people of a provider that goes, or whose papers run out, serve up to the day that should have been without them."""
    for day, fraud in chosen.items():
        if fraud in {"C04", "C05"}:
            school.outside[1] = replace(school.outside[1], active_to=day)
        elif fraud == "C01":
            ended = day - timedelta(days=1)
            school.outside[2] = replace(school.outside[2], active_to=day, health_valid_to=ended)


def _teach_two_rooms(made: SchoolDay, planted: Planted) -> None:
    """One lesson in two rooms with the doors open: a teacher has a second class, and claims the hours once."""
    one, other = [session for session in made.sessions if session["slot"] == "s2"][-2:]
    if one["room"] != other["room"] and one["state"] == "held":
        other |= {"activity": one["activity"], "category": one["category"]}
        other["staff"] = [*other["staff"], {**one["staff"][0], "class_hours": 0}]
        planted.honest("one_lesson_in_two_rooms", made.school.school_id, one["session_id"], made.day.isoformat())


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
    chosen: Mapping[date, str],
    absences: Absences,
    planted: Planted,
) -> list[SchoolDay]:
    """A Sunday (A01), and a guest who is still at home (A14), each on a day with nothing else planted."""
    school_id = made[0].school.school_id
    planted.touched |= {(school_id, day) for day in chosen}
    untouched = [one for one in made if one.day not in chosen]
    sundays = []
    if plot.on_sunday:
        makeup_week = {one.day.isocalendar().week for one in made if one.day.isoweekday() == 7}
        weekly = next((one for one in untouched if one.day.isocalendar().week not in makeup_week), None)
        if weekly is not None:
            sundays.append(plant_day_without_service(weekly, absences, planted))
    if plot.across and guest is not None:
        home = guest.partition(".")[0]
        at_home = [
            one for one in untouched if one.day.isoweekday() in {1, 3, 5} and (home, one.day) not in planted.touched
        ]
        if at_home:
            plant_across_schools(at_home[-1], guest, planted)
            planted.touched.add((school_id, at_home[-1].day))
    return sundays


def _write_records(
    term: Term,
    spring: SchoolDay | None,
    plot: Plot,
    terms: tuple[str, ...],
    planted: Planted,
    files: Files,
) -> int:
    """Plant what takes more than a day, then write everything; returns the number of marks in the rolls."""
    school, rng, last_day = term.school, term.rng, max(made.day for made in term.days)
    papers = asked_and_evaluated(school, last_day)
    term.surveys, term.evaluations = papers["surveys"], papers["evaluations"]
    for name in plot.across_days:
        ACROSS_DAYS[name](term, planted)
    if plot.equal_hours:
        _make_hours_equal(term, planted)
    plant_patterns(plot.patterns, term, planted)
    if plot.is_late:
        planted.late_entries += plant_late_entries(term, planted)
    term.invoices = invoices_of(school, term.days)
    for name in plot.in_other_papers:
        IN_OTHER_PAPERS[name](term, planted)
    spring_day = None if spring is None else spring.day
    documents = documents_of(
        school, term.days, plot.in_documents, planted, plan_fraud=plot.in_plan, spring_day=spring_day
    )
    _write_registers(school, terms, planted, files)
    marks = 0
    days = term.days if spring is None else [*term.days, spring]
    for one in days:
        files.write("sessions", _with_corrections(one, rng, planted, files))
        files.write("attendance", one.sheets.values())
        files.write("duties", one.duties)
        files.write("days", [_closed_day(one)] if one.closes else [])
        marks += sum(len(sheet[status]) for sheet in one.sheets.values() for status in STATUSES)
    if term.closed is not None:
        of_the_day = {"school_id": school.school_id, "service_date": term.closed.isoformat()}
        files.write("days", [{**of_the_day, "state": "no_service", "reason": "台风停课"}])
    if school.keeps_sign_ins:
        files.write("sign-ins", sign_ins_of(days, rng, planted))
    files.write("patrols", patrols_of(days, rng, planted))
    files.write("inspections", inspections_of(days, rng))
    files.write("provider-invoices", term.invoices.values())
    files.write("surveys", term.surveys)
    files.write("evaluations", term.evaluations)
    arrangements = arrangements_of(school, days, TERMS[: len(terms)], plot.in_arrangements, planted)
    for resource, written in (*documents.items(), *arrangements.items()):
        files.write(resource, written)
    return marks


def _make_hours_equal(term: Term, planted: Planted) -> None:
    """In the first month, on its days of service."""
    served = [one for one in term.days if one.day in term.served]
    first = served[0].day
    month = [one for one in served if (one.day.year, one.day.month) == (first.year, first.month)]
    if len(month) >= DAYS_FOR_EQUAL_HOURS:
        plant_equal_hours(month, term.absences, planted)


def _write_registers(school: School, terms: tuple[str, ...], planted: Planted, files: Files) -> None:
    own = f"prv-own-{school.index:03d}"
    changed = {provider["provider_id"] for provider in planted.providers}
    files.write("providers", planted.providers)
    files.write("providers", [] if own in changed else [{"provider_id": own, "name": "模拟机构", "listed": True}])
    planted.providers.clear()
    for resource, records in registers_of(school, terms).items():
        files.write(resource, records)
    files.write("leaves", planted.leaves)
    planted.leaves.clear()
    files.write("consents", consents_of(school))


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
        "pupils": len(pupils) + made.overstated,
    }
