"""A submission on paper: its statistics, the three papers there or missing, who signed and sealed."""

from tests.world.district import District, Json
from tests.world.paper import fonts_of, pages_of, table_of, workbook
from tests.world.standard import S1, S2, TERM

SUBMISSION: Json = {
    "school_id": S1,
    "submission_id": "sub-1",
    "term_id": TERM,
    "lines": [
        {"staff_id": "T2", "class_hours": 31.25, "amount_fen": 281_250},
        {"staff_id": "T1", "class_hours": 40, "amount_fen": 340_033},
    ],
    "submitted_on": "2026-01-30",
    "principal_signed_by": "T9",
    "principal_signed_on": "2026-01-29",
    "publication_id": "pub-1",
    "attachments": [
        {"kind": "decision_record", "document_id": "dlb-1", "content_hash": "ab" * 32, "amount_fen": 621_283},
        {"kind": "arrangement_table", "document_id": "arr-1", "sessions": 190},
    ],
}
PATH = "/v1/reports/submissions/sub-1"
CHINESE = {"Accept-Language": "zh-CN"}


async def test_the_form_lists_the_three_papers_and_says_which_is_missing(school: District) -> None:
    await school.school(S1).post("submissions", SUBMISSION)
    book = workbook((await school.auditor.read(PATH, format="xlsx", headers=CHINESE)).content)
    people, papers = book.worksheets
    assert [(row["材料"], row["是否附上"], row["文件编号"]) for row in table_of(papers)] == [
        ("课后服务安排表", "已附", "arr-1"),
        ("三重一大事项记录表", "已附", "dlb-1"),
        ("校内公示材料", "未附", None),
    ]
    assert table_of(papers)[1]["所载金额（元）"] == 6212.83
    *lines, totals = table_of(people)
    assert [(line["人员编号"], line["报酬（元）"]) for line in lines] == [("T1", 3400.33), ("T2", 2812.5)]
    assert round(float(str(totals["报酬（元）"])) * 100) == (await school.auditor.report(PATH))["totals"]["amount_fen"]


async def test_the_printed_form_has_places_to_sign_and_to_seal(school: District) -> None:
    voice = school.school(S1)
    await voice.post("staff", {"staff_id": "T9", "school_id": S1, "kind": "employee", "name": "周校长"})
    await voice.post("submissions", SUBMISSION)
    pdf = (await voice.read(PATH, format="pdf", headers=CHINESE)).content
    (page,) = pages_of(pdf)
    flat = page.replace("\n", "").replace(" ", "")
    for words in (
        "课后服务参与人员报酬统计上报表", "小学教育指导中心", "2/71.25/6,212.83", "校长签字确认（签字）", "周校长", "2026-01-29",
        "学校党组织审核（盖章）", "学段中心审核（盖章）", "随表材料", "第1页共1页",
    ):  # fmt: skip
        assert words in flat, words
    assert all(fonts_of(pdf).values())


async def test_an_english_reader_gets_an_english_form(school: District) -> None:
    await school.school(S1).post("submissions", SUBMISSION)
    (page,) = pages_of((await school.auditor.read(PATH, format="pdf")).content)
    for words in ("Submission of remuneration", "2025–2026, autumn term", "missing", "Page 1 of 1"):
        assert words in page


async def test_somebody_elses_submission_is_404(school: District) -> None:
    await school.school(S1).post("submissions", SUBMISSION)
    await school.school(S2).report(PATH, expect=404)
