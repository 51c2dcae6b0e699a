"""The submission form (上报表) with the list of its attachments, and the payment list (发放清单); 一(二)3."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.reporting.forms.reading import Line, Person, SchoolNamed
from services.reporting.forms.wording import (
    either,
    label,
    period_words,
    person_cells,
    person_columns,
    person_totals,
    total,
)
from services.reporting.sheets.form import Binding, Cell, Column, Form, Signature, Table, shown_cell
from shared.problems import Language

# What a submission must come with (一(二)3).
REQUIRED = ("arrangement_table", "decision_record", "publication_material")


def submission_form(
    school: SchoolNamed,
    content: Mapping[str, Any],
    lines: tuple[Line, ...],
    people: dict[str, Person],
    *,
    binding: Binding,
    language: Language,
) -> Form:
    """What the school sends to its stage centre, to be signed by the principal and sealed by the Party organisation."""
    words = period_words(content["term_id"], language)
    centres = [label("office", f"{centre}_centre", language) or "" for centre in school.centres]
    hours, amount = (total(line.class_hours_hundredths for line in lines), total(line.amount_fen for line in lines))
    return Form(
        title=either(language, "课后服务参与人员报酬统计上报表", "Submission of remuneration"),
        school=school.name,
        subtitle=words,
        facts=(
            (either(language, "学校标识码", "School code"), school.school_id),
            (either(language, "报送学段中心", "To the stage centre"), either(language, "、", ", ").join(centres)),
            (either(language, "上报编号", "Submission"), content["submission_id"]),
            (either(language, "报送日期", "Submitted on"), content.get("submitted_on")),
            (either(language, "对应校内公示", "Publication"), content.get("publication_id")),
            (
                either(language, "人数 / 总课时 / 总金额（元）", "People / class hours / yuan"),
                f"{len(lines)} / {shown_cell(hours, 'class_hours')} / {shown_cell(amount, 'money')}",
            ),
        ),
        tables=(
            _people(lines, people, language),
            attachment_table(content.get("attachments", ()), language),
        ),
        notes=(
            either(
                language,
                "本校承诺：以上数据真实、准确、完整，与经集体审议的校内公示逐人一致。",
                "The school declares that these figures are true, accurate and complete, and those it published person by person.",
            ),
        ),
        signatures=(
            Signature(either(language, "制表人", "Prepared by")),
            Signature(
                either(language, "校长签字确认", "Principal"),
                by=_who(content.get("principal_signed_by"), people),
                on=_day(content.get("principal_signed_on")),
            ),
            Signature(
                either(language, "学校党组织审核", "Reviewed by the Party organisation"),
                seal=True,
                by=_who(content.get("party_seal_by"), people),
                on=_day(content.get("party_seal_on")),
            ),
            Signature(either(language, "学段中心审核", "Reviewed by the stage centre"), seal=True),
        ),
        binding=binding,
        language=language,
    )


def _people(lines: tuple[Line, ...], people: dict[str, Person], language: Language) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (*person_cells(number, line, people, language), line.class_hours_hundredths, line.amount_fen)
        for number, line in enumerate(lines, start=1)
    ]
    totals = (
        *person_totals(len(lines), people, language),
        total(line.class_hours_hundredths for line in lines),
        total(line.amount_fen for line in lines),
    )
    return Table(
        (
            *person_columns(people, language),
            Column(either(language, "总课时数", "Class hours"), "class_hours", 1.5),
            Column(either(language, "报酬（元）", "Remuneration (yuan)"), "money", 2),
        ),
        tuple(rows),
        totals if lines else None,
        title=either(language, "一、参与人员工作量和报酬", "1. Workload and remuneration"),
    )


def attachment_table(attachments: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """The three papers that must come with it, there or missing, and whatever else was attached."""
    given = [(each["kind"], each) for each in attachments]
    missing = [(kind, None) for kind in REQUIRED if kind not in {kind for kind, _ in given}]
    rows: list[tuple[Cell, ...]] = []
    ordered = sorted([*given, *missing], key=lambda each: (*REQUIRED, "other").index(each[0]))
    for number, (kind, each) in enumerate(ordered, start=1):
        attached = each is not None
        rows.append(
            (
                number,
                label("submission_attachment_kind", kind, language),
                either(language, "已附" if attached else "未附", "attached" if attached else "missing"),
                each.get("document_id") if each else None,
                each["content_hash"][:16] if each and each.get("content_hash") else None,
                each.get("sessions") if each else None,
                each.get("amount_fen") if each else None,
            )
        )
    return Table(
        (
            Column(either(language, "序号", "No."), "count", 0.6),
            Column(either(language, "材料", "Paper"), "text", 2.2),
            Column(either(language, "是否附上", "Attached"), "text", 1),
            Column(either(language, "文件编号", "Document"), "text", 1.8),
            Column(either(language, "文件摘要（前16位）", "Digest (first 16)"), "text", 2.3),
            Column(either(language, "所载课次", "Sessions"), "count", 1),
            Column(either(language, "所载金额（元）", "Yuan"), "money", 1.4),
        ),
        tuple(rows),
        title=either(language, "二、随表材料", "2. Papers that come with it"),
    )


def payment_form(
    school: SchoolNamed,
    content: Mapping[str, Any],
    lines: tuple[Line, ...],
    people: dict[str, Person],
    *,
    binding: Binding,
    language: Language,
) -> Form:
    """What each person was paid, to be signed for."""
    words = period_words(content["period"], language)
    rows: list[tuple[Cell, ...]] = [
        (*person_cells(number, line, people, language), line.amount_fen, line.paid_on, None)
        for number, line in enumerate(lines, start=1)
    ]
    columns = (
        *person_columns(people, language),
        Column(either(language, "实发金额（元）", "Paid (yuan)"), "money", 1.8),
        Column(either(language, "发放日期", "Paid on"), "date", 1.6),
        Column(either(language, "领取人签字", "Received by"), "blank", 1.9),
    )
    totals = (*person_totals(len(lines), people, language), total(line.amount_fen for line in lines), None, None)
    return Form(
        title=either(language, "课后服务参与人员报酬发放清单", "Payment list"),
        school=school.name,
        subtitle=words,
        facts=(
            (either(language, "学校标识码", "School code"), school.school_id),
            (either(language, "发放期间", "Period"), words),
            (either(language, "发放编号", "Payment"), content["payment_id"]),
            (either(language, "记账凭证号", "Voucher"), None),
        ),
        tables=(Table(columns, tuple(rows), totals if lines else None),),
        notes=(
            either(
                language,
                "转账发放的，银行回单附后，可免领取人签字。",
                "Where it was paid by transfer, the bank's receipt is attached instead of signatures.",
            ),
        ),
        signatures=(
            Signature(either(language, "制表人", "Prepared by")),
            Signature(either(language, "财务负责人", "Finance")),
            Signature(either(language, "校长", "Principal")),
            Signature(either(language, "学校", "School"), seal=True),
        ),
        binding=binding,
        language=language,
    )


def _day(given: str | None) -> date | None:
    return None if given is None else date.fromisoformat(given)


def _who(staff_id: str | None, people: dict[str, Person]) -> str | None:
    person = people.get(staff_id or "")
    return staff_id if person is None or person.name is None else person.name
