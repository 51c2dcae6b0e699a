"""What must hold before a step of a document is taken: each said in words and decided from what is handed in. Pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.ledger_api.machines import Attempt, Condition, Content, Taken

THREE_PAPERS = frozenset({"arrangement_table", "decision_record", "publication_material"})
# 一(二)2: a publication is final when it has hung, and nothing that was said against it is unanswered.
FINAL = frozenset({"closed", "archived"})


def open_objections(content: Content, taken: Sequence[Taken]) -> list[str]:
    """Ids of the objections that nobody answered: those on the sheet, and those that were raised here, whatever it says now."""
    listed = {each["objection_id"]: each.get("answered_on") is None for each in content.get("objections") or ()}
    raised = [each.facts["objection_id"] for each in taken if each.step == "object"]
    answered = {each.facts["objection_id"] for each in taken if each.step == "answer"}
    unanswered = {key for key, is_open in listed.items() if is_open} | set(raised)
    return sorted(unanswered - answered)


def lines_by_person(lines: Iterable[Content]) -> dict[str, tuple[Decimal, int | None]]:
    """staff_id -> class hours and fen of a statement."""
    return {line["staff_id"]: (Decimal(str(line.get("class_hours", 0))), line.get("amount_fen")) for line in lines}


def accepted_fen(attempt: Attempt) -> dict[str, int]:
    """staff_id -> fen that the centre accepted: as submitted, where its review has no line of its own about the person."""
    approval = attempt.last("approve")
    reviewed = {line["staff_id"]: line for line in (approval.facts.get("lines") or () if approval else ())}
    return {
        line["staff_id"]: _fen(reviewed.get(line["staff_id"], {}).get("amount_fen"), line.get("amount_fen"))
        for line in attempt.content["lines"]
    }


def _fen(*amounts: int | None) -> int:
    return next((amount for amount in amounts if amount is not None), 0)


def _the(attempt: Attempt, name: str) -> Content:
    """The one record that is read under a name; empty when there is none."""
    found: Sequence[Content] = attempt.others.get(name, ())
    return found[0] if found else {}


def _deliberated(attempt: Attempt) -> bool:
    meeting = _the(attempt, "deliberation")
    hashes = {item.get("content_hash") for item in meeting.get("items") or ()}
    return meeting.get("decision") == "approved" and attempt.content_hash in hashes


DELIBERATED = Condition(
    "所列集体审议已通过，且其事项载明的正是这一内容摘要",
    "the deliberation named approved it, and one of its items names this content hash",
    _deliberated,
)


def _open_days(attempt: Attempt) -> list[str]:
    return [day["service_date"].isoformat() for day in attempt.others.get("open_days", ())]


DAYS_CLOSED = Condition(
    "期间内有课时的各日均已结账（POST /v1/days）",
    "every day of its period on which class hours were worked is closed (POST /v1/days)",
    lambda attempt: not _open_days(attempt),
    wants=_open_days,
)
AFTER_THE_MEETING = Condition(
    "张贴日期不早于集体审议",
    "it is displayed no earlier than it was deliberated",
    lambda attempt: str(attempt.said("displayed_from")) >= str(_the(attempt, "deliberation").get("held_on", "9999")),
)
HAS_HUNG = Condition(
    "公示期已满（displayed_to 已过）",
    "its days of display are over (`displayed_to`)",
    lambda attempt: attempt.said("displayed_to") is not None and attempt.on.isoformat() >= attempt.said("displayed_to"),
)
NO_OPEN_OBJECTION = Condition(
    "没有未答复的异议",
    "no objection is open",
    lambda attempt: not open_objections(attempt.content, attempt.taken),
)
OBJECTION_NEW = Condition(
    "异议编号未用过",
    "the objection_id is not used yet",
    lambda attempt: (
        attempt.given.get("objection_id")
        not in {each["objection_id"] for each in attempt.content.get("objections") or ()}
        | {each.facts["objection_id"] for each in attempt.taken if each.step == "object"}
    ),
)
OBJECTION_OPEN = Condition(
    "所答复的异议尚未答复",
    "the objection answered is an open one",
    lambda attempt: attempt.given.get("objection_id") in open_objections(attempt.content, attempt.taken),
)
IN_A_LINE = Condition(
    "该人员在公示名单中",
    "the person has a line in it",
    lambda attempt: attempt.given.get("staff_id") in {line["staff_id"] for line in attempt.content["lines"]},
)


def _publication_final(attempt: Attempt) -> bool:
    publication = _the(attempt, "publication")
    return (
        publication.get("state") in FINAL
        and publication.get("kind") == "term_remuneration"
        and publication.get("period") == attempt.content["term_id"]
    )


PUBLICATION_NAMED = Condition(
    "上报写明所依据的本学期公示（publication_id）；没有写明的，退回补正后再报",
    "it names the term's publication that it was made from (`publication_id`); one that does not is returned and sent again",
    lambda attempt: bool(attempt.content.get("publication_id")),
)
PUBLICATION_FINAL = Condition(
    "本学期公示已完成（已结束、无未答复异议）",
    "the term's publication is closed, with no objection open",
    _publication_final,
)
AS_PUBLISHED = Condition(
    "各行与公示一致",
    "its lines are those of the publication, person by person",
    lambda attempt: (
        lines_by_person(attempt.content["lines"]) == lines_by_person(_the(attempt, "publication").get("lines", ()))
    ),
)
THREE_ATTACHMENTS = Condition(
    "三项附件（安排表、三重一大事项记录表、公示材料）齐全，各有内容摘要",
    "its three attachments (arrangement table, decision record, publication material) are there, each with its content hash",
    lambda attempt: (
        {each["kind"] for each in attempt.content.get("attachments") or () if each.get("content_hash")} >= THREE_PAPERS
    ),
)


def _number(attempt: Attempt, step: str) -> int:
    """Which of the document's steps it was, the last time about what it says now; 0 when it was not taken."""
    last = attempt.last(step)
    return 0 if last is None else last.number


