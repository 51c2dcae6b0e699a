"""Every rule against its cases: the `.yaml` beside it, posted through the API to the standard schools, then audited."""

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import yaml

from services.audit_worker.catalogue import read_catalogue
from services.cli.embedded import Stores
from tests.conftest import cloned
from tests.world import standard as world
from tests.world.district import District
from tests.world.rewinding import Rewound, open_rewound
from tests.world.weeks import serve_weeks

RULES = {rule.code: rule for rule in read_catalogue()}
# What a case gives is posted in this order, whatever its own; `later_…` after everything else.
BUILDERS: dict[str, Callable[..., dict[str, Any]]] = {
    "school": lambda **given: {**world.school_of(given.pop("school_id"), "primary"), **given},
    "closure": lambda **given: {"closure_id": "c1", "reason": "台风", **given},
    "term": lambda **given: given,
    "provider": lambda **given: {"provider_id": "prv-1", "name": "体育中心", **given},
    "slot": lambda **given: {
        "school_id": world.S1, "term_id": world.TERM, **dict(zip(("starts_at", "ends_at"), world.SLOTS.get(given["slot"], ()), strict=False)), **given,
    },
    "staff": lambda **given: {**world.staff_of(world.S1, given["staff_id"]), **given},
    "student": lambda **given: {"school_id": world.S1, **given},
    "consent": lambda **given: {"school_id": world.S1, "term_id": world.TERM, "opted_in": True, **given},
    "plan": lambda **given: {"school_id": world.S1, **given},
    "leave": lambda **given: {"starts_on": world.MONDAY, "ends_on": world.MONDAY, "kind": "sick", **given},
    "session": world.session,
    "roll": world.sheet,
    "duty": world.duty,
    "day": lambda **given: {"school_id": world.S1, "service_date": world.MONDAY, **given},
    "deliberation": lambda **given: {
        "school_id": world.S1, "deliberation_id": "met", "held_on": "2025-10-08", "topic": "公示", "decision": "approved",
        **given,
    },
    "publication": lambda **given: {
        "school_id": world.S1, "publication_id": "pub", "kind": "monthly_workload", "period": "2025-09", **given,
    },
    "submission": lambda **given: {"school_id": world.S1, "submission_id": "sub", "term_id": world.TERM, **given},
    "review": lambda **given: {
        "school_id": world.S1, "review_id": "look", "submission_id": "sub", "decision": "accepted",
        "reviewed_on": "2026-02-20", **given,
    },
    "payment": lambda **given: {"school_id": world.S1, "payment_id": "pay", "period": world.TERM, **given},
    "room": lambda **given: {"school_id": world.S1, **given},
    "patrol": lambda **given: {"school_id": world.S1, "service_date": world.MONDAY, **given},
    "inspection": lambda **given: {
        "school_id": world.S1, "inspection_id": "visit", "kind": "spot_check", "date": world.MONDAY, **given,
    },
    "sign_in": lambda **given: {"school_id": world.S1, "service_date": world.MONDAY, "kind": "in", **given},
    "gate_log": lambda **given: {"school_id": world.S1, "service_date": world.MONDAY, "after": "15:30", **given},
    "invoice": lambda **given: {"school_id": world.S1, "invoice_id": "inv", "provider_id": "prv-1", **given},
    "fund_line": lambda **given: {
        "school_id": world.S1, "booked_on": "2025-10-15", "direction": "spending", "category": "remuneration", **given,
    },
    "grant": lambda **given: {"school_id": world.S1, "disbursement_id": "grant", "term_id": world.TERM, **given},
    "survey": lambda **given: {"school_id": world.S1, "survey_id": "ask", "term_id": world.TERM, **given},
    "evaluation": lambda **given: {"school_id": world.S1, "evaluation_id": "look", "term_id": world.TERM, **given},
    "filing": lambda **given: {"school_id": world.S1, "plan_id": "plan", "academic_year": world.YEAR, **given},
    "training": lambda **given: {"school_id": world.S1, "training_id": "day", "kind": "key_person", **given},
    "scheme": lambda **given: {"stage": "primary", "scheme_id": "scheme", **given},
    "rectification": lambda **given: {
        "school_id": world.S1, "rectification_id": "told", "demand": "补齐台账", **given,
    },
    "complaint": lambda **given: {"school_id": world.S1, "complaint_id": "said", **given},
    "clawback": lambda **given: {
        "school_id": world.S1, "clawback_id": "back", "determined_on": "2025-09-02", "amount_fen": 125000, **given,
    },
    "disqualification": lambda **given: {
        "school_id": world.S1, "disqualification_id": "lost", "academic_year": world.YEAR, "decided_on": "2026-01-12",
        **given,
    },
    "award": lambda **given: {"school_id": world.S1, "award_id": "won", "academic_year": world.YEAR, **given},
    "indicator_set": lambda **given: {
        "stage": "primary", "indicator_set_id": "set", "academic_year": world.YEAR, **given,
    },
    "appraisal": lambda **given: {
        "school_id": world.S1, "appraisal_id": "mark", "academic_year": world.YEAR, **given,
    },
    "campaign": lambda **given: {"campaign_id": "draw", "academic_year": world.YEAR, **given},
    "group": lambda **given: {"group_id": "group", "academic_year": world.YEAR, **given},
    "activity": lambda **given: {"school_id": world.S1, **given},
    "agreement": lambda **given: {"school_id": world.S1, "agreement_id": "deed", **given},
    "provision": lambda **given: {"school_id": world.S1, "title": given["matter"], **given},
    "channel": lambda **given: {"title": "举报电话", **given},
    "measure": lambda **given: {"school_id": world.S1, **given},
}  # fmt: skip
RESOURCES = {
    "school": "schools", "closure": "closures", "provider": "providers", "slot": "slots", "staff": "staff",
    "plan": "allocation-plans",
    "leave": "leaves", "session": "sessions", "roll": "attendance", "duty": "duties", "publication": "publications",
    "deliberation": "deliberations", "submission": "submissions", "review": "reviews", "payment": "payments", "day": "days",
    "room": "rooms", "patrol": "patrols", "inspection": "inspections", "sign_in": "sign-ins", "gate_log": "gate-logs",
    "invoice": "provider-invoices", "fund_line": "fund-lines", "grant": "disbursements",
    "term": "terms", "student": "students", "consent": "consents", "survey": "surveys", "evaluation": "evaluations",
    "filing": "plans", "training": "trainings", "scheme": "review-schemes", "rectification": "rectifications",
    "complaint": "complaints", "clawback": "clawbacks", "award": "awards", "disqualification": "disqualifications",
    "indicator_set": "indicator-sets", "appraisal": "appraisals", "campaign": "campaigns", "group": "groups",
    "activity": "activities", "agreement": "agreements", "provision": "provisions", "channel": "provisions", "measure": "measures",
}  # fmt: skip
OF_THE_BUREAU = {
    "schools", "terms", "closures", "providers", "inspections", "reviews", "review-schemes", "rectifications", "complaints",
    "clawbacks", "awards", "disqualifications", "indicator-sets", "appraisals", "campaigns", "groups",
    "disbursements",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case of a rule."""

    rule: str
    says: str
    given: list[dict[str, dict[str, Any]]]
    finds: list[dict[str, Any]]


def cases_of(path: Path, rule: str) -> list[Case]:
    """The cases of a rule's `.yaml`."""
    return [Case(rule=rule, **case) for case in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)]


