"""Typed records to rows, or to every fault in them. Pure: all it knows is handed in.

Refused is what is malformed, names what no register knows, or lies outside every term. What is only implausible is
recorded as claimed and left to the audit: a claim that is turned away leaves no evidence.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import groupby
from operator import attrgetter

from services.ledger_api.ingest.marks import STATUSES, Patch, has_instant, repeated_marks
from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet, Session, SessionStaff
from services.ledger_api.ingest.roll import Calendar, Roll
from shared.chain import record_digest
from shared.problems import FAULTS_COUNTED, Fault
from shared.vocabulary import IDENTIFIER

# (record's place, further steps) -> JSON pointer
Pointer = Callable[..., str]


@dataclass(frozen=True)
class Known:
    """Everything a batch is checked against."""

    calendar: Calendar
    rolls: Mapping[str, Roll]
    # Every id that some school of the district has registered, as far as the batch names it.
    staff: Collection[str] = ()
    # staff_id -> the school that registered them; only filled for what is kept with a person.
    homes: Mapping[str, str] = field(default_factory=dict)
    # The providers of the district's list, as far as the batch names them.
    providers: Collection[str] = ()


@dataclass
class SessionRows:
    """Sessions as columns, in the order of ledger.append_sessions."""

    school_ids: list[str] = field(default_factory=list)
    service_dates: list[date] = field(default_factory=list)
    session_ids: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    starts_at: list[str] = field(default_factory=list)
    ends_at: list[str] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    rooms: list[str | None] = field(default_factory=list)
    grades: list[int | None] = field(default_factory=list)
    class_nos: list[str | None] = field(default_factory=list)
    planned_headcounts: list[int | None] = field(default_factory=list)
    headcounts: list[int] = field(default_factory=list)
    staff_ids: list[str] = field(default_factory=list)
    staff_roles: list[str] = field(default_factory=list)
    staff_class_hours_hundredths: list[str] = field(default_factory=list)
    staff_shares: list[str] = field(default_factory=list)
    staff_replaces: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)


@dataclass
class RollRows:
    """Rolls as columns, in the order of ledger.append_attendance."""

    school_ids: list[str] = field(default_factory=list)
    service_dates: list[date] = field(default_factory=list)
    session_ids: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    patches: list[bool] = field(default_factory=list)
    present: list[str | None] = field(default_factory=list)
    late: list[str | None] = field(default_factory=list)
    left_early: list[str | None] = field(default_factory=list)
    absent: list[str | None] = field(default_factory=list)
    excused: list[str | None] = field(default_factory=list)
    taken_by: list[str | None] = field(default_factory=list)
    taken_at: list[datetime | None] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)


def check_sessions(sessions: Sequence[Session], known: Known, pointer: Pointer) -> tuple[SessionRows, list[Fault]]:
    """Sessions as rows, and every fault: unknown school, term, slot or staff, hours beyond a day, a repeated key."""
    rows = SessionRows()
    faults: list[Fault] = []
    first_seen: dict[tuple[str, str], int] = {}
    for index, session in enumerate(sessions):
        before = first_seen.setdefault((session.school_id, session.session_id), index)
        if before != index:
            faults.append(
                Fault(pointer(index, "session_id"), "repeated_key", {"key": session.session_id, "first": before}),
            )
        roll = known.rolls.get(session.school_id)
        if roll is None:
            faults.append(Fault(pointer(index, "school_id"), "unknown_school", {"school_id": session.school_id}))
            continue
        before_it = len(faults)
        times = _times_of(session, roll, known.calendar, index, pointer, faults)
        for place, member in enumerate(session.staff):
            _check_member(member, known, lambda *steps, at=(index, "staff", place): pointer(*at, *steps), faults)
        if times is not None and len(faults) == before_it:
            _add_session(rows, session, *times)
        if len(faults) > FAULTS_COUNTED:
            break
    return rows, faults


def _times_of(
    session: Session, roll: Roll, calendar: Calendar, index: int, pointer: Pointer, faults: list[Fault]
) -> tuple[str, str] | None:
    """The session's clock times, the slot's where it says none; None with a fault when it has no place in a term."""
    term = calendar.term_of(session.service_date)
    if term is None:
        faults.append(no_term(calendar, session.service_date, pointer(index, "service_date")))
        return None
    slot = roll.slots.get((term.term_id, session.slot))
    if slot is None:
        faults.append(Fault(pointer(index, "slot"), "unknown_slot", {"slot": session.slot}))
        return None
    starts_at, ends_at = session.starts_at or slot.starts_at, session.ends_at or slot.ends_at
    if ends_at <= starts_at:
        faults.append(Fault(pointer(index, "ends_at"), "ends_before_it_starts", {"starts": starts_at, "ends": ends_at}))
        return None
    return starts_at, ends_at


def no_term(calendar: Calendar, day: date, at: str) -> Fault:
    """The fault of a day whose records no term takes: there is none, or its school year lies in an archive."""
    return Fault(at, calendar.why_not(day), {"date": day})


def _check_member(member: SessionStaff, known: Known, at: Pointer, faults: list[Fault]) -> None:
    """One person of a session: known in the district, hours a number of hundredths within a day."""
    if member.staff_id not in known.staff:
        faults.append(Fault(at("staff_id"), "unknown_staff", {"staff_id": member.staff_id}))
    if member.replaces is not None and member.replaces not in known.staff:
        faults.append(Fault(at("replaces"), "unknown_staff", {"staff_id": member.replaces}))
    if not _are_class_hours(member.class_hours):
        faults.extend(class_hours_faults(member.class_hours, at("class_hours")))
    if member.share is not None and not is_number(member.share, at_most=1, decimals=4):
        faults.append(Fault(at("share"), "invalid_value", {"reason": "a share is 0 to 1, with at most four decimals"}))


def is_number(value: Decimal, *, at_most: int, decimals: int) -> bool:
    """Whether a decimal is a number from 0 to `at_most` that is written without much ado: 1E-999999999 is none."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -decimals <= exponent <= 6 and 0 <= value <= at_most


