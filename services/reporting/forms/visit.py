"""The on-site sheet (现场检查表): the day's sessions with room for what is seen, and what must be looked at; 二(二), 三(五)."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from services.reporting.forms.reading import Line, Person, SchoolNamed
from services.reporting.forms.wording import either, label, period_words
from services.reporting.sheets.form import Binding, Cell, Column, Form, Signature, Table
from shared.database import Statement
from shared.problems import Language

_SESSIONS = Statement.from_file(Path(__file__).with_suffix(".sql"))
# Where the day has no sessions yet: the same weekday, so many days back at most.
EXPECTED_FROM_DAYS = 28
_LIKE_DAY = """
    select max(service_date) from ledger.held_session
    where
        school_id = $1 and service_date between $2::date - $3::integer and $2 - 1
        and extract(isodow from service_date) = extract(isodow from $2)
"""
_STANDING = """
    select
        (select max(service_date) from ledger.day where school_id = $1 and state = 'closed' and service_date <= $2)
            as closed_to,
        (select max(held_on) from ledger.deliberation where school_id = $1 and held_on <= $2) as deliberated_on,
        (
            select period || ' ' || coalesce(displayed_from::text, '—') || ' – ' || coalesce(displayed_to::text, '—')
            from ledger.publication where school_id = $1
            order by coalesce(displayed_from, recorded_at::date) desc, publication_id desc limit 1
        ) as published,
        (select max(service_date) from ledger.patrol where school_id = $1 and service_date <= $2) as patrolled_on
"""


async def sessions_of(connection: asyncpg.Connection, school_id: str, day: date) -> tuple[date, Sequence[Any]]:
    """The day's sessions; where none is recorded yet, those of the last same weekday, with that day."""
    rows = await _SESSIONS.fetch(connection, school_id=school_id, day=day)
    if rows:
        return day, rows
    like: date | None = await connection.fetchval(_LIKE_DAY, school_id, day, EXPECTED_FROM_DAYS)
    return (day, rows) if like is None else (like, await _SESSIONS.fetch(connection, school_id=school_id, day=like))


async def visit_content(connection: asyncpg.Connection, school_id: str, day: date) -> list[list[object]]:
    """What the sheet's code stands for: the sessions as the sheet shows them."""
    _, rows = await sessions_of(connection, school_id, day)
    return [[str(value) if name.endswith("_at") else value for name, value in row.items()] for row in rows]


def lines_named(rows: Sequence[Any]) -> list[Line]:
    """The people of the sessions, to be looked up."""
    return [Line(staff_id) for row in rows for staff_id in row["staff_ids"] or ()]


async def visit_form(
    connection: asyncpg.Connection,
    school: SchoolNamed,
    day: date,
    rows: Sequence[Any],
    people: dict[str, Person],
    *,
    recorded_on: date,
    binding: Binding,
    language: Language,
) -> Form:
    """The sheet that an inspector takes along. `recorded_on`: the day whose sessions it shows."""
    standing = await connection.fetchrow(_STANDING, school.school_id, day)
    expected = recorded_on != day
    remark = either(
        language,
        f"当日台账尚无课次：所列为上一同星期日（{recorded_on}）的课次，人数仅供参考。",
        f"The ledger has no sessions of this day yet: these are the sessions of {recorded_on}, for orientation.",
    )
    return Form(
        title=either(language, "课后服务现场检查表", "On-site sheet"),
        school=school.name,
        subtitle=day.isoformat(),
        facts=(
            (either(language, "学校标识码", "School code"), school.school_id),
            (either(language, "检查日期", "Date"), day.isoformat()),
            (either(language, "检查方式（抽查／飞行检查）", "Kind of visit"), None),
            (either(language, "检查单位", "Visited by"), None),
            (either(language, "到校时间", "Arrived at"), None),
            (either(language, "离校时间", "Left at"), None),
        ),
        tables=(_sessions(rows, people, language), _items(standing, language)),
        notes=(
            *((remark,) if expected else ()),
            either(
                language,
                "“现场人数”和“在场人员”据实填写；与台账不符的，在备注中写明并请在场人员签名。",
                "Write down who and how many are there; where it differs from the ledger, say so and have it signed.",
            ),
            either(
                language,
                "工作台账、集体审议、校内公示程序三项为必查项，均须有结果和依据。",
                "Work ledger, collective deliberation and publication procedure must each have a result and its evidence.",
            ),
        ),
        signatures=(
            Signature(either(language, "检查人员", "Inspector")),
            Signature(either(language, "检查人员", "Inspector")),
            Signature(either(language, "学校负责人", "For the school")),
            Signature(either(language, "检查单位", "Visiting office"), seal=True),
        ),
        binding=binding,
        landscape=True,
        language=language,
    )


