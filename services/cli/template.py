"""`taizhang template`: the form that a school without an information system fills in, as XLSX; `push` takes it back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.inspect import ListType, LiteralType, NoneType, StructType, UnionType, VarTupleType
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from services.ledger_api.documents.payments import Payment
from services.ledger_api.documents.publications import Publication
from services.ledger_api.documents.submissions import Submission
from services.ledger_api.ingest.payload import AttendanceMark, Session
from services.ledger_api.records.days import Day
from services.ledger_api.records.duties import Duty
from services.ledger_api.registers.consents import Consent
from services.ledger_api.registers.leaves import Leave
from services.ledger_api.registers.rooms import Room
from services.ledger_api.registers.slots import Slot
from services.ledger_api.registers.staff import StaffMember
from services.ledger_api.registers.students import Student
from shared.vocabulary import CODE_LISTS

FORMS: Mapping[str, type[msgspec.Struct]] = {
    "slots": Slot,
    "rooms": Room,
    "staff": StaffMember,
    "students": Student,
    "leaves": Leave,
    "consents": Consent,
    "sessions": Session,
    "attendance": AttendanceMark,
    "duties": Duty,
    "days": Day,
    "publications": Publication,
    "submissions": Submission,
    "payments": Payment,
}
ROWS = 2000
# What each field is called in a school's office.
WORDS: Mapping[str, str] = {
    "school_id": "学校标识码", "term_id": "学期", "slot": "时段", "slots": "时段", "starts_at": "开始时间", "ends_at": "结束时间",
    "minutes_per_class_hour": "每课时分钟数", "weekdays": "星期", "room": "场地", "capacity": "容量", "kind": "类别",
    "staff_id": "人员编号", "name": "姓名", "provider_id": "机构编号", "active_from": "起始日期", "active_to": "终止日期",
    "student_id": "学生编号", "grade": "年级", "class_no": "班级", "enrolled_from": "入学日期", "enrolled_to": "离校日期",
    "special_needs": "特殊需要", "starts_on": "开始日期", "ends_on": "结束日期", "hours": "小时数", "opted_in": "是否参加",
    "activities": "所选活动", "signed_on": "签署日期", "session_id": "课次编号", "service_date": "服务日期", "activity": "活动名称",
    "category": "内容类别", "headcount": "实到人数", "planned_headcount": "应到人数", "state": "状态", "reason": "更正原因",
    "staff": "参与人员", "role": "角色", "class_hours": "课时", "share": "占比", "replaces": "代谁", "status": "考勤",
    "taken_by": "记录人", "taken_at": "记录时间", "duty_id": "值班编号", "note": "备注", "sessions": "开设班数", "pupils": "参加人数",
    "publication_id": "公示编号", "period": "期间", "lines": "明细", "dates": "服务日期", "amount_fen": "金额（分）",
    "displayed_from": "公示起", "displayed_to": "公示止", "place": "公示地点", "deliberation_id": "集体决策编号",
    "attachments": "附件", "submission_id": "上报编号", "submitted_on": "上报日期", "principal_signed_by": "校长签字",
    "principal_signed_on": "签字日期", "party_seal_by": "党组织审核", "party_seal_on": "盖章日期", "payment_id": "发放编号",
    "paid_on": "发放日期", "qualifications": "资质", "type": "种类", "verified_on": "查验日期", "valid_to": "有效期至",
    "number_hash": "证件摘要", "post": "岗位", "content_hash": "文件摘要", "objections": "异议", "objection_id": "异议编号", "made_on": "提出日期",
    "text": "内容", "answered_on": "答复日期", "answer": "答复", "archive": "存档", "stored_on": "存档日期", "keep_until": "保管至",
    "location": "存放处", "document_id": "文件编号", "principal_signed_hash": "签字文件摘要", "party_seal_hash": "盖章文件摘要",
    "draft": "草稿", "closed_on": "结束公示日期", "chain": "账链", "correction_fen": "以前期间补发或扣回（分）",
}  # fmt: skip


class UnknownForm(ValueError):
    """There is no form of that name; the message has those that are."""


@dataclass(frozen=True)
class Column:
    """One column: its field, whether it must be filled in, the codes it takes."""

    field: str
    required: bool
    codes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Words for people, then the field's name, which is what `push` reads."""
        words = "·".join(WORDS[part] for part in self.field.split("."))
        return f"{words}{'*' if self.required else ''} {self.field}"