@lru_cache(maxsize=4096)
def _are_class_hours(class_hours: Decimal) -> bool:
    """Whether nothing is wrong with a number of class hours; the same few come all day."""
    return not class_hours_faults(class_hours, "")


def class_hours_faults(class_hours: Decimal, pointer: str) -> list[Fault]:
    """What is wrong with a number of class hours: not finite, negative, beyond 24, more than two decimals."""
    if not class_hours.is_finite() or class_hours < 0:
        return [Fault(pointer, "invalid_value", {"reason": f"{class_hours} is not a number of class hours ≥ 0"})]
    if class_hours > 24:
        return [Fault(pointer, "too_many_class_hours", {"class_hours": class_hours})]
    # 1.50000 is 1.5; what is written with more noughts than that is no number of class hours.
    if not is_number(class_hours, at_most=24, decimals=12) or class_hours * 100 != int(class_hours * 100):
        return [Fault(pointer, "too_many_decimals", {"value": class_hours})]
    return []


@lru_cache(maxsize=4096)
def _hundredths(class_hours: Decimal) -> int:
    return int(class_hours * 100)


def _add_session(rows: SessionRows, session: Session, starts_at: str, ends_at: str) -> None:
    hundredths = [_hundredths(member.class_hours) for member in session.staff]
    rows.school_ids.append(session.school_id)
    rows.service_dates.append(session.service_date)
    rows.session_ids.append(session.session_id)
    rows.states.append(session.state)
    rows.slots.append(session.slot)
    rows.starts_at.append(starts_at)
    rows.ends_at.append(ends_at)
    rows.activities.append(session.activity)
    rows.categories.append(session.category)
    rows.rooms.append(session.room)
    rows.grades.append(session.grade)
    rows.class_nos.append(session.class_no)
    rows.planned_headcounts.append(session.planned_headcount)
    rows.headcounts.append(session.headcount)
    rows.staff_ids.append(_array([member.staff_id for member in session.staff]))
    rows.staff_roles.append(_array([member.role for member in session.staff]))
    rows.staff_class_hours_hundredths.append("{" + ",".join(map(str, hundredths)) + "}")
    # As PostgreSQL writes them: without an exponent.
    shares = [None if member.share is None else Decimal(f"{member.share:f}") for member in session.staff]
    rows.staff_shares.append(_array(shares))
    rows.staff_replaces.append(_array([member.replaces for member in session.staff]))
    rows.digests.append(
        record_digest(
            (
                session.school_id,
                session.service_date,
                session.session_id,
                session.state,
                session.slot,
                starts_at,
                ends_at,
                session.activity,
                session.category,
                session.room,
                session.grade,
                session.class_no,
                session.planned_headcount,
                session.headcount,
                [
                    (member.staff_id, member.role, hours, share, member.replaces)
                    for member, hours, share in zip(session.staff, hundredths, shares, strict=True)
                ],
            ),
        ),
    )
    rows.reasons.append(session.reason)


def _array(elements: Iterable[object]) -> str:
    """A PostgreSQL array literal; None is null. Identifiers hold no quote and no backslash."""
    return "{" + ",".join("null" if element is None else f'"{element}"' for element in elements) + "}"


# Records of one session that follow each other are looked at once; a mark is one of hundreds of thousands.
_roll_of = attrgetter("__class__", "school_id", "service_date", "session_id")
_is_identifier = re.compile(IDENTIFIER).match


