"""The words of the sheets, Chinese and English: periods, days, codes, what stands on every sheet."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from services.reporting.forms.reading import Line, Person
from services.reporting.sheets.form import Cell, Column
from shared.problems import Language
from shared.vocabulary import CODE_LISTS

SHANGHAI = ZoneInfo("Asia/Shanghai")


def either(language: Language, zh: str, en: str) -> str:
    """The words in the sheet's language."""
    return zh if language == "zh" else en


def period_words(name: str, language: Language) -> str:
    """A month or a term as people say it: `2025年9月`, `2025—2026学年第一学期`."""
    parts = name.split("-")
    if len(parts) == 2:
        return either(language, f"{parts[0]}年{int(parts[1])}月", f"{name}")
    number = {"1": ("第一学期", "autumn term"), "2": ("第二学期", "spring term")}[parts[2]]
    return either(language, f"{parts[0]}—{parts[1]}学年{number[0]}", f"{parts[0]}–{parts[1]}, {number[1]}")


def days_words(dates: Sequence[date] | None, language: Language) -> str | None:
    """The days of a month in runs, as a register shows them: `1–5、8`; None where they are not said."""
    if dates is None:
        return None
    comma = either(language, "、", ", ")
    return comma.join(
        f"{first.day}–{last.day}" if first != last else str(first.day) for first, last in _runs(sorted(dates))
    )


def _runs(dates: Sequence[date]) -> Iterable[tuple[date, date]]:
    for _, run in groupby(enumerate(dates), key=lambda placed: placed[1].toordinal() - placed[0]):
        days = [day for _, day in run]
        yield days[0], days[-1]


def label(code_list: str, code: str | None, language: Language) -> str | None:
    """A code's words; the code itself where the list does not have it."""
    found = CODE_LISTS[code_list].get(code or "")
    return code if found is None else either(language, found.zh, found.en)


def instant_words(instant: datetime) -> str:
    """An instant on the school's clock, to the minute."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def span_words(first: str | None, last: str | None, language: Language) -> str | None:
    """From one day to another; None when neither is set, so that it is written by hand."""
    if first is None and last is None:
        return None
    line = "＿＿＿＿＿＿"
    return f"{first or line}{either(language, ' 至 ', ' to ')}{last or line}"


def person_columns(people: dict[str, Person], language: Language) -> tuple[Column, ...]:
    """Number, name where the register has any, id, kind: how a sheet names people."""
    named = any(person.name for person in people.values())
    return (
        Column(either(language, "序号", "No."), "count", 0.7),
        *((Column(either(language, "姓名", "Name"), "text", 1.9),) if named else ()),
        Column(either(language, "人员编号", "Id"), "text", 1.6),
        Column(either(language, "人员类别", "Kind"), "text", 2.1),
    )


def person_cells(number: int, line: Line, people: dict[str, Person], language: Language) -> tuple[Cell, ...]:
    """The cells of `person_columns`; what the register does not say is not known."""
    person = people.get(line.staff_id, Person(None, None))
    named = any(each.name for each in people.values())
    return (
        number,
        *((person.name,) if named else ()),
        line.staff_id,
        label("staff_kind", person.kind, language),
    )


def person_totals(count: int, people: dict[str, Person], language: Language) -> tuple[Cell, ...]:
    """The same columns of the row of totals."""
    named = any(person.name for person in people.values())
    words = (either(language, "合计", "Total"), either(language, f"{count} 人", f"{count} people"))
    return (None, *words, None) if named else (None, *words)


def total(amounts: Iterable[int | None]) -> int | None:
    """The sum of what is known; None when nothing is: never 0 for what nobody said."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
