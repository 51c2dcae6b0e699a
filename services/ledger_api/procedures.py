"""The procedure of the school's documents: plan, publication, submission, allocation plan; POLICY S1, S4–S6. Pure."""

from collections.abc import Mapping

from services.ledger_api import conditions as must
from services.ledger_api.ingest.payload import Identifier, Text
from services.ledger_api.machines import OFFICES, SCHOOLS, Attempt, Content, Machine, Step
from shared.vocabulary import ReviewDecision

_DELIBERATION = {"deliberation": ("deliberations", "deliberation_id")}


def _deliberate(attempt: Attempt) -> Content:
    return {**attempt.given, "content_hash": attempt.content_hash}


def _states(*pairs: tuple[str, str]) -> Mapping[str, str]:
    return dict(pairs)


def _stated_of_plan(plan: Content) -> str:
    return "filed" if plan.get("submitted_on") else "draft"


# What an office says of a document under review; a review that was posted leads to these states as well.
REVIEWED: Mapping[ReviewDecision, str] = {
    "accepted": "approved", "adjusted": "approved", "returned": "returned", "rejected": "returned",
}  # fmt: skip
_REVIEWER = {"reviewer": ("staff", "reviewed_by")}
_REVIEW_FACTS = ("review_id", "reviewed_by")

PLAN = Machine(
    "plans",
    "课后服务方案",
    "service plan",
    _states(("draft", "草拟"), ("returned", "退回"), ("filed", "已报备"), ("approved", "已备案"), ("superseded", "已被替代")),
    content=(
        "school_id", "plan_id", "academic_year", "version", "implementation", "process", "safeguards", "groups", "schedule",
        "attachments",
    ),
    stated=_stated_of_plan,
    reviewed_as="plan_id",
    steps={
        "adopt": Step(
            SCHOOLS, frozenset({"draft", "returned"}), None, "学校决定", "the school decides",
            needs=("deliberation_id",), names_content=True, reads=_DELIBERATION,
            conditions=(must.PLAN_COMPLETE, must.DELIBERATED),
            sets=lambda attempt: {**_deliberate(attempt), "adopted_on": attempt.on},
        ),
        "file": Step(
            SCHOOLS, frozenset({"draft", "returned"}), "filed", "报送中心", "filed with the stage centre",
            conditions=(must.PLAN_COMPLETE, must.ADOPTED),
            sets=lambda attempt: {"submitted_on": attempt.on},
        ),
        "return": Step(
            OFFICES, frozenset({"filed"}), "returned", "退回", "returned",
            may=_REVIEW_FACTS, why=True, reads=_REVIEWER, conditions=(must.NOT_OF_THE_SCHOOL,), sets=lambda _attempt: {},
        ),
        "approve": Step(
            OFFICES, frozenset({"filed"}), "approved", "备案", "approved",
            may=(*_REVIEW_FACTS, "filing_number"), names_content=True, reads=_REVIEWER,
            conditions=(must.NOT_OF_THE_SCHOOL,), sets=lambda _attempt: {},
        ),
        "supersede": Step(
            SCHOOLS | OFFICES, frozenset({"approved"}), "superseded", "被新方案替代", "superseded by a newer plan",
            needs=("superseded_by",), reads={"newer": ("plans", "superseded_by")},
            conditions=(must.NEWER_PLAN_APPROVED,), sets=lambda _attempt: {},
        ),
    },
    facts={"review_id": Identifier, "reviewed_by": Identifier, "filing_number": Text, "superseded_by": Identifier},
    must_never=(
        ("改动已报备的方案而仍算已报备", "a filed plan is edited and still counts as filed"),
        ("由本校人员审核", "a reviewer is of the school itself"),
        ("没有审核记录而备案", "it is approved without a review on record"),
    ),
)  # fmt: skip


def _stated_of_publication(publication: Content) -> str:
    if publication.get("archive"):
        return "archived"
    if publication.get("closed_on"):
        return "closed"
    if any(each.get("answered_on") is None for each in publication.get("objections") or ()):
        return "objected"
    if publication.get("displayed_from"):
        return "displayed"
    return "deliberated" if publication.get("deliberation_id") else "draft"


def _object(attempt: Attempt) -> Content:
    said = {name: value for name, value in attempt.given.items() if name in {"objection_id", "staff_id", "text"}}
    return {"objections": [*(attempt.content.get("objections") or ()), {**said, "made_on": attempt.on}]}


