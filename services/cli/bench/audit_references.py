"""What the audit is measured against: the store's COPY of the same marks, and the checked rules as a loop over an ORM's objects."""

from collections.abc import Sequence
from datetime import date, time
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import psycopg
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, select

# Rules of a day that others would write in the same way: headcount and roll, a pupil twice, hours of an empty session, a
# person in two places.
CHECKED = ["A09", "A10", "A12", "A14"]
_CAME = {"present", "late", "left_early"}
_BLOCK = 1 << 20
_COLUMNS = "school_id, service_date, session_id, student_id, status"
_MARKS = """
    select roll.school_id, roll.service_date, roll.session_id, person.person_id, pupil.status
    from ledger.roll
    cross join lateral (
        select unnest(roll.present) as number, 'present' as status
        union all select unnest(roll.late), 'late'
        union all select unnest(roll.left_early), 'left_early'
        union all select unnest(roll.absent), 'absent'
        union all select unnest(roll.excused), 'excused'
    ) as pupil
    inner join ledger.person on person.resource = 'students' and person.number = pupil.number
"""
_OBJECTS = f"""
insert into bench.lesson (school_id, service_date, session_id, state, activity, room, headcount, starts_at, ends_at)
select school_id, service_date, session_id, state, activity, room, headcount, starts_at, ends_at from ledger.session;
insert into bench.lesson (school_id, service_date, session_id, state, starts_at, ends_at)
select school_id, service_date, 'duty-' || duty_id, 'held', starts_at, ends_at from ledger.work_entry where duty_id is not null;
insert into bench.part (lesson_id, staff_id, class_hours_hundredths)
select lesson.id, staff.staff_id, staff.class_hours_hundredths
from ledger.session_staff as staff inner join bench.lesson using (school_id, service_date, session_id)
union all
select lesson.id, work.staff_id, work.class_hours_hundredths
from ledger.work_entry as work
inner join bench.lesson
    on
        lesson.school_id = work.school_id
        and lesson.service_date = work.service_date
        and lesson.session_id = 'duty-' || work.duty_id;
insert into bench.lesson_mark (lesson_id, student_id, status)
select lesson.id, mark.person_id, mark.status
from ({_MARKS}) as mark inner join bench.lesson using (school_id, service_date, session_id);
analyze bench.lesson, bench.part, bench.lesson_mark;
"""


def marks_as_copied(database_url: str, to: Path) -> None:
    """The district's marks, a row each, as PostgreSQL's own binary COPY stream."""
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor() as cursor,
        to.open("wb") as stream,
        cursor.copy(f"copy ({_MARKS}) to stdout (format binary)") as out,
    ):
        for block in out:
            stream.write(block)


def copy_marks(database_url: str, stream: Path) -> None:
    """The limit: one stream, one transaction, durable."""
    with (
        stream.open("rb") as marks,
        psycopg.connect(database_url) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"copy bench.mark ({_COLUMNS}) from stdin (format binary)") as copy,
    ):
        while block := marks.read(_BLOCK):
            copy.write(block)


def empty_marks(database_url: str) -> None:
    """Make room for the next round."""
    with psycopg.connect(database_url) as connection:
        connection.execute("truncate bench.mark")


class LessonMark(SQLModel, table=True):
    """A pupil on a lesson's roll."""

    __tablename__ = "lesson_mark"
    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)
    lesson_id: int = Field(foreign_key="bench.lesson.id", index=True)
    student_id: str
    status: str


class Part(SQLModel, table=True):
    """A person's part in a lesson or duty."""

    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)
    lesson_id: int = Field(foreign_key="bench.lesson.id", index=True)
    staff_id: str = Field(index=True)
    class_hours_hundredths: int
    lesson: "Lesson" = Relationship(back_populates="parts")


