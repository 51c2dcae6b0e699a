"""The procedure of documents, told in steps: what a clerk of the school, the centre and the bureau do one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.world.district import District, Voice
from tests.world.standard import S1, TERM, YEAR, session

Json = dict[str, Any]
PAPERS = [
    {"kind": "arrangement_table", "document_id": "table", "content_hash": "1a" * 32},
    {"kind": "decision_record", "document_id": "d-term", "content_hash": "2b" * 32},
    {"kind": "publication_material", "document_id": "p-term", "content_hash": "3c" * 32},
]


async def step(voice: Voice, document: str, name: str, *, expect: int = 200, **facts: Any) -> Json:
    """Take a step with a document (`publications/p`); the answer."""
    given = {fact: value for fact, value in facts.items() if value is not None}
    answer = await voice.send("POST", f"/v1/{document}/steps", json={"step": name, **given})
    assert answer.status_code == expect, f"{name} of {document}: {answer.status_code} {answer.text}"
    body: Json = answer.json()
    return body


async def digest_of(voice: Voice, document: str) -> str:
    """The hash of what the document says now."""
    digest: str = (await voice.get(f"/v1/{document}"))["content_digest"]
    return digest


async def deliberated(voice: Voice, document: str, *, kind: str, held_on: str, meeting: str) -> Json:
    """The school's meeting approves what the document says now; what a step about it names."""
    shown = await voice.get(f"/v1/{document}")
    content_hash, period = shown["content_digest"], shown.get("period")
    await voice.post(
        "deliberations",
        {
            "school_id": S1, "deliberation_id": meeting, "held_on": held_on, "topic": "三重一大", "decision": "approved",
            "participants": ["T1", "T2", "T9"], "eligible": 4, "items": [{"kind": kind, "content_hash": content_hash, "period": period}],
        },
    )  # fmt: skip
    return {"deliberation_id": meeting, "content_hash": content_hash}


@dataclass(frozen=True)
class Move:
    """One step of a story: who takes it, what it is called, what is given, and where it leads."""

    who: str
    name: str
    to: str
    facts: Json = field(default_factory=dict)
    names_content: bool = False


@dataclass(frozen=True)
class Story:
    """A document from its beginning to its end: who posts it, and the steps that lead it on."""

    resource: str
    record: Json
    key: str
    posted_by: str
    moves: Sequence[Move]

    @property
    def document(self) -> str:
        """Its path under `/v1`."""
        return f"{self.resource}/{self.key}"


def voices(district: District, *, client: str | None = None) -> dict[str, Voice]:
    """Everybody who may have to do with S1; `client`: as other programs of theirs."""
    named = {kind: None if client is None else f"{kind}-{client}" for kind in ("school", "centre", "bureau", "auditor")}
    return {
        "school": district.voice("school", schools=[S1], client_id=named["school"]),
        "centre": district.voice("centre", stage="primary", client_id=named["centre"]),
        "bureau": district.voice("bureau", client_id=named["bureau"]),
        "auditor": district.voice("auditor", client_id=named["auditor"]),
    }


LINES = [{"staff_id": "T1", "class_hours": 12.5}, {"staff_id": "T2", "class_hours": 30}]
PAID_LINES = [{"staff_id": "T1", "class_hours": 12.5, "amount_fen": 100000}, {"staff_id": "T2", "class_hours": 30, "amount_fen": 240000}]  # fmt: skip
MONTHLY: Json = {
    "school_id": S1,
    "publication_id": "p",
    "kind": "monthly_workload",
    "period": "2025-09",
    "lines": LINES,
}
TERMLY: Json = {
    "school_id": S1, "publication_id": "p-term", "kind": "term_remuneration", "period": TERM, "lines": PAID_LINES,
}  # fmt: skip
SUBMISSION: Json = {
    "school_id": S1, "submission_id": "s", "term_id": TERM, "lines": PAID_LINES, "publication_id": "p-term",
    "attachments": PAPERS,
}  # fmt: skip
PLAN: Json = {
    "school_id": S1, "plan_id": "n", "academic_year": YEAR, "implementation": "每周五天", "process": "征询、编班、实施",
    "safeguards": "安全与经费", "groups": ["领导小组", "工作小组"], "schedule": "15:30–18:00",
}  # fmt: skip