def _answer_objection(attempt: Attempt) -> Content:
    objection_id = attempt.given["objection_id"]
    answered = {"answered_on": attempt.on, "answer": attempt.given["answer"]}
    return {
        "objections": [
            {**each, **answered} if each["objection_id"] == objection_id else each
            for each in attempt.content.get("objections") or ()
        ]
    }


def _displayed_unless_objected(attempt: Attempt) -> str:
    still_open = set(must.open_objections(attempt.content, attempt.taken)) - {attempt.given.get("objection_id")}
    return "objected" if still_open else "displayed"


PUBLICATION = Machine(
    "publications",
    "公示",
    "publication",
    _states(
        ("draft", "编制"), ("deliberated", "已审议"), ("displayed", "公示中"), ("objected", "有异议"), ("closed", "已结束"),
        ("archived", "已存档"),
    ),
    content=("school_id", "publication_id", "kind", "period", "lines", "chain"),
    stated=_stated_of_publication,
    held_back=lambda publication, taken: bool(must.open_objections(publication, taken)),
    steps={
        "deliberate": Step(
            SCHOOLS, frozenset({"draft"}), "deliberated", "集体审议", "deliberated",
            needs=("deliberation_id",), names_content=True, reads={**_DELIBERATION, "open_days": ("days", "period")},
            conditions=(must.DAYS_CLOSED, must.DELIBERATED), sets=_deliberate,
        ),
        "display": Step(
            SCHOOLS, frozenset({"deliberated"}), "displayed", "张贴公示", "displayed",
            needs=("displayed_from", "displayed_to", "place", "attachments"), names_content=True, reads=_DELIBERATION,
            conditions=(must.DELIBERATED, must.AFTER_THE_MEETING), leads=_displayed_unless_objected, or_to=("objected",),
            sets=lambda attempt: {
                **attempt.given,
                "attachments": [*(attempt.content.get("attachments") or ()), *attempt.given["attachments"]],
            },
        ),
        "object": Step(
            SCHOOLS | OFFICES, frozenset({"displayed", "objected"}), "objected", "提出异议", "objected to",
            needs=("objection_id", "text"), may=("staff_id",), conditions=(must.OBJECTION_NEW,), sets=_object,
        ),
        "answer": Step(
            SCHOOLS, frozenset({"objected"}), "displayed", "答复异议", "objection answered",
            needs=("objection_id", "answer"), conditions=(must.OBJECTION_OPEN,), leads=_displayed_unless_objected, or_to=("objected",),
            sets=_answer_objection,
        ),
        "acknowledge": Step(
            SCHOOLS, frozenset({"displayed", "objected", "closed"}), None, "本人确认", "acknowledged by a participant",
            needs=("staff_id",), conditions=(must.IN_A_LINE,), sets=lambda _attempt: {},
        ),
        "close": Step(
            SCHOOLS, frozenset({"displayed"}), "closed", "公示结束", "closed",
            conditions=(must.HAS_HUNG, must.NO_OPEN_OBJECTION), sets=lambda attempt: {"closed_on": attempt.on},
        ),
        "archive": Step(
            SCHOOLS, frozenset({"closed"}), "archived", "存档备查", "archived", needs=("archive",),
        ),
    },
    facts={"objection_id": Identifier, "staff_id": Identifier, "text": Text, "answer": Text},
    must_never=(
        ("未审议而公示，或公示另一内容", "it is displayed before it was deliberated, or with another content"),
        ("有未答复的异议而结束", "it closes over an open objection"),
        ("改动已公示的内容而不重新审议", "its content is edited and not deliberated again"),
    ),
)  # fmt: skip


def _stated_of_submission(submission: Content) -> str:
    if submission.get("submitted_on"):
        return "submitted"
    signed = submission.get("principal_signed_on") and submission.get("party_seal_on")
    return "signed" if signed else "draft"


_PUBLICATION = {"publication": ("publications", "publication_id")}

