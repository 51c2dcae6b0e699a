"""Cells: text is text whatever it says, numbers are numbers; the same guard in CSV and XLSX."""

import csv
import re
from dataclasses import replace
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from services.reporting.sheets.delimited import csv_response, safe_cell
from services.reporting.sheets.form import Binding, Column, Form, Table
from services.reporting.sheets.xlsx import workbook_of, xlsx_response
from tests.world.paper import code_in, table_of

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _form(table: Table) -> Form:
    return Form("表", "学校", "2025年9月", (), (table,), (), ())


@given(texts)
@example("=1+1")
@example('=HYPERLINK("http://x","点我")')
@example("@SUM(A1)")
@example("-2+3")
@example("＝1+1")
def test_no_text_runs_in_a_workbook(text: str) -> None:
    form = Form(text, text, text, ((text, text),), (Table((Column("列", "text", 1),), ((text,),)),), (text,), ())
    sheet = load_workbook(BytesIO(workbook_of(form))).worksheets[0]
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert not str(cell.value or "").startswith(RUN_BY_SPREADSHEETS)


@given(texts)
@example("=1+1")
def test_a_csv_cell_is_guarded_the_same_way(text: str) -> None:
    written = csv_response(["列"], [{"列": text}], name="x").body
    (_, *lines) = csv.reader(StringIO(bytes(written).decode().lstrip("\ufeff"), newline=""))
    said = "".join(lines[0]) if lines and lines[0] else ""
    assert said == safe_cell(text)
    assert not said.startswith(RUN_BY_SPREADSHEETS)


@given(st.integers(-(10**13), 10**13), st.integers(0, 10**7))
def test_money_and_class_hours_come_back_to_the_fen(fen: int, hundredths: int) -> None:
    table = Table((Column("元", "money", 1), Column("课时", "class_hours", 1)), ((fen, hundredths),))
    (row,) = table_of(load_workbook(BytesIO(workbook_of(_form(table)))).worksheets[0])
    assert isinstance(row["元"], int | float)
    assert isinstance(row["课时"], int | float)
    assert (round(row["元"] * 100), round(row["课时"] * 100)) == (fen, hundredths)


def test_what_a_workbook_cannot_hold_is_shown_as_missing() -> None:
    table = Table((Column("列", "text", 1),), (("声\x07音",),))
    (row,) = table_of(load_workbook(BytesIO(workbook_of(_form(table)))).worksheets[0])
    assert row["列"] == "声\ufffd音"
    assert not ILLEGAL_CHARACTERS_RE.search(str(row["列"]))


def test_rows_become_a_workbook_with_a_header_that_stays() -> None:
    rows = [{"staff_id": "=1", "class_hours": 1.5, "dates": ["2025-09-08", "2025-09-09"]}, {"staff_id": "T2"}]
    answer = xlsx_response(["staff_id", "class_hours", "dates"], rows, name="workload")
    assert answer.headers["content-disposition"] == 'attachment; filename="workload.xlsx"'
    sheet = load_workbook(BytesIO(bytes(answer.body))).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet] == [
        ["staff_id", "class_hours", "dates"],
        ["'=1", 1.5, "2025-09-08 2025-09-09"],
        ["T2", None, None],
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:C3")


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_the_code_is_a_picture_inside_the_printed_area(columns: int) -> None:
    address = "https://example.edu.cn/verify/" + "aB3-" * 30
    table = Table(tuple(Column(f"列{n}", "text", 1) for n in range(columns)), (("一",) * columns,))
    made = workbook_of(replace(_form(table), binding=Binding(address, "aB3", "核对")))
    assert code_in(made) == address
    with ZipFile(BytesIO(made)) as package:
        drawing = package.read("xl/drawings/drawing1.xml").decode()
    # Counted from nought; the picture takes two rows, or one of its own.
    row, column = (int(re.findall(rf"<(?:xdr:)?{name}>(\d+)<", drawing)[0]) for name in ("row", "col"))
    sheet = load_workbook(BytesIO(made)).worksheets[0]
    last = int(str(sheet.print_area).rpartition("$")[2])
    heights = [sheet.row_dimensions[each + 1].height for each in range(row, last)]
    assert sum(heights) >= 72
    assert column < columns