SIGNED = Condition(
    "校长已对同一内容签字",
    "the principal signed this very content",
    lambda attempt: attempt.last("sign") is not None,
)
SIGNED_AND_SEALED = Condition(
    "校长签字、其后党组织盖章，均针对同一内容",
    "the principal's signature and, after it, the Party organisation's seal are on this very content",
    lambda attempt: _number(attempt, "seal") > _number(attempt, "sign") > 0,
)
NOT_OF_THE_SCHOOL = Condition(
    "审核人不是本校人员",
    "the reviewer is not one of the school's own",
    lambda attempt: not attempt.others.get("reviewer"),
    code="own_work",
)


def _paid_as_accepted(attempt: Attempt) -> bool:
    paid: dict[str, int] = {}
    for payment in attempt.others.get("payments", ()):
        for line in payment["lines"]:
            paid[line["staff_id"]] = paid.get(line["staff_id"], 0) + line["amount_fen"]
    accepted = {staff_id: fen for staff_id, fen in accepted_fen(attempt).items() if fen}
    return {staff_id: fen for staff_id, fen in paid.items() if fen} == accepted


PAID_AS_ACCEPTED = Condition(
    "实发与审核通过的逐人相等",
    "what was paid is what was accepted, person by person",
    _paid_as_accepted,
)
PLAN_COMPLETE = Condition(
    "方案的实施内容、工作流程、保障措施、工作组与安排齐全",
    "its sections (implementation, process, safeguards), groups and schedule are all there",
    lambda attempt: all(
        attempt.content.get(name) for name in ("implementation", "process", "safeguards", "groups", "schedule")
    ),
)
ADOPTED = Condition(
    "学校已就同一内容集体决定",
    "the school adopted this very content",
    lambda attempt: attempt.last("adopt") is not None,
)
NEWER_PLAN_APPROVED = Condition(
    "替代它的方案属同一学年、已备案",
    "the plan that replaces it is of the same school year, and approved",
    lambda attempt: (
        _the(attempt, "newer").get("state") == "approved"
        and _the(attempt, "newer").get("academic_year") == attempt.content["academic_year"]
        and _the(attempt, "newer").get("plan_id") != attempt.content["plan_id"]
    ),
)
DAY_HAS_COME = Condition(
    "生效日期已到",
    "the day it takes effect has come",
    lambda attempt: attempt.on.isoformat() >= attempt.content["effective_from"],
)
ANOTHER_CHECKED = Condition(
    "复核人不是整改答复人",
    "who checks is not who answered",
    lambda attempt: attempt.given.get("checked_by") != (_last_answer(attempt).get("answered_by") or object()),
    code="own_work",
)