def columns_of(payload: type[msgspec.Struct]) -> list[Column]:
    """The columns of a form, those that must be filled in first."""
    info = msgspec.inspect.type_info(payload)
    if not isinstance(info, StructType):
        raise TypeError(f"{payload} is no struct")
    columns = list(_columns(info, ""))
    return sorted(columns, key=lambda column: (not column.required, "." in column.field))


def _columns(info: StructType, prefix: str) -> Iterator[Column]:
    for field in info.fields:
        kinds = field.type.types if isinstance(field.type, UnionType) else (field.type,)
        kind = next(kind for kind in kinds if not isinstance(kind, NoneType))
        if isinstance(kind, ListType | VarTupleType) and isinstance(kind.item_type, StructType):
            yield from _columns(kind.item_type, f"{prefix}{field.encode_name}.")
        else:
            codes = tuple(str(code) for code in kind.values) if isinstance(kind, LiteralType) else ()
            yield Column(f"{prefix}{field.encode_name}", field.required and not prefix, codes)


def write_template(resource: str, out: Path) -> list[str]:
    """Write the form of a resource; returns its fields in order. Raises UnknownForm."""
    if resource not in FORMS:
        raise UnknownForm(f"there is no form for {resource}; there is one for {', '.join(FORMS)}")
    columns = columns_of(FORMS[resource])
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.title = resource
    sheet.append([column.title for column in columns])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number)
        head.font = Font(bold=True, color="9A3412" if column.required else "1B1F24")
        head.fill = PatternFill("solid", fgColor="F3EFE9")
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[letter].width = max(12, min(28, len(column.field) + 8))
        # Text, so that a ten-digit code stays one and 3-1 does not become the third of January.
        for row in range(2, 200):
            sheet.cell(row, number).number_format = "@"
        if column.codes:
            choice = DataValidation(
                type="list", formula1=f'"{",".join(column.codes)}"', allow_blank=not column.required
            )
            choice.add(f"{letter}2:{letter}{ROWS}")
            sheet.add_data_validation(choice)
    _explain(book, columns)
    book.save(out)
    return [column.field for column in columns]


def _explain(book: Workbook, columns: list[Column]) -> None:
    notes = book.create_sheet("说明")
    notes.append(["列", "含义", "必填", "可填的代码"])
    for column in columns:
        labels = next((each for each in CODE_LISTS.values() if set(each) == set(column.codes)), {})
        codes = "；".join(f"{code} {labels[code].zh}" if code in labels else code for code in column.codes)
        notes.append(
            [
                column.field,
                "·".join(WORDS[part] for part in column.field.split(".")),
                "是" if column.required else "",
                codes,
            ]
        )
    notes.append([])
    for line in (
        "日期写作 2025-09-08，时间写作 15:30，课时最多两位小数，金额以分为单位。",
        "一个单元格里有多个值时用分号分开，例如 1;3;5。",
        "带点的列（如 staff.staff_id）每人一行：同一课次的其余列重复填写，或留空。",
        "更正：重填整条记录并写明更正原因；原记录保留。",
        "Dates as 2025-09-08, times as 15:30; several values in a cell between semicolons.",
        "Dotted columns take a row a person: repeat the other cells, or leave them empty.",
    ):
        notes.append([line])
    notes.column_dimensions["A"].width = 26
    notes.column_dimensions["B"].width = 24
    notes.column_dimensions["D"].width = 80