SUBMISSION = Machine(
    "submissions",
    "上报",
    "submission",
    _states(
        ("draft", "编制"), ("returned", "退回"), ("signed", "已签字"), ("submitted", "已上报"), ("approved", "审核通过"),
        ("paid", "已发放"),
    ),
    content=("school_id", "submission_id", "term_id", "lines", "publication_id", "attachments"),
    stated=_stated_of_submission,
    reviewed_as="submission_id",
    steps={
        "sign": Step(
            SCHOOLS, frozenset({"draft", "returned"}), "signed", "校长签字", "signed by the principal",
            needs=("principal_signed_by",), names_content=True, reads=_PUBLICATION,
            conditions=(must.PUBLICATION_NAMED, must.PUBLICATION_FINAL, must.AS_PUBLISHED, must.THREE_ATTACHMENTS),
            sets=lambda attempt: {
                **attempt.given, "principal_signed_on": attempt.on, "principal_signed_hash": attempt.content_hash,
                "content_hash": attempt.content_hash, "party_seal_by": None, "party_seal_on": None,
                "party_seal_hash": None,
            },
        ),
        "seal": Step(
            SCHOOLS, frozenset({"signed"}), None, "党组织盖章", "sealed by the Party organisation",
            needs=("party_seal_by",), names_content=True, conditions=(must.SIGNED,),
            sets=lambda attempt: {
                **attempt.given, "party_seal_on": attempt.on, "party_seal_hash": attempt.content_hash,
            },
        ),
        "submit": Step(
            SCHOOLS, frozenset({"signed"}), "submitted", "上报", "submitted to the stage centre",
            reads=_PUBLICATION, conditions=(must.SIGNED_AND_SEALED, must.PUBLICATION_FINAL, must.AS_PUBLISHED),
            sets=lambda attempt: {"submitted_on": attempt.on},
        ),
        "return": Step(
            OFFICES, frozenset({"submitted"}), "returned", "退回整改", "returned for rectification",
            may=(*_REVIEW_FACTS, "lines"), why=True, reads=_REVIEWER, conditions=(must.NOT_OF_THE_SCHOOL,),
            sets=lambda _attempt: {},
        ),
        "approve": Step(
            OFFICES, frozenset({"submitted"}), "approved", "审核通过", "approved",
            may=(*_REVIEW_FACTS, "lines"), names_content=True, reads={**_PUBLICATION, **_REVIEWER},
            conditions=(must.NOT_OF_THE_SCHOOL, must.PUBLICATION_NAMED, must.PUBLICATION_FINAL), sets=lambda _attempt: {},
        ),
        "pay": Step(
            SCHOOLS, frozenset({"approved"}), "paid", "发放", "paid",
            needs=("payment_ids",), reads={"payments": ("payments", "payment_ids")},
            conditions=(must.PAID_AS_ACCEPTED,), sets=lambda _attempt: {},
        ),
    },
    facts={"review_id": Identifier, "reviewed_by": Identifier, "payment_ids": tuple[Identifier, ...]},
    must_never=(
        ("上报与公示不一致的数据", "what is submitted is not what was published"),
        ("签字与盖章不全，或不在同一内容上", "it is submitted without signature and seal on the same content"),
        ("学校审核自己的上报", "a school approves its own submission"),
        ("超出审核通过的数额发放，或未通过先发放", "more is paid than was accepted, or before it was"),
    ),
)  # fmt: skip


ALLOCATION_PLAN = Machine(
    "allocation-plans",
    "分配方案",
    "allocation plan",
    _states(
        ("draft", "草拟"), ("consulted", "已征求意见"), ("approved", "已通过"), ("in_force", "执行中"), ("superseded", "已被替代"),
    ),
    content=(
        "school_id", "version", "effective_from", "rate_fen_per_class_hour", "factors", "duty_rate_fen", "caps", "budget_fen",
        "over_budget", "rounding",
    ),
    stated=lambda plan: "approved" if plan.get("deliberation_id") else "draft",
    steps={
        "consult": Step(
            SCHOOLS, frozenset({"draft"}), "consulted", "征求教职工意见", "staff were consulted", why=True,
            sets=lambda _attempt: {},
        ),
        "approve": Step(
            SCHOOLS, frozenset({"consulted"}), "approved", "集体审议通过", "approved by the meeting",
            needs=("deliberation_id",), names_content=True, reads=_DELIBERATION, conditions=(must.DELIBERATED,),
        ),
        "take_effect": Step(
            SCHOOLS, frozenset({"approved"}), "in_force", "开始执行", "in force",
            conditions=(must.DAY_HAS_COME,), sets=lambda _attempt: {},
        ),
        "supersede": Step(
            SCHOOLS, frozenset({"in_force"}), "superseded", "被新版本替代", "superseded by a newer version",
            needs=("effective_to",),
        ),
    },
    must_never=(
        ("不经审议而执行", "it takes effect without a deliberation of its content"),
        ("改动执行中的方案而不重新审议", "a plan in force is edited and not deliberated again"),
    ),
)  # fmt: skip
