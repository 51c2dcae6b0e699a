"""The on-site sheet: today's sessions, or last week's for orientation; room for what is seen; what must be looked at."""

from tests.world.district import District
from tests.world.paper import pages_of, size_of, table_of, workbook
from tests.world.standard import MONDAY, S1, S2, session

PATH = "/v1/reports/onsite"
CHINESE = {"Accept-Language": "zh-CN"}


async def _day(school: District) -> None:
    voice = school.school(S1)
    await voice.post(
        "sessions",
        session("h1", room="三(2)班", planned_headcount=25, headcount=21),
        session("h2", slot="s2", starts_at="16:30", ends_at="17:30", room="操场", staff={"T4": 1, "X1": 1}),
    )
    await voice.post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})


async def test_it_lists_where_to_go_and_whom_to_expect(school: District) -> None:
    await _day(school)
    book = workbook(
        (await school.auditor.read(PATH, school_id=S1, date=MONDAY, format="xlsx", headers=CHINESE)).content
    )
    sessions, items = book.worksheets
    first, second = table_of(sessions)
    assert (first["场地"], first["应到"], first["台账人数"], first["现场人数"]) == ("三(2)班", 25, 21, None)
    assert (second["台账所列人员"], second["时间"]) == ("T4、X1", "16:30 – 17:30")
    said = {row["检查项目"]: row["台账所示"] for row in table_of(items)}
    assert said["工作台账（必查）"] == f"已关账至 {MONDAY}"
    assert said["集体审议（必查）"] == said["校内公示程序（必查）"] == "无记录"
    assert sessions.page_setup.orientation == "landscape"


async def test_a_day_without_records_shows_the_last_same_weekday_and_says_so(school: District) -> None:
    await _day(school)
    answer = await school.auditor.read(PATH, school_id=S1, date="2025-09-22", format="pdf", headers=CHINESE)
    assert size_of(answer.content) == (842, 595)
    page = "".join(pages_of(answer.content)).replace("\n", "")
    assert f"所列为上一同星期日（{MONDAY}）的课次" in page.replace(" ", "")
    assert "三(2)班" in page
    report = await school.auditor.report(PATH, school_id=S1, date="2025-09-22")
    assert (report["recorded_on"], len(report["lines"])) == (MONDAY, 2)
    assert (await school.auditor.report(PATH, school_id=S1, date="2025-12-24"))["lines"] == []


async def test_a_school_that_is_not_to_be_seen_is_404(school: District) -> None:
    await school.school(S2).report(PATH, school_id=S1, date=MONDAY, expect=404)
