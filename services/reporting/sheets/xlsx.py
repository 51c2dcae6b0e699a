"""A form as a workbook: real numbers, a header that stays, filters, and pages that print as they should."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from math import ceil
from typing import cast
from unicodedata import east_asian_width

from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties, WorksheetProperties
from openpyxl.worksheet.worksheet import Worksheet

from services.reporting.sheets.delimited import safe_cell
from services.reporting.sheets.form import Binding, Cell, Column, ColumnKind, Form, Signature, Table
from services.reporting.sheets.qr_code import qr_picture
from shared.problems import Language

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS: dict[ColumnKind, str] = {
    "text": "@",
    "count": "0",
    "class_hours": "#,##0.00",
    "money": "#,##0.00",
    "date": "yyyy-mm-dd",
    "blank": "General",
}
_HAIR = Side(style="thin", color="808080")
_RULED = Border(left=_HAIR, right=_HAIR, top=_HAIR, bottom=_HAIR)
_HEAD = PatternFill("solid", fgColor="EBEBEB")
# A page's width in characters, upright and lying.
_PORTRAIT, _LANDSCAPE = 92, 140
# What school offices print in; a machine without it takes its own.
_FACE = "宋体"
_LINE_POINTS = 15
# How wide a character of a column is on the screen, and the square of a code: two and a half centimetres.
_CHARACTER_PIXELS, _PICTURE_PIXELS = 7, 96
_SHEET: dict[Language, str] = {"zh": "表", "en": "Sheet"}
_PAGES: dict[Language, str] = {"zh": "第 &P 页 共 &N 页", "en": "Page &P of &N"}
_DATE: dict[Language, str] = {"zh": "　　　年　　月　　日", "en": "Date: ________"}
_SIGN: dict[Language, tuple[str, str]] = {"zh": ("（签字）", "（盖章）"), "en": (" (signature)", " (seal)")}


def workbook_of(form: Form) -> bytes:
    """The form as XLSX, one worksheet a table; the first carries the facts, the last the places to sign."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, table in enumerate(form.tables, start=1):
        page = book.create_sheet(_name(table, form, number))
        first = number == 1
        header = _put_head(page, form, table, facts=first)
        last = _put_table(page, table, header)
        widths = _widths(form, table)
        end = _put_foot(page, form, last, widths) if number == len(form.tables) else last
        _set_page(page, form, table, widths, header=header, last=last, end=end)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_response(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, name: str) -> Response:
    """The rows' named columns as `name.xlsx`, as `csv_response` has them: numbers stay numbers, text is guarded alike."""
    book = Workbook()
    page = book.worksheets[0]
    for place, column in enumerate(columns, start=1):
        cell = _cell(page, 1, place)
        _say(cell, column)
        cell.font, cell.fill = _font(bold=True), _HEAD
    last = 1
    for last, row in enumerate(rows, start=2):
        for place, column in enumerate(columns, start=1):
            value = safe_cell(row.get(column))
            if isinstance(value, int | float | Decimal | date) and not isinstance(value, datetime):
                page.cell(last, place).value = value
            elif value is not None:
                _say(_cell(page, last, place), value.isoformat() if isinstance(value, datetime) else str(value))
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(max(1, len(columns)))}{last}"
    page.print_title_rows = "1:1"
    out = BytesIO()
    book.save(out)
    return Response(
        out.getvalue(),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'},
    )


def _name(table: Table, form: Form, number: int) -> str:
    """A worksheet's name: no more than 31 characters, none that Excel forbids."""
    named = table.title or _SHEET[form.language]
    return "".join("·" if letter in r"[]:*?/\'" else letter for letter in f"{number} {named}")[:31]


def _put_head(page: Worksheet, form: Form, table: Table, *, facts: bool) -> int:
    """Title and facts from the first row on, two facts a row; the row of the table's header."""
    width = len(table.columns)
    for row, (words, size, bold) in enumerate(
        [(form.school, 12, False), (form.title, 16, True), (form.subtitle, 11, False)], start=1
    ):
        _span(page, row, 1, width, words, Alignment(horizontal="center", vertical="center"), _font(size, bold=bold))
        page.row_dimensions[row].height = size * 1.7
    row, half = 3, (width + 1) // 2
    colon = "：" if form.language == "zh" else ": "
    for place, (label, value) in enumerate(form.facts if facts else ()):
        row += place % 2 == 0
        first, last = (1, half) if place % 2 == 0 else (half + 1, width)
        words = f"{label}{colon}{value or '____________'}"
        _span(page, row, first, last, words, Alignment(horizontal="left", vertical="center", wrap_text=True))
        page.row_dimensions[row].height = 18
    if table.title is not None:
        row += 1
        _span(page, row, 1, width, table.title, Alignment(horizontal="left", vertical="center"), _font(bold=True))
        page.row_dimensions[row].height = 24
    return row + 1


