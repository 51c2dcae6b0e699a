"""What a printed sheet is made of: a title, facts, ruled tables, places to sign and seal, a code to check it by. Pure.

A form says what stands where; `xlsx` and `pdf` say how it looks. Figures stay whole: class hours in hundredths, money in
fen, so that the file's numbers are the ledger's.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.problems import Language

# How a column's cells are shown. `blank` is written by hand: it stays empty and wide.
ColumnKind = Literal["text", "count", "class_hours", "money", "date", "blank"]
Cell = str | int | date | None

# What one sheet may hold: a district's largest school a hundred times over. Beyond it nobody reads paper.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Column:
    """One column; `weight`: its share of the page's width."""

    title: str
    kind: ColumnKind
    weight: float


@dataclass(frozen=True)
class Table:
    """Rows under their columns. `totals`: one cell a column, the words of the sum in the first text column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...] | None = None
    title: str | None = None


@dataclass(frozen=True)
class Signature:
    """A place to sign or to seal; `by` and `on` where the ledger already says who did it and when."""

    who: str
    seal: bool = False
    by: str | None = None
    on: date | None = None


@dataclass(frozen=True)
class Binding:
    """What the sheet is bound to: the position of the school's chain, and the address that tells whether it still holds."""

    url: str
    code: str
    words: str


@dataclass(frozen=True)
class Form:
    """One sheet. A fact without a value is a line to write on."""

    title: str
    school: str
    subtitle: str
    facts: tuple[tuple[str, str | None], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    signatures: tuple[Signature, ...]
    binding: Binding | None = None
    landscape: bool = False
    language: Language = "zh"


def shown_cell(value: Cell, kind: ColumnKind) -> str:
    """A cell as words on paper: `1,234.50` yuan, `3.50` class hours, `2025-09-08`; an em dash for what is not known."""
    if kind == "blank":
        return ""
    if value is None:
        return "—"
    if isinstance(value, int) and kind in {"money", "class_hours"}:
        whole, rest = divmod(abs(value), 100)
        return f"{'-' if value < 0 else ''}{whole:,}.{rest:02d}"
    return value.isoformat() if isinstance(value, date) else str(value)
