"""A posted publication on paper: the record's lines, its display and its meeting; figures that are numbers."""

from datetime import date

from tests.world.district import District, Json
from tests.world.paper import code_of, fonts_of, pages_of, size_of, table_of, workbook
from tests.world.standard import S1, S2, TERM

LINES = [
    {"staff_id": "T1", "class_hours": 12.5, "dates": ["2025-09-08", "2025-09-09", "2025-09-15"], "amount_fen": 101_050},
    {"staff_id": "T2", "class_hours": 8, "amount_fen": 64_007},
    {"staff_id": "V1", "class_hours": 2.25},
]
PUBLICATION: Json = {
    "school_id": S1,
    "publication_id": "pub-term",
    "kind": "term_remuneration",
    "period": TERM,
    "displayed_from": "2026-01-26",
    "displayed_to": "2026-01-30",
    "place": "教工之家公告栏",
    "deliberation_id": "dlb-1",
    "lines": LINES,
}
MEETING: Json = {
    "school_id": S1,
    "deliberation_id": "dlb-1",
    "held_on": "2026-01-23",
    "topic": "课后服务报酬公示",
    "decision": "approved",
}
PATH = "/v1/reports/publications/pub-term"


async def _posts(school: District, **changes: object) -> None:
    voice = school.school(S1)
    await voice.post(
        "staff", {"staff_id": "T1", "school_id": S1, "kind": "employee", "name": "欧阳㛃𬭳"},
        {"staff_id": "T2", "school_id": S1, "kind": "employee", "name": "=HYPERLINK(1)"},
    )  # fmt: skip
    await voice.post("deliberations", MEETING)
    await voice.post("publications", {**PUBLICATION, **changes})


async def test_the_sheet_says_who_how_much_where_when_and_what_was_decided(school: District) -> None:
    await _posts(school)
    answer = await school.auditor.read(PATH, format="pdf", headers={"Accept-Language": "zh-CN"})
    assert answer.headers["content-type"] == "application/pdf"
    (page,) = pages_of(answer.content)
    for words in (
        "学校1", "课后服务参与人员工作量和拟发放报酬公示表", "2025—2026学年第一学期", "教工之家公告栏", "2026-01-26 至 2026-01-30",
        "2026-01-23 会议 通过", "欧阳㛃𬭳", "1,010.50", "1,650.57", "22.75", "3 人", "有 1 人的金额未列明", "校长", "学校党组织", "第 1 页 共 1 页",
    ):  # fmt: skip
        assert words.replace(" ", "") in page.replace(" ", "").replace("\n", ""), words


async def test_it_is_a4_with_its_fonts_inside_and_a_code_to_check_it_by(school: District) -> None:
    await _posts(school)
    pdf = (await school.auditor.read(PATH, format="pdf")).content
    assert size_of(pdf) == (595, 842)
    assert fonts_of(pdf) == dict.fromkeys(fonts_of(pdf), True)
    assert fonts_of(pdf)
    printed = (await school.auditor.report(PATH))["sheet"]
    assert code_of(pdf) == printed["verify"] == f"http://taizhang/verify/{printed['code']}"


async def test_the_workbook_has_numbers_whose_sums_are_the_reports_to_the_fen(school: District) -> None:
    await _posts(school)
    report = await school.auditor.report(PATH)
    book = workbook((await school.auditor.read(PATH, format="xlsx", headers={"Accept-Language": "zh-CN"})).content)
    *lines, totals = table_of(book.worksheets[0])
    assert [line["总课时数"] for line in lines] == [12.5, 8, 2.25]
    assert [line["拟发放报酬（元）"] for line in lines] == [1010.5, 640.07, None]
    assert round(float(str(totals["拟发放报酬（元）"])) * 100) == report["totals"]["amount_fen"] == 165_057
    assert totals["总课时数"] == report["totals"]["class_hours"] == 22.75
    assert [line["姓名"] for line in lines] == ["欧阳㛃𬭳", "'=HYPERLINK(1)", None]


async def test_the_workbook_prints_as_it_should(school: District) -> None:
    await _posts(school)
    answer = await school.auditor.read(PATH, format="xlsx")
    sheet = workbook(answer.content).worksheets[0]
    header = int(str(sheet.freeze_panes)[1:]) - 1
    assert sheet.auto_filter.ref == f"A{header}:H{header + 3}"
    assert sheet.print_title_rows == f"${header}:${header}"
    assert sheet.print_area.endswith(f"$H${sheet.max_row}")
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)


async def test_json_gives_the_record_with_its_totals_and_csv_its_lines(school: District) -> None:
    await _posts(school)
    report = await school.auditor.report(PATH)
    assert (report["publication_id"], report["revision"], report["totals"]["people"]) == ("pub-term", 1, 3)
    assert report["lines"][0] == LINES[0]
    assert report["chain"]["school_id"] == S1
    csv = await school.auditor.read(PATH, headers={"Accept": "text/csv"})
    assert csv.text.splitlines()[1] == "T1,12.5,2025-09-08 2025-09-09 2025-09-15,101050"


async def test_a_month_shows_its_days_in_runs(school: District) -> None:
    days = ["2025-09-01", "2025-09-02", "2025-09-03", "2025-09-08"]
    await _posts(
        school, kind="monthly_workload", period="2025-09", lines=[{"staff_id": "T3", "class_hours": 6, "dates": days}]
    )
    book = workbook((await school.auditor.read(PATH, format="xlsx", headers={"Accept-Language": "zh-CN"})).content)
    (line, _) = table_of(book.worksheets[0])
    assert (line["服务日期（日）"], line["天数"]) == ("1–3、8", len(days))
    assert date.fromisoformat(days[0]).day == 1


async def test_somebody_elses_publication_is_404_and_an_id_of_two_schools_asks_which(school: District) -> None:
    await _posts(school)
    await school.school(S2).report(PATH, expect=404)
    await school.auditor.report(PATH, school_id=S2, expect=404)
    await school.school(S2).post("publications", {**PUBLICATION, "school_id": S2, "lines": []})
    assert (await school.auditor.report(PATH, expect=422))["code"] == "invalid_parameter"
    assert (await school.auditor.report(PATH, school_id=S2))["totals"]["people"] == 0
    answer = await school.auditor.read(PATH, school_id=S2, format="pdf", headers={"Accept-Language": "zh-CN"})
    assert "（无记录）" in pages_of(answer.content)[0]