PUBLICATION_STORY = Story(
    "publications", MONTHLY, "p", "school",
    [
        Move("school", "deliberate", "deliberated", {"deliberation_id": "d", "on": "2025-10-07"}, names_content=True),
        Move(
            "school", "display", "displayed",
            {
                "displayed_from": "2025-10-08", "displayed_to": "2025-10-14", "place": "公开栏", "attachments": ["张贴照片"],
                "on": "2025-10-08",
            },
            names_content=True,
        ),
        Move("school", "object", "objected", {"objection_id": "o1", "staff_id": "T2", "text": "漏记一次", "on": "2025-10-09"}),
        Move("centre", "object", "objected", {"objection_id": "o2", "text": "来电反映", "on": "2025-10-09"}),
        Move("school", "answer", "objected", {"objection_id": "o1", "answer": "已核对", "on": "2025-10-10"}),
        Move("school", "answer", "displayed", {"objection_id": "o2", "answer": "已核对", "on": "2025-10-10"}),
        Move("school", "acknowledge", "displayed", {"staff_id": "T1", "on": "2025-10-10"}),
        Move("school", "close", "closed", {"on": "2025-10-15"}),
        Move(
            "school", "archive", "archived",
            {"archive": [{"content_hash": "4d" * 32, "stored_on": "2025-10-16"}], "on": "2025-10-16"},
        ),
    ],
)  # fmt: skip
SUBMISSION_STORY = Story(
    "submissions", SUBMISSION, "s", "school",
    [
        Move("school", "sign", "signed", {"principal_signed_by": "T9", "on": "2026-02-10"}, names_content=True),
        Move("school", "seal", "signed", {"party_seal_by": "T8", "on": "2026-02-10"}, names_content=True),
        Move("school", "submit", "submitted", {"on": "2026-02-11"}),
        Move("centre", "return", "returned", {"why": "附件缺页", "on": "2026-02-12"}),
        Move("school", "sign", "signed", {"principal_signed_by": "T9", "on": "2026-02-13"}, names_content=True),
        Move("school", "seal", "signed", {"party_seal_by": "T8", "on": "2026-02-13"}, names_content=True),
        Move("school", "submit", "submitted", {"on": "2026-02-13"}),
        Move("centre", "approve", "approved", {"reviewed_by": "reviewer-1", "on": "2026-02-14"}, names_content=True),
        Move("school", "pay", "paid", {"payment_ids": ["m1", "m2"], "on": "2026-02-20"}),
    ],
)  # fmt: skip
PLAN_STORY = Story(
    "plans", PLAN, "n", "school",
    [
        Move("school", "adopt", "draft", {"deliberation_id": "d-plan", "on": "2025-09-01"}, names_content=True),
        Move("school", "file", "filed", {"on": "2025-09-02"}),
        Move("centre", "return", "returned", {"why": "缺安全预案", "on": "2025-09-03"}),
        Move("school", "file", "filed", {"on": "2025-09-04"}),
        Move("centre", "approve", "approved", {"filing_number": "2025-17", "on": "2025-09-05"}, names_content=True),
        Move("school", "supersede", "superseded", {"superseded_by": "n2", "on": "2025-11-03"}),
    ],
)  # fmt: skip
ALLOCATION_STORY = Story(
    "allocation-plans",
    {"school_id": S1, "version": "v2", "effective_from": "2025-10-01", "rate_fen_per_class_hour": {"*": 8500}},
    "v2", "school",
    [
        Move("school", "consult", "consulted", {"why": "教职工大会征求意见", "on": "2025-09-20"}),
        Move("school", "approve", "approved", {"deliberation_id": "d-pay", "on": "2025-09-25"}, names_content=True),
        Move("school", "take_effect", "in_force", {"on": "2025-10-01"}),
        Move("school", "supersede", "superseded", {"effective_to": "2025-10-31", "on": "2025-10-31"}),
    ],
)  # fmt: skip
RECTIFICATION_STORY = Story(
    "rectifications",
    {"school_id": S1, "rectification_id": "x", "demand": "补齐点名表", "demanded_on": "2025-10-01", "due_on": "2025-10-10"},
    "x", "centre",
    [
        Move("centre", "extend", "demanded", {"due_on": "2025-10-20", "why": "停课三天", "on": "2025-10-08"}),
        Move("school", "answer", "answered", {"text": "已补", "evidence": ["扫描件"], "answered_by": "T9", "on": "2025-10-12"}),
        Move("centre", "reject", "rejected", {"checked_by": "zhang", "note": "缺两天", "on": "2025-10-13"}),
        Move("school", "answer", "answered", {"text": "补齐", "evidence": ["扫描件2"], "answered_by": "T9", "on": "2025-10-14"}),
        Move("centre", "verify", "verified", {"checked_by": "li", "on": "2025-10-15"}),
    ],
)  # fmt: skip
COMPLAINT_STORY = Story(
    "complaints",
    {"school_id": S1, "complaint_id": "k", "received_on": "2025-10-01", "about": "课时不实"}, "k", "bureau",
    [
        Move("bureau", "accept", "accepted", {"office": "primary_centre", "on": "2025-10-02"}),
        Move("centre", "handle", "handled", {"outcome": "substantiated", "result": "属实", "handled_by": "li", "on": "2025-10-09"}),
        Move("centre", "close", "closed", {"answered_on": "2025-10-10", "on": "2025-10-10"}),
        Move("bureau", "reopen", "accepted", {"why": "对答复不满意", "on": "2025-10-12"}),
        Move("centre", "handle", "handled", {"outcome": "referred", "result": "移交", "on": "2025-10-13"}),
    ],
)  # fmt: skip
CLAWBACK_STORY = Story(
    "clawbacks",
    {"school_id": S1, "clawback_id": "b", "amount_fen": 12000, "determined_on": "2025-10-01", "finding_ids": []}, "b", "bureau",
    [
        Move(
            "bureau", "order", "ordered",
            {"legal_basis": "三(七)", "ordered_by": "finance", "due_on": "2025-12-01", "on": "2025-10-05"}, names_content=True,
        ),
        Move("bureau", "recover", "partly_recovered", {"recovered_fen": 5000, "voucher": "收1", "on": "2025-10-20"}),
        Move("bureau", "recover", "recovered", {"recovered_fen": 7000, "voucher": "收2", "on": "2025-10-21"}),
    ],
)  # fmt: skip
PROVIDER_STORY = Story(
    "providers", {"provider_id": "prv-9", "name": "艺术中心", "listed": True}, "prv-9", "bureau",
    [
        Move("bureau", "suspend", "suspended", {"why": "许可证到期", "on": "2025-10-01"}),
        Move("bureau", "relist", "listed", {"why": "已续期", "on": "2025-10-02"}),
        Move("bureau", "suspend", "suspended", {"why": "投诉", "on": "2025-10-03"}),
        Move("bureau", "remove", "removed", {"why": "以任何形式收费", "status_from": "2025-10-10", "on": "2025-10-08"}),
    ],
)  # fmt: skip
PERSON_STORY = Story(
    "staff",
    {
        "staff_id": "X9", "school_id": S1, "kind": "provider", "provider_id": "prv-1",
        "qualifications": [
            {"type": kind, "verified_on": "2025-09-01"} for kind in ("certificate", "background_check", "health")
        ],
    },
    "X9", "school",
    [
        Move("school", "engage", "engaged", {"active_from": "2025-09-02", "on": "2025-09-02"}),
        Move("bureau", "suspend", "suspended", {"active_to": "2025-10-01", "why": "查询命中", "on": "2025-10-01"}),
        Move("school", "engage", "engaged", {"active_from": "2025-10-08", "on": "2025-10-08"}),
        Move("school", "end", "ended", {"active_to": "2025-10-31", "on": "2025-10-31"}),
        Move("bureau", "bar", "barred", {"active_to": "2025-10-31", "why": "违规收费", "on": "2025-11-01"}),
    ],
)  # fmt: skip
INDICATORS: Json = {
    "stage": "primary", "indicator_set_id": "i", "academic_year": YEAR,
    "indicators": [
        {"indicator": "质量", "group": "quality", "weight": 0.6}, {"indicator": "参与率", "group": "participation", "weight": 0.4},
    ],
}  # fmt: skip
INDICATOR_STORY = Story(
    "indicator-sets", INDICATORS, "primary/i", "centre",
    [
        Move("centre", "approve", "approved", {"on": "2025-09-01"}, names_content=True),
        Move("centre", "use", "in_use", {"on": "2026-06-01"}),
        Move("bureau", "retire", "retired", {"on": "2026-07-01"}),
    ],
)  # fmt: skip
APPRAISAL_STORY = Story(
    "appraisals",
    {
        "school_id": S1, "appraisal_id": "g", "academic_year": YEAR, "indicator_set_id": "i-2", "started_on": "2026-06-01",
        "inputs": ["inspections/o"], "feedback": [{"audience": "parents", "collected_on": "2026-06-05"}],
    },
    "g", "centre",
    [
        Move("centre", "score", "scored", {"scores": [{"indicator": "质量", "score": 90}], "score": 90, "on": "2026-06-20"}),
        Move("centre", "communicate", "communicated", {"on": "2026-06-21"}),
        Move("school", "object", "objected", {"why": "反馈未计", "on": "2026-06-22"}),
        Move("centre", "score", "scored", {"scores": [{"indicator": "质量", "score": 91}], "score": 91, "on": "2026-06-23"}),
        Move("centre", "communicate", "communicated", {"on": "2026-06-24"}),
        Move("centre", "finalise", "finalised", {"on": "2026-06-30"}),
        Move(
            "bureau", "transfer", "transferred",
            {"transfers": [{"scheme": "school_appraisal", "transferred_on": "2026-07-01"}], "on": "2026-07-01"},
        ),
    ],
)  # fmt: skip
STORIES = [
    PLAN_STORY, PUBLICATION_STORY, SUBMISSION_STORY, ALLOCATION_STORY, RECTIFICATION_STORY, COMPLAINT_STORY, CLAWBACK_STORY,
    PROVIDER_STORY, PERSON_STORY, INDICATOR_STORY, APPRAISAL_STORY,
]  # fmt: skip