def _put_table(page: Worksheet, table: Table, header: int) -> int:
    """The table from its header on; its last row, totals taken in."""
    for place, column in enumerate(table.columns, start=1):
        cell = _cell(page, header, place)
        _say(cell, column.title)
        cell.font, cell.fill, cell.border = _font(bold=True), _HEAD, _RULED
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    row = header
    for given in table.rows:
        row += 1
        _put_row(page, row, table.columns, given, bold=False)
    if table.totals is not None:
        row += 1
        _put_row(page, row, table.columns, table.totals, bold=True)
    return row


def _put_row(page: Worksheet, row: int, columns: tuple[Column, ...], given: tuple[Cell, ...], *, bold: bool) -> None:
    for place, (column, value) in enumerate(zip(columns, given, strict=True), start=1):
        cell = _cell(page, row, place)
        cell.border = _RULED
        cell.font = _font(bold=bold)
        words = isinstance(value, str)
        figure = column.kind in {"count", "class_hours", "money"} and not words
        cell.alignment = Alignment(
            horizontal="right" if figure else "center" if column.kind == "date" else "left",
            vertical="center",
            wrap_text=column.kind == "text",
            indent=0 if figure or column.kind == "date" else 1,
        )
        cell.number_format = "@" if words else _FORMATS[column.kind]
        if isinstance(value, str):
            _say(cell, value)
        elif isinstance(value, date):
            cell.value = value
        elif value is not None:
            cell.value = Decimal(value) / 100 if column.kind in {"class_hours", "money"} else value


def _put_foot(page: Worksheet, form: Form, last: int, widths: Sequence[float]) -> int:
    """Notes, the places to sign and the address to check by, below the table; the last row used."""
    width, row = page.max_column, last + 1
    across = _PORTRAIT if not form.landscape else _LANDSCAPE
    wrapped = Alignment(horizontal="left", vertical="top", wrap_text=True)
    for number, note in enumerate(form.notes, start=1):
        row += 1
        _span(page, row, 1, width, f"{number}. {note}", wrapped)
        page.row_dimensions[row].height = _LINE_POINTS * _lines(note, across)
    row += bool(form.signatures)
    for place in form.signatures:
        row += 1
        _put_signature(page, place, row, form.language)
    return row if form.binding is None else _put_binding(page, form.binding, row + 1, widths)