def _last_answer(attempt: Attempt) -> Content:
    answers: Sequence[Content] = attempt.content.get("answers") or ()
    return answers[-1] if answers else {}


HAS_EVIDENCE = Condition(
    "最近一次答复附有佐证",
    "the last answer shows its evidence",
    lambda attempt: bool(_last_answer(attempt).get("evidence")),
)
ANSWERED_UNLESS_ANONYMOUS = Condition(
    "已答复举报人（匿名的除外）",
    "the reporter was answered, unless anonymous",
    lambda attempt: bool(attempt.said("answered_on") or attempt.content.get("anonymous")),
)
FINDINGS_CONFIRMED = Condition(
    "所依据的发现均已核实",
    "it rests on findings, each of them confirmed",
    lambda attempt: (
        bool(attempt.content.get("finding_ids"))
        and {each["finding_id"] for each in attempt.others.get("findings", ()) if each["state"] == "confirmed"}
        == set(attempt.content["finding_ids"])
    ),
)
LINES_ADD_UP = Condition(
    "各行之和等于追回金额",
    "its lines, where it has any, add up to its amount",
    lambda attempt: (
        not attempt.content.get("lines")
        or sum(line["amount_fen"] for line in attempt.content["lines"]) == attempt.content["amount_fen"]
    ),
)


def recovered_fen(attempt: Attempt) -> int:
    """What came back so far, in fen."""
    return sum(each["amount_fen"] for each in attempt.content.get("recovered") or ())


SOMETHING_CAME_BACK = Condition(
    "本次追回金额大于零",
    "something came back",
    lambda attempt: attempt.given.get("recovered_fen", 0) > 0,
)
NO_MORE_THAN_DETERMINED = Condition(
    "追回合计不超过认定金额",
    "no more is recovered than was determined",
    lambda attempt: recovered_fen(attempt) + attempt.given.get("recovered_fen", 0) <= attempt.content["amount_fen"],
)


def _weighs_quality(attempt: Attempt) -> bool:
    weights: dict[str, Decimal] = {}
    for each in attempt.content.get("indicators") or ():
        weights[each["group"]] = weights.get(each["group"], Decimal(0)) + Decimal(str(each["weight"]))
    return sum(weights.values()) == 1 and weights.get("quality", 0) > weights.get("participation", 0)


WEIGHS_QUALITY = Condition(
    "权重合计为一，且服务质量高于学生参与率",
    "its weights add up to one, and quality weighs more than participation",
    _weighs_quality,
)
WEIGHTS_FIXED = Condition(
    "所用指标体系在考核开始前已确定",
    "its indicator set was approved before it started",
    lambda attempt: (
        str(_the(attempt, "indicators").get("approved_on") or "9999") <= str(attempt.content.get("started_on") or "")
    ),
)
HEARD = Condition(
    "已有学生和家长反馈，并列明检查、整改等依据",
    "it rests on feedback, and names the inspections and rectifications it took in",
    lambda attempt: bool(attempt.content.get("feedback") and attempt.content.get("inputs")),
)
QUALIFIED = Condition(
    "学历或职业资格、违法信息查询、身心健康均已核验",
    "diploma or certificate, the query of unlawful-record information and health were all verified",
    lambda attempt: is_qualified(attempt.content),
)


def is_qualified(person: Content) -> bool:
    """Whether the papers of an outside person are whole (一(一)4)."""
    seen = {each["type"] for each in person.get("qualifications") or ()}
    return {"background_check", "health"} <= seen and not seen.isdisjoint({"degree", "certificate"})
