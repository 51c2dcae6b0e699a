"""Single marks of attendance: gathered by session into one patch of its roll; faults named mark by mark. Pure."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import partial

from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet
from services.ledger_api.ingest.roll import Roll
from shared.problems import Fault

STATUSES = ("present", "late", "left_early", "absent", "excused")
Pointer = Callable[..., str]


class Patch:
    """The single marks of one session, gathered as they come: a number a mark, and never the marks themselves."""

    def __init__(self) -> None:
        """Nobody is in it yet."""
        self.numbers: dict[str, list[int]] = {status: [] for status in STATUSES}
        self.size = 0
        self.last: AttendanceMark | None = None
        # Each once: the marks become one revision, and what one of them says of why is not lost.
        self._reasons: dict[str, None] = {}

    def add(self, marks: Sequence[AttendanceMark], roll: Roll, at: Pointer, faults: list[Fault]) -> None:
        """Take marks that stand together; `at`: the pointer of one of them, by its place, and of a field in it."""
        numbers_of = roll.student_numbers
        for place, mark in enumerate(marks):
            if mark.taken_at is not None:
                has_instant(mark, partial(at, place), faults)
            number = numbers_of.get(mark.student_id)
            if number is None:
                faults.append(Fault(at(place, "student_id"), "unknown_student", {"student_id": mark.student_id}))
            else:
                self.numbers[mark.status].append(number)
            if mark.reason is not None:
                self._reasons[mark.reason] = None
        self.size += len(marks)
        self.last = marks[-1]

    @property
    def reason(self) -> str | None:
        """What the marks say of why."""
        return "；".join(self._reasons) or None

    def repeats(self) -> bool:
        """Whether a pupil is in it more than once."""
        lists = self.numbers.values()
        return len({number for numbers in lists for number in numbers}) != sum(map(len, lists))


def repeated_marks(
    records: Iterable[AttendanceSheet | AttendanceMark],
    sessions: Collection[tuple[str, date, str]],
    pointer: Pointer,
) -> Iterable[Fault]:
    """The marks of these sessions that name a pupil again."""
    seen: set[tuple[str, date, str, str]] = set()
    for index, mark in enumerate(records):
        if isinstance(mark, AttendanceMark) and (mark.school_id, mark.service_date, mark.session_id) in sessions:
            named = (mark.school_id, mark.service_date, mark.session_id, mark.student_id)
            if named in seen:
                yield Fault(pointer(index, "student_id"), "repeated_student", {"student_id": mark.student_id})
            seen.add(named)


# Instants that a database and every time zone can hold.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def has_instant(record: AttendanceSheet | AttendanceMark, at: Pointer, faults: list[Fault]) -> bool:
    """Whether a roll was taken at an instant that can be kept, or at none that is said."""
    if record.taken_at is None or _EARLIEST <= record.taken_at <= _LATEST:
        return True
    faults.append(Fault(at("taken_at"), "invalid_value", {"reason": f"{record.taken_at} is beyond the calendar"}))
    return False
