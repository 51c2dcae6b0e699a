"""The procedure of oversight: rectification, complaint, clawback, admission, appraisal; POLICY S7–S9, S11, S12. Pure."""

from services.ledger_api import conditions as must
from services.ledger_api.ingest.payload import Fen, Identifier, Text
from services.ledger_api.machines import BUREAU, OFFICES, SCHOOLS, Attempt, Content, Machine, Step
from services.ledger_api.procedures import ALLOCATION_PLAN, PLAN, PUBLICATION, SUBMISSION


def _stated_of_rectification(rectification: Content) -> str:
    answers = rectification.get("answers") or ()
    if not answers:
        return "demanded"
    accepted = answers[-1].get("accepted")
    return "answered" if accepted is None else "verified" if accepted else "rejected"


def _answer_demand(attempt: Attempt) -> Content:
    return {"answers": [*(attempt.content.get("answers") or ()), {**attempt.given, "answered_on": attempt.on}]}


def _check(attempt: Attempt, *, accepted: bool) -> Content:
    *earlier, last = attempt.content["answers"]
    return {"answers": [*earlier, {**last, **attempt.given, "checked_on": attempt.on, "accepted": accepted}]}


def _extend(attempt: Attempt) -> Content:
    granted = {**attempt.given, "granted_on": attempt.on}
    return {"extensions": [*(attempt.content.get("extensions") or ()), granted]}


RECTIFICATION = Machine(
    "rectifications",
    "整改",
    "rectification",
    {"demanded": "已要求", "answered": "已答复", "rejected": "复核未通过", "verified": "已销号"},
    content=("school_id", "rectification_id", "demand", "demanded_on", "due_on", "source", "source_id", "issue"),
    stated=_stated_of_rectification,
    steps={
        "answer": Step(
            SCHOOLS, frozenset({"demanded", "rejected"}), "answered", "整改答复", "answered by the school",
            needs=("text", "evidence"), may=("answered_by",), sets=_answer_demand,
        ),
        "reject": Step(
            OFFICES, frozenset({"answered"}), "rejected", "复核未通过", "rejected",
            needs=("checked_by", "note"), conditions=(must.ANOTHER_CHECKED,),
            sets=lambda attempt: _check(attempt, accepted=False),
        ),
        "verify": Step(
            OFFICES, frozenset({"answered"}), "verified", "复核销号", "verified",
            needs=("checked_by",), may=("note",), conditions=(must.HAS_EVIDENCE, must.ANOTHER_CHECKED),
            sets=lambda attempt: _check(attempt, accepted=True),
        ),
        "extend": Step(
            OFFICES, frozenset({"demanded", "rejected"}), None, "延期", "given more time",
            needs=("due_on",), may=("granted_by",), why=True, sets=_extend,
        ),
    },
    facts={
        "text": Text, "evidence": tuple[Text, ...], "answered_by": Identifier, "checked_by": Identifier, "note": Text,
        "granted_by": Identifier,
    },
    must_never=(
        ("没有佐证而销号", "it is closed without evidence"),
        ("自己复核自己的整改", "somebody verifies their own work"),
    ),
)  # fmt: skip


def _stated_of_complaint(complaint: Content) -> str:
    if complaint.get("closed_on"):
        return "closed"
    if complaint.get("outcome"):
        return "handled"
    return "accepted" if complaint.get("acknowledged_on") else "received"


def _handle(attempt: Attempt) -> Content:
    step = {"on": attempt.on, "action": attempt.given["result"], "by": attempt.given.get("handled_by")}
    return {**attempt.given, "handling": [*(attempt.content.get("handling") or ()), step]}


COMPLAINT = Machine(
    "complaints",
    "信访投诉",
    "complaint",
    {"received": "已收到", "accepted": "已受理", "handled": "已办理", "closed": "已办结"},
    content=("school_id", "complaint_id", "received_on", "channel", "about", "issue", "anonymous", "reporter_hash"),
    stated=_stated_of_complaint,
    steps={
        "accept": Step(
            OFFICES, frozenset({"received"}), "accepted", "受理", "accepted", may=("office", "handled_by", "due_on"),
            sets=lambda attempt: {**attempt.given, "acknowledged_on": attempt.on},
        ),
        "handle": Step(
            OFFICES, frozenset({"accepted"}), "handled", "办理", "handled",
            needs=("outcome", "result"), may=("handled_by",), sets=_handle,
        ),
        "close": Step(
            OFFICES, frozenset({"handled"}), "closed", "办结", "closed", may=("answered_on",),
            conditions=(must.ANSWERED_UNLESS_ANONYMOUS,),
            sets=lambda attempt: {**attempt.given, "closed_on": attempt.on},
        ),
        "reopen": Step(
            OFFICES, frozenset({"closed"}), "accepted", "重新办理", "taken up again", why=True,
            sets=lambda _attempt: {"closed_on": None, "outcome": None},
        ),
    },
    must_never=(
        ("让学校看到举报人或举报", "the school sees the complaint or who made it"),
        ("没有核查结果而办结", "it is closed without a result"),
    ),
)  # fmt: skip


