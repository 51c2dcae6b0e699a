"""A pay run on paper: amounts, days, a place for each signature."""

from datetime import datetime

from tests.world.district import District, Json
from tests.world.paper import pages_of, table_of, workbook
from tests.world.standard import S1, S2, TERM

PAYMENT: Json = {
    "school_id": S1,
    "payment_id": "pay-1",
    "period": TERM,
    "lines": [
        {"staff_id": "T1", "amount_fen": 340_033, "paid_on": "2026-02-03"},
        {"staff_id": "T2", "amount_fen": 7},
    ],
}
PATH = "/v1/reports/payments/pay-1"
CHINESE = {"Accept-Language": "zh-CN"}


async def test_the_list_adds_up_to_the_fen_and_leaves_room_to_sign(school: District) -> None:
    await school.school(S1).post("payments", PAYMENT)
    sheet = workbook((await school.auditor.read(PATH, format="xlsx", headers=CHINESE)).content).worksheets[0]
    *lines, totals = table_of(sheet)
    assert [(line["实发金额（元）"], line["发放日期"], line["领取人签字"]) for line in lines] == [
        (3400.33, datetime(2026, 2, 3), None),
        (0.07, None, None),
    ]
    assert totals["实发金额（元）"] == 3400.4
    assert (await school.auditor.report(PATH))["totals"] == {"people": 2, "class_hours": None, "amount_fen": 340_040}


async def test_the_printed_list_says_what_is_not_known(school: District) -> None:
    await school.school(S1).post("payments", PAYMENT)
    (page,) = pages_of((await school.auditor.read(PATH, format="pdf", headers=CHINESE)).content)
    for words in ("课后服务参与人员报酬发放清单", "领取人签字", "3,400.40", "—", "记账凭证号"):
        assert words in page


async def test_somebody_elses_payment_is_404(school: District) -> None:
    await school.school(S1).post("payments", PAYMENT)
    await school.school(S2).report(PATH, expect=404)