def _put_signature(page: Worksheet, place: Signature, row: int, language: Language) -> None:
    """Who signs or seals, and on the right the day; a row with room for a pen."""
    width = page.max_column
    half = max(1, width * 2 // 3)
    by = f"　{place.by}" if place.by else ""
    on = str(place.on or _DATE[language])
    who = f"{place.who}{_SIGN[language][place.seal]}{by}"
    _span(
        page,
        row,
        1,
        half,
        who if half < width else f"{who}　　{on}",
        Alignment(horizontal="left", vertical="center", indent=1),
    )
    if half < width:
        _span(page, row, half + 1, width, on, Alignment(horizontal="right", vertical="center", indent=1))
    for column in range(1, width + 1):
        left, right = column == 1, column == width
        page.cell(row, column).border = Border(
            left=_HAIR if left else None, right=_HAIR if right else None, top=_HAIR, bottom=_HAIR
        )
    page.row_dimensions[row].height = 40


def _put_binding(page: Worksheet, binding: Binding, row: int, widths: Sequence[float]) -> int:
    """What the sheet is bound to and the address to check it by, the address as a picture on the right; the last row used."""
    wrapped = Alignment(horizontal="left", vertical="top", wrap_text=True)
    beside = _columns_beside(widths)
    left = (sum(widths[:beside]) * _CHARACTER_PIXELS) if beside < len(widths) else 0
    for words in (binding.words, binding.url):
        row += 1
        _span(page, row, 1, beside, words, wrapped, _font(8, color="606060"))
        lines = _LINE_POINTS * _lines(words, sum(widths[:beside]))
        page.row_dimensions[row].height = max(lines, _PICTURE_PIXELS * 0.75 / 2) if left else lines
    if not left:
        row += 1
        page.row_dimensions[row].height = _PICTURE_PIXELS * 0.75 + 2
    page.add_image(
        _Picture(qr_picture(binding.url)), f"{get_column_letter(beside + 1 if left else 1)}{row - bool(left)}"
    )
    return row


def _columns_beside(widths: Sequence[float]) -> int:
    """How many columns from the left the words may take so that the picture has room beside them; all: it goes below."""
    for kept in range(len(widths) - 1, 0, -1):
        if sum(widths[kept:]) * _CHARACTER_PIXELS >= _PICTURE_PIXELS + 4:
            return kept
    return len(widths)


class _Picture(Image):
    """A PNG as it is, square: openpyxl's own asks a library for the size that we know."""

    def __init__(self, png: bytes) -> None:
        """`png`: the file."""
        self._png = png
        self.format = "png"
        self.width = self.height = _PICTURE_PIXELS

    def _data(self) -> bytes:
        return self._png


def _set_heights(page: Worksheet, table: Table, header: int, widths: list[float]) -> None:
    """Rows as high as their longest cell takes: not every program that opens it works that out by itself."""
    titles: tuple[Cell, ...] = tuple(column.title for column in table.columns)
    totals = () if table.totals is None else (table.totals,)
    for row, given in enumerate((titles, *table.rows, *totals), start=header):
        lines = max(_lines(str(cell or ""), width - 2) for cell, width in zip(given, widths, strict=True))
        page.row_dimensions[row].height = _LINE_POINTS * lines + 4


def _lines(words: str, width: float) -> int:
    """How many lines text takes in a column so many characters wide; a Chinese character is two."""
    taken = sum(1 + (east_asian_width(letter) in "WFA") for letter in words)
    return max(1, ceil(taken / max(1.0, width)))


def _widths(form: Form, table: Table) -> list[float]:
    """The columns' widths in characters: their shares of the page."""
    whole = sum(column.weight for column in table.columns)
    across = _LANDSCAPE if form.landscape else _PORTRAIT
    return [max(6, round(across * column.weight / whole, 1)) for column in table.columns]


def _set_page(
    page: Worksheet, form: Form, table: Table, widths: list[float], *, header: int, last: int, end: int
) -> None:
    letter = get_column_letter(len(table.columns))
    for place, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    _set_heights(page, table, header, widths)
    page.freeze_panes = f"A{header + 1}"
    body = header + max(1, len(table.rows))
    # Filters over the lines, the totals left out: sorting must not move them.
    page.auto_filter.ref = f"A{header}:{letter}{min(body, max(last, header))}"
    page.print_title_rows = f"{header}:{header}"
    page.print_area = f"A1:{letter}{end}"
    page.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    page.page_setup.orientation = "landscape" if form.landscape else "portrait"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties = WorksheetProperties(pageSetUpPr=PageSetupProperties(fitToPage=True))
    page.print_options.horizontalCentered = True
    page.page_margins.left = page.page_margins.right = 0.5
    footer = page.oddFooter
    if footer is not None and footer.center is not None:
        footer.center.text = _PAGES[form.language]


def _span(
    page: Worksheet, row: int, first: int, last: int, words: str, alignment: Alignment, font: Font | None = None
) -> None:
    """Words over the columns from the first to the last."""
    if last > first:
        page.merge_cells(start_row=row, start_column=first, end_row=row, end_column=last)
    cell = _cell(page, row, first)
    _say(cell, words)
    cell.alignment = alignment
    cell.font = font or _font()


def _font(size: float = 11, *, bold: bool = False, color: str | None = None) -> Font:
    return Font(name=_FACE, size=size, bold=bold, color=color)


def _cell(page: Worksheet, row: int, column: int) -> SheetCell:
    """A cell to write in: the first of a merged range is one, and no other of it is asked for."""
    return cast("SheetCell", page.cell(row, column))


def _say(cell: SheetCell, words: str) -> None:
    """Text that stays text: nothing of it is run, and what no workbook can hold is shown as missing."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(safe_cell(words)))
    cell.data_type = "s"