def _stated_of_clawback(clawback: Content) -> str:
    if clawback.get("cancelled_on"):
        return "cancelled"
    if clawback.get("referral"):
        return "referred"
    back = sum(each["amount_fen"] for each in clawback.get("recovered") or ())
    if clawback.get("ordered_on"):
        return "ordered" if back <= 0 else "recovered" if back >= clawback["amount_fen"] else "partly_recovered"
    return "proposed"


def _recover(attempt: Attempt) -> Content:
    came_back = {
        "recovered_on": attempt.on, "amount_fen": attempt.given["recovered_fen"], "voucher": attempt.given["voucher"],
    }  # fmt: skip
    return {"recovered": [*(attempt.content.get("recovered") or ()), came_back]}


def _all_or_part(attempt: Attempt) -> str:
    back = must.recovered_fen(attempt) + attempt.given["recovered_fen"]
    return "recovered" if back == attempt.content["amount_fen"] else "partly_recovered"


_OWING = frozenset({"ordered", "partly_recovered"})

CLAWBACK = Machine(
    "clawbacks",
    "追回",
    "clawback",
    {
        "proposed": "拟追回", "ordered": "已决定", "partly_recovered": "部分追回", "recovered": "已追回", "referred": "已移交",
        "cancelled": "已撤销",
    },
    content=("school_id", "clawback_id", "amount_fen", "determined_on", "finding_ids", "lines"),
    stated=_stated_of_clawback,
    steps={
        "order": Step(
            BUREAU, frozenset({"proposed"}), "ordered", "决定追回", "ordered",
            needs=("legal_basis", "ordered_by", "due_on"), may=("instalments",), names_content=True,
            reads={"findings": ("findings", "finding_ids")}, conditions=(must.FINDINGS_CONFIRMED, must.LINES_ADD_UP),
            sets=lambda attempt: {**attempt.given, "ordered_on": attempt.on},
        ),
        "recover": Step(
            BUREAU, _OWING, "recovered", "追回入账", "recovered, in part or whole",
            needs=("recovered_fen", "voucher"), conditions=(must.SOMETHING_CAME_BACK, must.NO_MORE_THAN_DETERMINED),
            leads=_all_or_part, or_to=("partly_recovered",), sets=_recover,
        ),
        "refer": Step(
            BUREAU, frozenset({"proposed"}) | _OWING, "referred", "移交", "referred to the discipline body",
            needs=("receiver",), why=True,
            sets=lambda attempt: {"referral": {"referred_on": attempt.on, "receiver": attempt.given["receiver"]}},
        ),
        "cancel": Step(
            BUREAU, frozenset({"ordered"}), "cancelled", "撤销决定", "the decision is annulled", why=True,
            sets=lambda attempt: {"cancelled_on": attempt.on},
        ),
    },
    facts={"recovered_fen": Fen, "voucher": Text, "receiver": Text},
    must_never=(
        ("没有决定而追回", "anything is recovered without a decision"),
        ("追回多于认定金额", "more is recovered than was determined"),
        ("依据未核实的发现", "it rests on a finding that nobody confirmed"),
    ),
)  # fmt: skip

PROVIDER = Machine(
    "providers",
    "第三方机构",
    "provider",
    {"listed": "在册", "suspended": "暂停", "removed": "清退"},
    content=("provider_id", "name", "licence_no"),
    stated=lambda provider: str(provider["status"]),
    steps={
        "suspend": Step(
            BUREAU, frozenset({"listed"}), "suspended", "暂停", "suspended", may=("status_from",), why=True,
            sets=lambda attempt: _status(attempt, "suspended"),
        ),
        "relist": Step(
            BUREAU, frozenset({"suspended"}), "listed", "恢复", "listed again", may=("status_from",), why=True,
            sets=lambda attempt: _status(attempt, "listed"),
        ),
        "remove": Step(
            BUREAU, frozenset({"suspended"}), "removed", "清退", "removed", may=("status_from",), why=True,
            sets=lambda attempt: _status(attempt, "removed"),
        ),
    },
    must_never=(
        ("清退后仍在全区任何学校服务", "it serves anywhere in the district after its removal"),
        ("未听取机构意见（暂停）即清退", "it is removed without having been suspended and heard"),
    ),
)  # fmt: skip


def _status(attempt: Attempt, status: str) -> Content:
    return {"status": status, "status_from": attempt.given.get("status_from", attempt.on)}


def _stated_of_person(person: Content) -> str:
    if person["kind"] in {"employee", "retired"} or person.get("active_from"):
        return "ended" if person.get("active_to") else "engaged"
    return "eligible" if must.is_qualified(person) else "proposed"