def check_attendance(
    records: Sequence[AttendanceSheet | AttendanceMark], known: Known, pointer: Pointer
) -> tuple[RollRows, list[Fault]]:
    """Sheets and marks as rolls, and every fault: unknown school or pupil, outside a term, a repeated pupil or sheet."""
    rows = RollRows()
    faults: list[Fault] = []
    first_seen: dict[tuple[str, str], int] = {}
    patches: dict[tuple[str, date, str], Patch] = {}
    index = 0
    for (_, school_id, service_date, session_id), together in groupby(records, _roll_of):
        start, index = index, index + len(run := list(together))
        roll = known.rolls.get(school_id)
        if roll is None or known.calendar.term_of(service_date) is None or not _is_identifier(session_id):
            faults += _faults_of_place(run[0], roll, known.calendar, range(start, index), pointer)
        elif isinstance(run[0], AttendanceMark):
            patch = patches.setdefault((school_id, service_date, session_id), Patch())
            patch.add(run, roll, lambda place, *steps, start=start: pointer(start + place, *steps), faults)  # type: ignore[arg-type]
        else:
            for at, sheet in enumerate(run, start):
                before = first_seen.setdefault((school_id, session_id), at)
                if before != at:
                    faults.append(
                        Fault(pointer(at, "session_id"), "repeated_key", {"key": session_id, "first": before})
                    )
                _add_sheet(rows, sheet, roll, partial(pointer, at), faults)  # type: ignore[arg-type]
        if len(faults) > FAULTS_COUNTED:
            break
    for school_id, _, session_id in patches:
        if (sheet_at := first_seen.get((school_id, session_id))) is not None:
            faults.append(
                Fault(pointer(sheet_at, "session_id"), "repeated_key", {"key": session_id, "first": sheet_at})
            )
    repeating = {place for place, patch in patches.items() if patch.repeats()}
    if repeating:
        faults += repeated_marks(records, repeating, pointer)
    for patch in patches.values():
        if patch.last is not None:
            _add_roll(rows, patch.last, list(patch.numbers.values()), is_patch=True, weight=patch.size)
            rows.reasons[-1] = patch.reason
    return rows, faults


def _faults_of_place(
    record: AttendanceSheet | AttendanceMark, roll: Roll | None, calendar: Calendar, indices: range, pointer: Pointer
) -> list[Fault]:
    """Why records of one session have no place in the ledger: its school, its day or its id."""
    if roll is None:
        return [Fault(pointer(at, "school_id"), "unknown_school", {"school_id": record.school_id}) for at in indices]
    if calendar.term_of(record.service_date) is None:
        return [no_term(calendar, record.service_date, pointer(at, "service_date")) for at in indices]
    reason = f"{record.session_id!r} is no identifier: {IDENTIFIER}"
    return [Fault(pointer(at, "session_id"), "invalid_value", {"reason": reason}) for at in indices]


def _add_sheet(rows: RollRows, sheet: AttendanceSheet, roll: Roll, at: Pointer, faults: list[Fault]) -> None:
    if not has_instant(sheet, at, faults):
        return
    numbers_of = roll.student_numbers
    lists = (sheet.present, sheet.late, sheet.left_early, sheet.absent, sheet.excused)
    try:
        numbered = [[numbers_of[student_id] for student_id in students] for students in lists]
    except KeyError:
        faults.extend(
            Fault(at(status, place), "unknown_student", {"student_id": student_id})
            for status, students in zip(STATUSES, lists, strict=True)
            for place, student_id in enumerate(students)
            if student_id not in numbers_of
        )
        return
    if len({number for numbers in numbered for number in numbers}) != sum(map(len, numbered)):
        seen: set[str] = set()
        for status, students in zip(STATUSES, lists, strict=True):
            for place, student_id in enumerate(students):
                if student_id in seen:
                    faults.append(Fault(at(status, place), "repeated_student", {"student_id": student_id}))
                seen.add(student_id)
        return
    _add_roll(rows, sheet, numbered, is_patch=False, weight=1)


def _add_roll(
    rows: RollRows,
    record: AttendanceSheet | AttendanceMark,
    numbered: Sequence[list[int]],
    *,
    is_patch: bool,
    weight: int,
) -> None:
    columns = (rows.present, rows.late, rows.left_early, rows.absent, rows.excused)
    for column, numbers in zip(columns, numbered, strict=True):
        numbers.sort()
        column.append("{" + ",".join(map(str, numbers)) + "}" if numbers else None)
    rows.school_ids.append(record.school_id)
    rows.service_dates.append(record.service_date)
    rows.session_ids.append(record.session_id)
    rows.states.append("recorded")
    rows.patches.append(is_patch)
    rows.taken_by.append(record.taken_by)
    rows.taken_at.append(record.taken_at)
    rows.weights.append(weight)
    rows.reasons.append(record.reason)


def void_session_rows(school_id: str, session_id: str, service_date: date, reason: str) -> SessionRows:
    """One void revision of a session: no content, a digest that says so."""
    rows = SessionRows([school_id], [service_date], [session_id], ["void"], reasons=[reason])
    for column in fields(rows):
        values: list[object] = getattr(rows, column.name)
        if not values and column.name != "digests":
            values.append(None)
    rows.digests.append(record_digest((school_id, service_date, session_id, "void")))
    return rows


def void_roll_rows(school_id: str, session_id: str, service_date: date, reason: str) -> RollRows:
    """One void revision of a roll: nobody in it."""
    return RollRows(
        [school_id],
        [service_date],
        [session_id],
        ["void"],
        [False],
        [None],
        [None],
        [None],
        [None],
        [None],
        [None],
        [None],
        [1],
        [reason],
    )