class Lesson(SQLModel, table=True):
    """A session of the day, or a duty."""

    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)
    school_id: str = Field(index=True)
    service_date: date = Field(index=True)
    session_id: str
    state: str
    activity: str | None
    room: str | None
    headcount: int | None
    starts_at: time | None
    ends_at: time | None
    parts: list[Part] = Relationship(back_populates="lesson")
    marks: list[LessonMark] = Relationship()


@cache
def engine_of(database_url: str) -> Engine:
    """An engine that keeps its connections, as an application has it."""
    return create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))


def load_objects(database_url: str) -> None:
    """The same facts as an ORM's tables: a row a lesson, a part, a mark."""
    tables = [SQLModel.metadata.tables[f"bench.{name}"] for name in ("lesson", "part", "lesson_mark")]
    SQLModel.metadata.create_all(engine_of(database_url), tables=tables)
    with psycopg.connect(database_url) as connection:
        connection.execute(_OBJECTS.encode())


def findings_by_objects(database_url: str, school_id: str, day: date) -> set[tuple[str, str]]:
    """(rule, subject) of a school's day: each lesson with its marks and parts in turn, related rows loaded with three queries."""
    found: set[tuple[str, str]] = set()
    with Session(engine_of(database_url)) as session:
        lessons = session.exec(
            select(Lesson)
            .where(Lesson.school_id == school_id, Lesson.service_date == day)
            .options(selectinload(Lesson.parts), selectinload(Lesson.marks))  # type: ignore[arg-type]
        ).all()
        held = [lesson for lesson in lessons if lesson.state == "held"]
        for lesson in held:
            came = sum(mark.status in _CAME for mark in lesson.marks)
            if lesson.marks and lesson.headcount is not None and lesson.headcount != came:
                found.add(("A09", lesson.session_id))
        for lesson in lessons:
            empty = lesson.state == "cancelled" or lesson.headcount == 0
            if empty and any(part.class_hours_hundredths > 0 for part in lesson.parts):
                found.add(("A12", lesson.session_id))
        found |= {("A10", session_id) for session_id in _doubled(held)}
        people = {part.staff_id for lesson in held for part in lesson.parts}
        parts = session.exec(
            select(Part)
            .join(Lesson)
            .where(col(Part.staff_id).in_(people), Lesson.service_date == day, Lesson.state == "held")
            .options(selectinload(Part.lesson))  # type: ignore[arg-type]
        ).all()
        found |= {("A14", staff_id) for staff_id in _in_two_places(parts)}
    return found


def _doubled(held: list[Lesson]) -> set[str]:
    """The lessons of which a pupil is in the next at the same time."""
    by_pupil: dict[str, list[Lesson]] = {}
    for lesson in held:
        for mark in lesson.marks:
            if mark.status == "present":
                by_pupil.setdefault(mark.student_id, []).append(lesson)
    doubled = set()
    for attended in by_pupil.values():
        attended.sort(key=lambda lesson: (lesson.starts_at or time.max, lesson.session_id))
        for lesson, following in pairwise(attended):
            if lesson.ends_at and following.starts_at and following.starts_at < lesson.ends_at:
                doubled.add(lesson.session_id)
    return doubled


def _in_two_places(parts: Sequence[Part]) -> set[str]:
    """The people who have two lessons at once that are not the same lesson."""
    by_person: dict[str, list[Lesson]] = {}
    for part in parts:
        if part.lesson.starts_at is not None:
            by_person.setdefault(part.staff_id, []).append(part.lesson)
    found = set()
    for staff_id, lessons in by_person.items():
        lessons.sort(key=lambda lesson: lesson.starts_at or time.max)
        for earlier, later in combinations(lessons, 2):
            same = _what(earlier) == _what(later) and (earlier.room or "") != (later.room or "")
            if earlier.ends_at and later.starts_at and earlier.ends_at > later.starts_at and not same:
                found.add(staff_id)
    return found


def _what(lesson: Lesson) -> tuple[object, ...]:
    return lesson.school_id, lesson.activity or "", lesson.starts_at, lesson.ends_at