async def begin(district: District, story: Story) -> None:
    """What a story needs to be there, and its document as it is first posted."""
    speak = voices(district)
    own, record = speak["school"], dict(story.record)
    match story.resource:
        case "submissions":
            await publish_the_term(own)
            half = [{"staff_id": "T1", "amount_fen": 100000}], [{"staff_id": "T2", "amount_fen": 240000}]
            for number, lines in enumerate(half, start=1):
                await own.post(
                    "payments", {"school_id": S1, "payment_id": f"m{number}", "period": TERM, "lines": lines}
                )
        case "clawbacks":
            record["finding_ids"] = [await a_confirmed_finding(district)]
        case "appraisals":
            approved = {**INDICATORS, "indicator_set_id": "i-2", "approved_on": "2025-09-01"}
            await speak["centre"].post("indicator-sets", approved)
        case "plans":
            newer = {**PLAN, "plan_id": "n2", "version": 2, "submitted_on": "2025-11-01"}
            await own.post("plans", newer)
            review = {
                "school_id": S1,
                "review_id": "r2",
                "plan_id": "n2",
                "decision": "accepted",
                "reviewed_on": "2025-11-02",
            }
            await speak["centre"].post("reviews", review)
    await speak[story.posted_by].post(story.resource, record)
    kinds = {"publications": "monthly_workload", "plans": "service_plan", "allocation-plans": "allocation_plan"}
    meetings = {
        "publications": ("d", "2025-10-07"),
        "plans": ("d-plan", "2025-09-01"),
        "allocation-plans": ("d-pay", "2025-09-25"),
    }
    if story.resource in meetings:
        meeting, held_on = meetings[story.resource]
        await deliberated(own, story.document, kind=kinds[story.resource], held_on=held_on, meeting=meeting)


