"""The publication sheets (公示表): a month's workload, a term's workload and the remuneration to be paid; 一(二)2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.reporting.forms.reading import Line, Person, SchoolNamed
from services.reporting.forms.wording import (
    days_words,
    either,
    label,
    period_words,
    person_cells,
    person_columns,
    person_totals,
    span_words,
    total,
)
from services.reporting.sheets.form import Binding, Cell, Column, Form, Signature, Table
from shared.problems import Language

_DELIBERATION = """
    select content ->> 'held_on' as held_on, content ->> 'form' as form, content ->> 'decision' as decision
    from ledger.current_entry
    where resource = 'deliberations' and school_id = $1 and key = $2
"""


@dataclass(frozen=True)
class Posted:
    """Where and when it hangs, and what was decided before; None is filled in by hand."""

    displayed: str | None = None
    place: str | None = None
    deliberation: str | None = None
    publication_id: str | None = None


async def posted(
    connection: asyncpg.Connection, school_id: str, content: Mapping[str, Any], language: Language
) -> Posted:
    """What a publication's record says of its posting, with the meeting's day and decision."""
    decided = None
    if content.get("deliberation_id"):
        meeting = await connection.fetchrow(_DELIBERATION, school_id, content["deliberation_id"])
        if meeting is not None:
            parts = (
                meeting["held_on"],
                label("deliberation_form", meeting["form"], language),
                label("deliberation_decision", meeting["decision"], language),
            )
            decided = " ".join(part for part in parts if part)
    return Posted(
        span_words(content.get("displayed_from"), content.get("displayed_to"), language),
        content.get("place"),
        decided,
        content.get("publication_id"),
    )


def publication_form(
    school: SchoolNamed,
    period: str,
    lines: tuple[Line, ...],
    people: dict[str, Person],
    *,
    money: bool,
    posting: Posted,
    binding: Binding,
    remarks: tuple[str, ...],
    language: Language,
) -> Form:
    """The sheet to post; `money`: with the amounts of 拟发放报酬. `remarks`: what the reader must know of the figures."""
    words = period_words(period, language)
    title = (
        either(
            language, "课后服务参与人员工作量和拟发放报酬公示表", "Publication of workload and proposed remuneration"
        )
        if money
        else either(language, "课后服务参与人员工作量公示表", "Publication of workload")
    )
    facts = (
        (either(language, "学校标识码", "School code"), school.school_id),
        (either(language, "公示期间", "Period"), words),
        (either(language, "公示地点", "Place of display"), posting.place),
        (either(language, "公示起止", "Displayed"), posting.displayed),
        (either(language, "集体审议（三重一大）", "Deliberation"), posting.deliberation),
        (either(language, "公示编号", "Publication"), posting.publication_id),
        (either(language, "异议联系人", "Contact for objections"), None),
        (either(language, "联系电话", "Telephone"), None),
    )
    return Form(
        title=title,
        school=school.name,
        subtitle=words,
        facts=facts,
        tables=(_lines(lines, people, by_day=len(period) == 7, money=money, language=language),),
        notes=(*_notes(lines, money=money, language=language), *remarks),
        signatures=_signatures(language),
        binding=binding,
        language=language,
    )


def _lines(
    lines: tuple[Line, ...], people: dict[str, Person], *, by_day: bool, money: bool, language: Language
) -> Table:
    columns = [*person_columns(people, language)]
    if by_day:
        columns.append(Column(either(language, "服务日期（日）", "Days of the month"), "text", 3.2))
    columns += [
        Column(either(language, "天数", "Days"), "count", 0.8),
        Column(either(language, "总课时数", "Class hours"), "class_hours", 1.3),
    ]
    if money:
        columns.append(Column(either(language, "拟发放报酬（元）", "To be paid (yuan)"), "money", 1.7))
    columns.append(Column(either(language, "本人确认", "Confirmed"), "blank", 1.4))
    rows: list[tuple[Cell, ...]] = []
    for number, line in enumerate(lines, start=1):
        rows.append(
            (
                *person_cells(number, line, people, language),
                *((days_words(line.dates, language),) if by_day else ()),
                None if line.dates is None else len(line.dates),
                line.class_hours_hundredths,
                *((line.amount_fen,) if money else ()),
                None,
            )
        )
    totals: tuple[Cell, ...] = (
        *person_totals(len(lines), people, language),
        *((None,) if by_day else ()),
        None,
        total(line.class_hours_hundredths for line in lines),
        *((total(line.amount_fen for line in lines),) if money else ()),
        None,
    )
    return Table(tuple(columns), tuple(rows), totals if lines else None)


def _notes(lines: tuple[Line, ...], *, money: bool, language: Language) -> tuple[str, ...]:
    missing = sum(line.amount_fen is None for line in lines) if money else 0
    return (
        either(
            language,
            "全体参与人员可核对本人各项数据；如有异议，请在公示期内向异议联系人提出，答复之前公示不结束。",
            "Every participant may check their own line. Objections go to the contact named above while this is displayed; "
            "the display does not end before they are answered.",
        ),
        either(
            language,
            "本表仅在校内公示，不对外张贴或上网；公示结束后连同现场照片存档备查。",
            "For display inside the school only; afterwards it is archived with a photograph of the display.",
        ),
        *(
            (
                either(
                    language,
                    f"有 {missing} 人的金额未列明（以“—”表示），未计入合计。",
                    f"{missing} people have no amount (—); the total leaves them out.",
                ),
            )
            if missing
            else ()
        ),
    )


def _signatures(language: Language) -> tuple[Signature, ...]:
    return (
        Signature(either(language, "制表人（台账记录员）", "Prepared by (ledger keeper)")),
        Signature(either(language, "审核人（课后服务负责人）", "Checked by (service lead)")),
        Signature(either(language, "校长", "Principal")),
        Signature(either(language, "学校党组织", "School Party organisation"), seal=True),
    )
