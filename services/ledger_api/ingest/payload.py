"""What a record looks like on the wire: the types that ingest decodes straight from bytes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from shared.vocabulary import (
    ACADEMIC_YEAR,
    IDENTIFIER,
    LABEL,
    PERIOD,
    SCHOOL_ID,
    TERM_ID,
    AttendanceStatus,
    Category,
    SessionState,
    StaffRole,
)

Identifier = Annotated[str, Meta(pattern=IDENTIFIER)]
Label = Annotated[str, Meta(pattern=LABEL, examples=["s1", "操场", "三(2)班"])]
SchoolId = Annotated[str, Meta(pattern=SCHOOL_ID, description="学校标识码, ten digits")]
# Read by the hundred thousand: a record's look-up in the school's roll, or one check a session, says what is wrong.
MarkedId = Annotated[str, Meta(extra_json_schema={"pattern": IDENTIFIER})]
MarkedSchool = Annotated[str, Meta(description="学校标识码, ten digits", extra_json_schema={"pattern": SCHOOL_ID})]
TermId = Annotated[str, Meta(pattern=TERM_ID, examples=["2025-2026-1"])]
AcademicYear = Annotated[str, Meta(pattern=ACADEMIC_YEAR, examples=["2025-2026"])]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", examples=["15:30"])]
# U+0000 is in no text: PostgreSQL does not take it.
Text = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
# A roll of a session names a school's pupils at most; what is longer is no roll.
Pupils = Annotated[list[str], Meta(max_length=10_000)]
# RFC 3339 with its offset: a clock time without one is another instant in each place.
Instant = Annotated[datetime, Meta(tz=True)]
Period = Annotated[
    str, Meta(pattern=PERIOD, description="a month `YYYY-MM` or a term_id", examples=["2025-09", "2025-2026-1"])
]
# Documents are known by the digest of their bytes, whoever keeps them.
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 of a document, lower-case hex")]
Fen = Annotated[int, Meta(ge=-(10**12), le=10**12, description="an amount in fen")]
Count = Annotated[int, Meta(ge=0, le=100_000)]
ClassHours = Annotated[Decimal, Meta(description="class hours (课时), at most two decimals, 0 to 24")]


# No record can be part of a cycle: the collector need not look at the thousands that a batch makes.
class Record(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What every record on the wire is: named fields, none unknown."""


class SessionStaff(Record, frozen=True):
    """One person in a session: the role and the class hours claimed; `replaces` names whom they stood in for."""

    staff_id: Identifier
    role: StaffRole
    class_hours: ClassHours
    share: Annotated[Decimal, Meta(description="part of the session, 0 to 1, at most four decimals")] | None = None
    replaces: Identifier | None = None


class Session(Record, frozen=True):
    """One class or group in one slot on one date (班级开设情况); 一(二)1."""

    school_id: SchoolId
    session_id: Identifier
    service_date: date
    slot: Label
    activity: Text
    category: Category
    headcount: Count
    staff: Annotated[tuple[SessionStaff, ...], Meta(max_length=100)] = ()
    state: SessionState = "held"
    starts_at: Clock | None = None
    ends_at: Clock | None = None
    room: Label | None = None
    grade: Annotated[int, Meta(ge=1, le=9)] | None = None
    class_no: Label | None = None
    planned_headcount: Count | None = None
    reason: Text | None = None


class AttendanceSheet(Record, frozen=True):
    """The whole roll of one session: every pupil under the one status they have; 一(一)6."""

    school_id: SchoolId
    session_id: Identifier
    service_date: date
    present: Pupils = []
    late: Pupils = []
    left_early: Pupils = []
    absent: Pupils = []
    excused: Pupils = []
    taken_by: Identifier | None = None
    taken_at: Instant | None = None
    reason: Text | None = None


class AttendanceMark(Record, frozen=True):
    """One pupil's status in one session; the others in the roll stay as they are."""

    school_id: MarkedSchool
    session_id: MarkedId
    service_date: date
    student_id: MarkedId
    status: AttendanceStatus
    taken_by: Identifier | None = None
    taken_at: Instant | None = None
    reason: Text | None = None
