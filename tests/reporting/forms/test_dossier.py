"""The dossier on paper: what the report says and nothing more; what its reader may not see is not there."""

from datetime import UTC, date, datetime
from typing import Any

from services.reporting.forms.dossier import dossier_form
from services.reporting.sheets.form import Binding
from services.reporting.sheets.pdf import pdf_of
from services.reporting.sheets.xlsx import workbook_of
from tests.world.paper import pages_of, table_of, workbook

THEN = datetime(2025, 10, 10, 1, 30, tzinfo=UTC)
BODY: dict[str, Any] = {
    "school_id": "3101150001",
    "name": "示例小学",
    "on": date(2025, 10, 13),
    "period": "2025-2026-1",
    "reconciliation": {
        "totals": {
            "ledger": {"class_hours": 120.25, "amount_fen": None},
            "publication": {"class_hours": 121.5, "amount_fen": 1_020_033},
            "submission": None,
        },
        "people": 9,
        "differing": 2,
    },
    "findings": {
        "open": 31,
        "amount_at_risk_fen": 45_067,
        "items": [
            {
                "rule": "A14", "severity": "high", "state": "open", "service_date": date(2025, 9, 8), "period": None,
                "title": "同一人同一时间在两处", "explanation": "h1 与 h2 时间重叠", "amount_at_risk_fen": 12_000,
            }
        ],
    },
    "documents": [
        {"resource": "publications", "document_id": "p1", "period": "2025-09", "state": "displayed", "on": date(2025, 10, 10)}
    ],
    "look_into": {
        "as_on": date(2025, 10, 6),
        "is_expected": True,
        "items": [
            {
                "starts_at": "15:30", "ends_at": "16:30", "room": "操场", "activity": "篮球", "category": "sports", "staff_ids": ["T1", "T2"],
                "expected_headcount": 27, "claimed_headcount": None, "rules": ["A14"],
            }
        ],
    },
    "visits": [{"inspected_on": date(2025, 3, 4), "kind": "spot_check", "office": "primary_centre", "conclusion": "台账齐全"}],
}  # fmt: skip
BINDING = Binding("https://example.edu.cn/verify/abc", "abc", "核对")


def test_it_says_what_the_report_says() -> None:
    page = "".join(pages_of(pdf_of(dossier_form(BODY, binding=BINDING, language="zh"), printed_at=THEN)))
    flat = page.replace("\n", "").replace(" ", "")
    for words in (
        "课后服务检查档案", "示例小学", "2/9", "31/450.67", "120.25", "10,200.33", "同一人同一时间在两处：h1与h2时间重叠", "参照2025-10-06",
        "操场", "27", "台账齐全", "小学教育指导中心", "抽查", "公示中",
    ):  # fmt: skip
        assert words in flat, words


def test_a_school_that_reads_its_own_sees_neither_visits_nor_where_to_look() -> None:
    form = dossier_form({**BODY, "look_into": None, "visits": None}, binding=BINDING, language="en")
    sources, findings, _documents = workbook(workbook_of(form)).worksheets
    assert table_of(findings)[0]["Yuan at risk"] == 120
    assert [row["Yuan"] for row in table_of(sources)] == [None, None, 10_200.33, None, None, None]
