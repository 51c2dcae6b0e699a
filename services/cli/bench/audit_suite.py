"""The checked rules as a data-quality suite runs them: pandas frames of the day's tables. Only where pandas is installed."""

from datetime import date
from importlib.util import find_spec
from typing import Any

from sqlalchemy import text

from services.cli.bench.audit_references import engine_of

_LESSONS = "select * from bench.lesson where service_date = :day"
_PARTS = """
    select part.staff_id, part.class_hours_hundredths, lesson.*
    from bench.part inner join bench.lesson on lesson.id = part.lesson_id
    where lesson.service_date = :day
"""
_MARKS = """
    select mark.lesson_id, mark.student_id, mark.status
    from bench.lesson_mark as mark inner join bench.lesson on lesson.id = mark.lesson_id
    where lesson.service_date = :day
"""


def findings_by_frames(database_url: str, day: date) -> set[tuple[str, str]] | None:
    """(rule, subject) of a day of the whole district; None without pandas."""
    if find_spec("pandas") is None:
        return None
    import pandas as pd

    with engine_of(database_url).connect() as connection:
        lessons, parts, marks = (
            pd.read_sql(text(query), connection, params={"day": day}) for query in (_LESSONS, _PARTS, _MARKS)
        )
    return _headcounts(lessons, marks) | _empty(parts) | _doubled(lessons, marks) | _in_two_places(parts)


def _subjects(rule: str, subjects: Any) -> set[tuple[str, str]]:
    return {(rule, subject) for subject in subjects.unique()}


def _headcounts(lessons: Any, marks: Any) -> set[tuple[str, str]]:
    came = marks.status.isin(["present", "late", "left_early"]).groupby(marks.lesson_id).sum()
    counted = lessons[lessons.state == "held"].join(came.rename("came"), on="id", how="inner")
    wrong = counted[counted.headcount.notna() & (counted.headcount != counted.came)]
    return _subjects("A09", wrong.session_id)


def _empty(parts: Any) -> set[tuple[str, str]]:
    empty = (parts.state == "cancelled") | (parts.headcount == 0)
    return _subjects("A12", parts[empty & (parts.class_hours_hundredths > 0)].session_id)


def _doubled(lessons: Any, marks: Any) -> set[tuple[str, str]]:
    held = lessons[lessons.state == "held"]
    attended = marks[marks.status == "present"].merge(held, left_on="lesson_id", right_on="id")
    attended = attended.sort_values(["school_id", "student_id", "starts_at", "session_id"])
    following = attended.groupby(["school_id", "student_id"]).starts_at.shift(-1)
    both = following.notna() & attended.ends_at.notna()
    attended, following = attended[both], following[both]
    return _subjects("A10", attended[following < attended.ends_at].session_id)


def _in_two_places(parts: Any) -> set[tuple[str, str]]:
    held = parts[(parts.state == "held") & parts.starts_at.notna() & parts.ends_at.notna()]
    held = held.assign(activity=held.activity.fillna(""), room=held.room.fillna(""))
    pairs = held.merge(held, on="staff_id", suffixes=("", "_later"))
    later = (pairs.starts_at_later > pairs.starts_at) | (
        (pairs.starts_at_later == pairs.starts_at) & (pairs.id_later > pairs.id)
    )
    pairs = pairs[later & (pairs.ends_at > pairs.starts_at_later)]
    same = pairs.room != pairs.room_later
    for column in ("school_id", "activity", "starts_at", "ends_at"):
        same &= pairs[column] == pairs[f"{column}_later"]
    return _subjects("A14", pairs[~same].staff_id)