async def move(district: District, story: Story, each: Move, *, expect: int = 200) -> Json:
    """Take one step of a story."""
    voice = voices(district)[each.who]
    facts = dict(each.facts)
    if each.names_content:
        facts["content_hash"] = await digest_of(voice, story.document)
    return await step(voice, story.document, each.name, expect=expect, **facts)


async def lead(district: District, story: Story, *, to: str | None = None) -> Json:
    """Lead a document along its story, to its end or until it is first in a state; its last answer."""
    await begin(district, story)
    answer: Json = {}
    for each in story.moves:
        answer = await move(district, story, each)
        if answer["state"] == to:
            break
    return answer


async def publish_the_term(own: Voice, *, to: str = "closed", **change: Any) -> None:
    """The term's publication, from its lines to the day it closed, or as long as it hangs."""
    await own.post("publications", {**TERMLY, **change})
    approval = await deliberated(
        own, "publications/p-term", kind="term_remuneration", held_on="2026-02-02", meeting="d-term"
    )
    content = {"content_hash": approval["content_hash"]}
    await step(own, "publications/p-term", "deliberate", on="2026-02-02", **approval)
    hung = {
        "displayed_from": "2026-02-03",
        "displayed_to": "2026-02-09",
        "place": "公开栏",
        "attachments": ["张贴照片"],
    }
    await step(own, "publications/p-term", "display", on="2026-02-03", **hung, **content)
    if to == "closed":
        await step(own, "publications/p-term", "close", on="2026-02-10")


async def a_confirmed_finding(district: District) -> str:
    """Class hours claimed for a session without a pupil, found and confirmed; its id."""
    await district.school(S1).post("sessions", session(headcount=0))
    await district.audit()
    (finding,) = await district.auditor.findings(rule="A12")
    finding_id: str = finding["finding_id"]
    await district.auditor.post(f"findings/{finding_id}/dispositions", {"kind": "confirm"})
    return finding_id