def _sessions(rows: Sequence[Any], people: dict[str, Person], language: Language) -> Table:
    cells: list[tuple[Cell, ...]] = []
    for number, row in enumerate(rows, start=1):
        staff = [people.get(staff_id, Person(None, None)).name or staff_id for staff_id in row["staff_ids"] or ()]
        time = " – ".join(f"{row[name]:%H:%M}" for name in ("starts_at", "ends_at") if row[name] is not None)
        cells.append(
            (
                number,
                time or row["slot"],
                row["room"],
                row["activity"] or label("category", row["category"], language),
                either(language, "、", ", ").join(staff),
                label("session_state", row["state"], language),
                row["planned_headcount"],
                row["headcount"],
                None,
                None,
                None,
            )
        )
    return Table(
        (
            Column(either(language, "序号", "No."), "count", 0.6),
            Column(either(language, "时间", "Time"), "text", 1.4),
            Column(either(language, "场地", "Room"), "text", 1.2),
            Column(either(language, "活动", "Activity"), "text", 1.7),
            Column(either(language, "台账所列人员", "Staff in the ledger"), "text", 2.4),
            Column(either(language, "状态", "State"), "text", 0.9),
            Column(either(language, "应到", "Planned"), "count", 0.8),
            Column(either(language, "台账人数", "In the ledger"), "count", 1),
            Column(either(language, "现场人数", "Seen"), "blank", 1),
            Column(either(language, "在场人员", "Staff present"), "blank", 2),
            Column(either(language, "备注", "Remark"), "blank", 1.8),
        ),
        tuple(cells),
        title=either(language, "一、班级开设情况核对", "1. Sessions"),
    )


def _items(standing: Any, language: Language) -> Table:
    published = standing["published"]
    if published is not None:
        period, _, display = published.partition(" ")
        published = f"{period_words(period, language)}　{display}"
    items: tuple[tuple[str, str | None], ...] = (
        (
            either(language, "工作台账（必查）", "Work ledger (must)"),
            _since(standing["closed_to"], either(language, "已关账至", "closed to"), language),
        ),
        (
            either(language, "集体审议（必查）", "Collective deliberation (must)"),
            _since(standing["deliberated_on"], either(language, "最近一次", "last on"), language),
        ),
        (
            either(language, "校内公示程序（必查）", "Publication procedure (must)"),
            published or either(language, "无记录", "no record"),
        ),
        (
            either(language, "干部巡检", "Management patrol"),
            _since(standing["patrolled_on"], either(language, "最近一次", "last on"), language),
        ),
        (either(language, "学生自愿参加、内容不违规", "Voluntary; nothing forbidden is taught"), None),
        (either(language, "校外人员与助教配对、资质", "Outside people: paired, qualified"), None),
    )
    return Table(
        (
            Column(either(language, "序号", "No."), "count", 0.6),
            Column(either(language, "检查项目", "Item"), "text", 2.4),
            Column(either(language, "台账所示", "The ledger says"), "text", 2.8),
            Column(either(language, "结果", "Result"), "blank", 1.6),
            Column(either(language, "依据及说明", "Evidence and remarks"), "blank", 4),
        ),
        tuple((number, item, said, None, None) for number, (item, said) in enumerate(items, start=1)),
        title=either(language, "二、检查项目", "2. Items"),
    )


def _since(day: date | None, words: str, language: Language) -> str:
    return either(language, "无记录", "no record") if day is None else f"{words} {day}"
