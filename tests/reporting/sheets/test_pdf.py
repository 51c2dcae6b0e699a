"""Pages: as many as it takes, each with its header, its number and whole rows; any text prints as it is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.sheets.form import Binding, Cell, Column, Form, Signature, Table
from services.reporting.sheets.pdf import pdf_of
from tests.world.paper import code_of, fonts_of, pages_of

THEN = datetime(2025, 10, 10, 1, 30, tzinfo=UTC)
LONG_NAME = "买买提·艾合买提江·阿卜杜热合曼·吐尔逊"


def _form(rows: int, *, landscape: bool = False, name: str = LONG_NAME) -> Form:
    lines: list[tuple[Cell, ...]] = [
        (number, name, 150 + number, None if number % 3 else 9_950) for number in range(1, rows + 1)
    ]
    columns = (
        Column("序号", "count", 0.6), Column("姓名", "text", 1.5), Column("总课时数", "class_hours", 1), Column("报酬（元）", "money", 1.5),
    )  # fmt: skip
    return Form(
        "课后服务参与人员工作量公示表",
        "上海市浦东新区第一中心小学",
        "2025年9月",
        (("公示地点", None),),
        (Table(columns, tuple(lines), (None, "合计", 1, 2)),),
        ("如有异议，请提出。",),
        (Signature("校长"), Signature("学校党组织", seal=True)),
        Binding("https://example.edu.cn/verify/abcDEF123", "abcDEF123", "核对"),
        landscape=landscape,
    )


@pytest.mark.parametrize("rows", [0, 1, 40, 300])
@pytest.mark.parametrize("landscape", [False, True])
def test_every_page_has_its_header_and_its_number_and_no_line_is_lost(rows: int, *, landscape: bool) -> None:
    pdf = pdf_of(_form(rows, landscape=landscape), printed_at=THEN)
    pages = pages_of(pdf)
    flat = [page.replace("\n", "").replace(" ", "") for page in pages]
    for number, page in enumerate(flat, start=1):
        assert f"第{number}页共{len(flat)}页" in page
    assert all("总课时数" in page for page in flat if LONG_NAME in page)
    assert "".join(flat).count(LONG_NAME) == rows
    # The places to sign are on one page, and it is the last.
    assert "校长" in flat[-1]
    assert "学校党组织" in flat[-1]
    assert all(fonts_of(pdf).values())


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert pdf_of(_form(3), printed_at=THEN) == pdf_of(_form(3), printed_at=THEN)


def test_the_code_is_read_from_the_page() -> None:
    assert code_of(pdf_of(_form(1), printed_at=THEN)) == "https://example.edu.cn/verify/abcDEF123"


def test_a_rare_letter_is_set_in_another_font_and_one_that_no_font_has_is_a_box() -> None:
    assert "Ĭlknur" in "".join(pages_of(pdf_of(_form(1, name="Ĭlknur"), printed_at=THEN)))
    boxed = pages_of(pdf_of(_form(1, name="王\ue123明"), printed_at=THEN))
    assert "王" in boxed[0]
    assert "第 1 页 共 1 页" in boxed[0]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_any_name_is_printed_and_none_is_a_command(name: str) -> None:
    pages = pages_of(pdf_of(_form(1, name=f"#panic()$x$*{name}*[`]"), printed_at=THEN))
    assert "#panic()$x$*" in "".join(pages).replace("\n", "").replace(" ", "")
