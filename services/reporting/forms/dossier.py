"""The inspection dossier (检查档案): what a visitor reads before the door, on paper; 二(二), 三(五).

It prints what `/v1/reports/inspection` answers and works nothing out of its own.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.reporting.forms.wording import either, label, period_words
from services.reporting.sheets.form import Binding, Cell, Column, Form, Signature, Table, shown_cell
from shared.problems import Language

_SOURCES = {
    "ledger": ("工作台账", "work ledger"),
    "months": ("各月公示合计", "monthly publications"),
    "publication": ("学期公示", "term publication"),
    "submission": ("报酬上报", "submission"),
    "review": ("学段中心审核", "review"),
    "payment": ("实际发放", "payments"),
}
_DOCUMENTS = {
    "plans": ("课后服务方案", "service plan"),
    "allocation-plans": ("分配方案", "allocation plan"),
    "deliberations": ("集体审议", "deliberation"),
    "publications": ("校内公示", "publication"),
    "submissions": ("报酬上报", "submission"),
    "reviews": ("审核", "review"),
    "payments": ("报酬发放", "payment"),
    "evaluations": ("质量评估", "evaluation"),
    "surveys": ("意愿征询或满意度调查", "survey"),
}
_STATES = {
    "draft": ("草稿", "draft"), "deliberated": ("已审议", "deliberated"), "displayed": ("公示中", "displayed"),
    "objected": ("有异议", "objected"), "closed": ("已结束", "closed"), "archived": ("已存档", "archived"),
    "signed": ("已签字", "signed"), "submitted": ("已上报", "submitted"), "returned": ("已退回", "returned"),
    "approved": ("已通过", "approved"), "paid": ("已发放", "paid"), "filed": ("已报备", "filed"),
    "superseded": ("已更替", "superseded"),
}  # fmt: skip


def dossier_form(body: Mapping[str, Any], *, binding: Binding, language: Language) -> Form:
    """The dossier of the report's body; a part that the reader is not shown (None) is no table."""
    findings, disagreeing = body["findings"], body["reconciliation"]
    tables = [
        _sources(disagreeing, language),
        _findings(findings, language),
        _documents(body["documents"], language),
        *(() if body["look_into"] is None else (_sessions(body["look_into"], language),)),
        *(() if body["visits"] is None else (_visits(body["visits"], language),)),
    ]
    return Form(
        title=either(language, "课后服务检查档案", "Inspection dossier"),
        school=str(body.get("name") or body["school_id"]),
        subtitle=period_words(body["period"], language),
        facts=(
            (either(language, "学校标识码", "School code"), body["school_id"]),
            (either(language, "检查日期", "Day of the visit"), str(body["on"])),
            (
                either(language, "四方不一致的人数", "People of whom not all say the same"),
                f"{disagreeing['differing']} / {disagreeing['people']}",
            ),
            (
                either(language, "待处理问题 / 涉及金额（元）", "Open findings / yuan at risk"),
                f"{findings['open']} / {shown_cell(findings['amount_at_risk_fen'], 'money')}",
            ),
        ),
        tables=tuple(tables),
        notes=(
            either(
                language,
                "所列为系统比对得到的不一致，须经现场核实和学校说明后才能认定。",
                "These are disagreements found by comparison; only people who looked into them decide what they are.",
            ),
            either(
                language,
                f"问题按涉及金额排列，列出前 {len(findings['items'])} 条；“—”表示不知道，不是零。",
                f"Findings by money at risk, the first {len(findings['items'])}; a dash is not known, and is not nought.",
            ),
        ),
        signatures=(
            Signature(either(language, "检查人员", "Inspector")),
            Signature(either(language, "检查人员", "Inspector")),
        ),
        binding=binding,
        landscape=True,
        language=language,
    )


def dossier_content(chain: Mapping[str, object]) -> list[object]:
    """What a dossier's code stands for: where the school's chain is."""
    return [chain["seq"], chain["head"]]


def _sources(disagreeing: Mapping[str, Any], language: Language) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for source, words in _SOURCES.items():
        sums = disagreeing["totals"].get(source)
        hours = None if sums is None or sums.get("class_hours") is None else round(sums["class_hours"] * 100)
        rows.append((either(language, *words), hours, None if sums is None else sums.get("amount_fen")))
    return Table(
        (
            Column(either(language, "来源", "Source"), "text", 3),
            Column(either(language, "总课时数", "Class hours"), "class_hours", 2),
            Column(either(language, "金额（元）", "Yuan"), "money", 2),
        ),
        tuple(rows),
        title=either(language, "一、台账、公示、上报、发放是否一致", "1. Ledger, publication, submission, payment"),
    )