PERSON = Machine(
    "staff",
    "校外人员",
    "outside person",
    {
        "proposed": "拟聘", "eligible": "资格已核", "engaged": "在聘", "suspended": "暂停", "ended": "结束", "barred": "禁入",
    },
    content=("staff_id", "school_id", "kind", "provider_id", "qualifications"),
    stated=_stated_of_person,
    steps={
        "admit": Step(
            SCHOOLS, frozenset({"proposed"}), "eligible", "资格核验", "papers checked by the school",
            needs=("checked_by",), conditions=(must.QUALIFIED,), sets=lambda _attempt: {},
        ),
        "engage": Step(
            SCHOOLS, frozenset({"eligible", "suspended"}), "engaged", "聘用", "engaged",
            needs=("active_from",), conditions=(must.QUALIFIED,),
            sets=lambda attempt: {**attempt.given, "active_to": None},
        ),
        "suspend": Step(
            SCHOOLS | BUREAU, frozenset({"engaged"}), "suspended", "暂停", "suspended", needs=("active_to",), why=True,
        ),
        "end": Step(
            SCHOOLS, frozenset({"engaged", "suspended"}), "ended", "结束聘用", "ended", needs=("active_to",),
        ),
        "bar": Step(
            BUREAU, frozenset({"proposed", "eligible", "engaged", "suspended", "ended"}), "barred", "禁入",
            "barred in the whole district", needs=("active_to",), why=True,
        ),
    },
    facts={"checked_by": Identifier},
    must_never=(
        ("资格不全而服务", "somebody serves whose papers are not whole"),
        ("由机构自己核验", "the provider checks its own people"),
    ),
)  # fmt: skip

INDICATOR_SET = Machine(
    "indicator-sets",
    "考核指标体系",
    "indicator set",
    {"draft": "草拟", "approved": "已确定", "in_use": "使用中", "retired": "停用"},
    content=("stage", "indicator_set_id", "academic_year", "indicators"),
    stated=lambda indicators: "approved" if indicators.get("approved_on") else "draft",
    steps={
        "approve": Step(
            OFFICES, frozenset({"draft"}), "approved", "确定", "approved", names_content=True,
            conditions=(must.WEIGHS_QUALITY,), sets=lambda attempt: {"approved_on": attempt.on},
        ),
        "use": Step(OFFICES, frozenset({"approved"}), "in_use", "启用", "in use", sets=lambda _attempt: {}),
        "retire": Step(OFFICES, frozenset({"approved", "in_use"}), "retired", "停用", "retired", sets=lambda _attempt: {}),
    },
    must_never=(
        ("考核开始后改动权重而仍算已确定", "its weights change after the appraisal began and still count as approved"),
        ("参与率权重不低于质量权重", "participation weighs as much as quality"),
    ),
)  # fmt: skip


def _stated_of_appraisal(appraisal: Content) -> str:
    for state, name in (
        ("transferred", "transfers"),
        ("finalised", "finalised_on"),
        ("communicated", "communicated_on"),
    ):
        if appraisal.get(name):
            return state
    return "scored" if appraisal.get("score") is not None else "collecting"


APPRAISAL = Machine(
    "appraisals",
    "年度绩效考核",
    "appraisal",
    {
        "collecting": "采集", "scored": "已评分", "communicated": "已反馈", "objected": "有异议", "finalised": "已确定",
        "transferred": "已运用",
    },
    content=(
        "school_id", "appraisal_id", "academic_year", "indicator_set_id", "scores", "score", "data_submission_score", "grade",
    ),
    stated=_stated_of_appraisal,
    steps={
        "score": Step(
            OFFICES, frozenset({"collecting", "objected"}), "scored", "评分", "scored",
            needs=("scores", "score"), may=("data_submission_score", "grade", "feedback", "inputs"),
            reads={"indicators": ("indicator-sets", "indicator_set_id")}, conditions=(must.WEIGHTS_FIXED,),
        ),
        "communicate": Step(
            OFFICES, frozenset({"scored"}), "communicated", "向学校反馈", "the school is told",
            sets=lambda attempt: {"communicated_on": attempt.on},
        ),
        "object": Step(
            SCHOOLS, frozenset({"communicated"}), "objected", "学校提出异议", "the school objects", why=True,
            sets=lambda _attempt: {},
        ),
        "finalise": Step(
            OFFICES, frozenset({"communicated"}), "finalised", "确定", "finalised", conditions=(must.HEARD,),
            sets=lambda attempt: {"finalised_on": attempt.on},
        ),
        "transfer": Step(
            OFFICES, frozenset({"finalised"}), "transferred", "结果运用", "handed to the schemes of 三(一)", needs=("transfers",),
        ),
    },
    must_never=(
        ("没有反馈和检查依据而确定", "it is finalised without feedback and what inspections found"),
        ("权重未事先确定", "it is scored by weights that were not fixed beforehand"),
    ),
)  # fmt: skip

# Every machine of a document, by its resource, in the order of the docs.
MACHINES = {
    machine.resource: machine
    for machine in (
        PLAN, PUBLICATION, SUBMISSION, ALLOCATION_PLAN, RECTIFICATION, COMPLAINT, CLAWBACK, PROVIDER, PERSON, INDICATOR_SET,
        APPRAISAL,
    )
}  # fmt: skip