CASES = [
    case for rule in RULES.values() for path in [rule.path.with_suffix(".yaml")] if path.exists()
    for case in cases_of(path, rule.code)
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rewound(stores: Stores, standard: str, signing_key: str) -> AsyncIterator[Rewound]:
    """The standard schools, to which every case comes anew."""
    with cloned(stores, standard) as url:
        async with open_rewound(url, stores.redis_url, signing_key) as opened:
            yield opened


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.says}")
async def test_the_rule_finds_exactly_what_its_case_says(case: Case, rewound: Rewound) -> None:
    district = await rewound.rewind()
    await enter(district, case.given)
    await district.audit()
    found = await district.fetch(
        "select * from audit.finding where rule = $1 order by subject::text, service_date, finding_id", case.rule
    )
    assert [shown(finding, expected) for finding, expected in zip(found, case.finds, strict=False)] == [
        {name: str(value) for name, value in expected.items()} for expected in case.finds
    ]
    assert len(found) == len(case.finds), found
    for finding in found:
        assert_chinese_for_who_reads_chinese(finding, case)


def assert_chinese_for_who_reads_chinese(finding: dict[str, Any], case: Case) -> None:
    """No sentence of the statement's is left as it is: what is Latin in the Chinese words is a name of the case."""
    wording = json.loads(finding["wording"])
    given = f"{json.dumps(case.given, default=str)} {finding['subject']}"
    for words in (wording["explanation"]["zh"], *wording["said"]["zh"].values()):
        # What joins on without a space is a key, an id, an activity's name.
        latin = re.findall(r"(?<![A-Za-z0-9_.:/#-])[A-Za-z_/-]{3,}(?![A-Za-z0-9_:/#-])", words or "")
        assert [word for word in latin if word not in given] == [], words
        assert re.search(r"(?<![A-Za-z0-9])[a-z]{2,} [a-z]{2,}", words or "") is None, words


async def enter(district: District, given: list[dict[str, dict[str, Any]]]) -> None:
    """Post what a case gives, its weeks first, then each record through the client it belongs to."""
    for weeks in (fields["weeks"] for fields in given if "weeks" in fields):
        await serve_weeks(district, **weeks)
    for later, (kind, build) in product(("", "later_"), BUILDERS.items()):
        name = f"{later}{kind}"
        records = [build(**(fields[name] or {})) for fields in given if name in fields]
        for record in records:
            resource = RESOURCES[kind]
            recorded = record.pop("recorded", None)
            owner = record.get("school_id", world.S1)
            if resource == "clawbacks":
                record |= {"finding_ids": [await world.confirmed_finding(district)]}
            is_bureaus = resource in OF_THE_BUREAU or kind == "channel"
            voice = district.bureau if is_bureaus else district.school(owner)
            receipt = await voice.post(resource, record)
            if recorded is not None:
                await _recorded_then(district, receipt["batch_id"], recorded)


async def _recorded_then(district: District, batch_id: str, when: str) -> None:
    """Let a batch have been recorded at an instant of Shanghai's clock: the ledger's own clock knows only now."""
    instant = datetime.strptime(when, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    for table in ("entry", "session_revision", "attendance_revision", "chain_entry", "batch"):
        await district.fetch(f"update ledger.{table} set recorded_at = $2 where batch_id = $1", batch_id, instant)


def shown(finding: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """The finding's fields that the case speaks of, as text."""
    return {name: str(finding[name]) for name in expected}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_case_that_fires_and_one_that_must_not(code: str) -> None:
    path = RULES[code].path.with_suffix(".yaml")
    cases = cases_of(path, code)
    assert any(case.finds for case in cases), "no case fires"
    assert any(not case.finds for case in cases), "no nearest case that must not fire"
    assert len(cases) >= 3, "a boundary is missing"