def _findings(findings: Mapping[str, Any], language: Language) -> Table:
    return Table(
        (
            Column(either(language, "规则", "Rule"), "text", 0.7),
            Column(either(language, "程度", "Severity"), "text", 0.9),
            Column(either(language, "日期或期间", "When"), "text", 1.3),
            Column(either(language, "问题", "What"), "text", 5.5),
            Column(either(language, "状态", "State"), "text", 1),
            Column(either(language, "涉及金额（元）", "Yuan at risk"), "money", 1.5),
            Column(either(language, "现场核实", "Looked into"), "blank", 2),
        ),
        tuple(
            (
                each["rule"],
                label("severity", each["severity"], language),
                str(each["service_date"] or each["period"] or ""),
                f"{each['title']}：{each['explanation']}"
                if language == "zh"
                else f"{each['title']}: {each['explanation']}",
                label("finding_state", each["state"], language),
                each["amount_at_risk_fen"],
                None,
            )
            for each in findings["items"]
        ),
        title=either(language, "二、待处理问题", "2. Open findings"),
    )


def _documents(documents: list[Mapping[str, Any]], language: Language) -> Table:
    return Table(
        (
            Column(either(language, "文件", "Document"), "text", 2),
            Column(either(language, "编号", "Id"), "text", 2),
            Column(either(language, "期间", "Period"), "text", 2),
            Column(either(language, "状态", "State"), "text", 1.5),
            Column(either(language, "日期", "On"), "date", 1.3),
        ),
        tuple(
            (
                _worded(_DOCUMENTS, each["resource"], language),
                each["document_id"],
                None if each["period"] is None else str(each["period"]),
                _worded(_STATES, each["state"], language),
                each["on"] if isinstance(each["on"], date) else None,
            )
            for each in documents
        ),
        title=either(language, "三、文件", "3. Documents"),
    )


def _worded(words: Mapping[str, tuple[str, str]], code: str | None, language: Language) -> str | None:
    """A code's words; the code itself where we have none."""
    return None if code is None else either(language, *words.get(code, (code, code)))


def _sessions(look_into: Mapping[str, Any], language: Language) -> Table:
    of = (
        ""
        if not look_into["is_expected"]
        else either(language, f"（参照 {look_into['as_on']}）", f" (as on {look_into['as_on']})")
    )
    return Table(
        (
            Column(either(language, "时间", "Time"), "text", 1.4),
            Column(either(language, "场地", "Room"), "text", 1.3),
            Column(either(language, "活动", "Activity"), "text", 1.6),
            Column(either(language, "人员编号", "Staff"), "text", 2.2),
            Column(either(language, "预计人数", "Expected"), "count", 1),
            Column(either(language, "台账人数", "In the ledger"), "count", 1),
            Column(either(language, "相关规则", "Rules"), "text", 1.4),
            Column(either(language, "现场人数", "Seen"), "blank", 1.1),
        ),
        tuple(
            (
                f"{each['starts_at']} – {each['ends_at']}",
                each["room"],
                each["activity"] or label("category", each["category"], language),
                either(language, "、", ", ").join(each["staff_ids"] or ()),
                each["expected_headcount"],
                each["claimed_headcount"],
                " ".join(each["rules"] or ()),
                None,
            )
            for each in look_into["items"]
        ),
        title=either(language, "四、今日可看的课次", "4. Sessions to look into") + of,
    )


def _visits(visits: list[Mapping[str, Any]], language: Language) -> Table:
    return Table(
        (
            Column(either(language, "日期", "On"), "date", 1.2),
            Column(either(language, "方式", "Kind"), "text", 1.3),
            Column(either(language, "单位", "Office"), "text", 2),
            Column(either(language, "结论", "Conclusion"), "text", 6),
        ),
        tuple(
            (
                each["inspected_on"],
                label("inspection_kind", each["kind"], language),
                label("office", each["office"], language),
                each["conclusion"],
            )
            for each in visits
        ),
        title=either(language, "五、以往检查", "5. Past visits"),
    )
