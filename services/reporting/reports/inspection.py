"""Inspection dossier (检查): what an inspector needs of a school on one page; 二(二).

Where ledger, publication, submission and payment disagree; open findings by money at risk; documents and their states;
sessions to look into on the day; past visits. A school reads its own without the last two.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Snapshot, Table, require_school, row_query
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.dossier import dossier_content, dossier_form
from services.reporting.forms.press import AnswerPress
from services.reporting.overview import OPEN_STATES, overview_of, shown_school_sums
from services.reporting.periods import Period, TermId, chain_position, period_of
from services.reporting.reconciling import Reconciled, reconcile
from services.reporting.visits import READERS
from shared.database import Statement
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/inspection", tags=["reports"])

# One page holds so many; the rest is at the address beside them.
FINDINGS_SHOWN = 20
PEOPLE_SHOWN = 10
_SESSIONS = Statement.from_file(Path(__file__).with_name("inspection_sessions.sql"))
_DOCUMENTS = Statement.from_file(Path(__file__).with_name("inspection_documents.sql"))
_FINDINGS = Statement.parse(
    """
    select finding_id, rule, severity, state, subject_kind, subject, service_date, period, wording, expected, found,
        amount_at_risk_fen, count(*) over () as findings, sum(amount_at_risk_fen) over () as total_fen
    from audit.known_finding
    where school_id = :school_id and state = any(:open_states::text[])
    order by amount_at_risk_fen desc nulls last, array_position('{critical,high,medium,low,review}', severity), finding_id
    limit :limit
    """
)
_VISITS = Statement.parse(
    """
    select inspection_id, inspected_on, kind, office, campaign_id, conclusion, checklist, record_key
    from ledger.inspection
    where school_id = :school_id and inspected_on <= :on_day
    order by inspected_on desc, inspection_id
    limit 50
    """
)
_TERM_ON = "select term_id from ledger.term where starts_on <= $1 order by starts_on desc limit 1"
_COLUMNS = ("section", "what", "state", "on", "amount_fen", "detail")


@router.get("", responses=ON_PAPER)
async def inspection(
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str, Query()],
    term_id: TermId = None,
    on: Annotated[date | None, Query(description="the day of the visit; today when absent")] = None,
) -> Response:
    """A school's dossier for a visit on a day, over the term of that day or the one that is named."""
    async with reports.snapshot() as snapshot:
        await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        on_day = on or snapshot.today
        term_id = term_id or await snapshot.connection.fetchval(_TERM_ON, on_day)
        if term_id is None:
            raise Refused("not_found")
        period = await period_of(snapshot.connection, None, term_id, as_of=snapshot.as_of)
        overview = await overview_of(snapshot, period, school_id=school_id)
        inspects = reports.caller.kind in READERS
        chain = await chain_position(snapshot.connection, school_id, as_of=snapshot.as_of)
        if chain is None:
            raise Refused("not_found")
        body = {
            **(overview.schools[0] if overview.schools else {"school_id": school_id}),
            "on": on_day,
            "period": period.name,
            "chain": chain,
            "totals": shown_school_sums(overview.total(), 1),
            "reconciliation": _disagreements(await reconcile(snapshot, school_id, period), school_id, period),
            "findings": await _findings(snapshot, school_id),
            "documents": await _documents(snapshot, school_id, period),
            "rectifications": next(({**row} for row in overview.rectifications), None),
            "look_into": await _sessions(snapshot, school_id, on_day) if inspects else None,
            "visits": await _visits(snapshot, school_id, on_day) if inspects else None,
        }
        binding = await press.bind(
            snapshot.connection, chain, kind="inspection", about=period.name, content=dossier_content(chain)
        )
    if press.on_paper:
        form = dossier_form(body, binding=binding, language=press.language)
        return await press.hand_out(snapshot, form, name=f"inspection-{school_id}-{on_day}")
    return snapshot.answer(body, Table(f"inspection-{school_id}-{on_day}", _COLUMNS, _flat(body)))


def _disagreements(reconciled: Reconciled, school_id: str, period: Period) -> dict[str, object]:
    """The four columns' totals, the people of whom not all say the same, and the worst of them."""
    return {
        "totals": reconciled.totals,
        "documents": reconciled.documents,
        "people": len(reconciled.people),
        "differing": reconciled.differing,
        "worst": [
            {
                "staff_id": staff_id,
                "between": [[each.earlier, each.later] for each in differences],
                "class_hours_by": [each.by / 100 for each in differences if each.measure != "amount_fen"],
                "amount_by_fen": [each.by for each in differences if each.measure == "amount_fen"],
            }
            for staff_id, _figures, differences in reconciled.people[:PEOPLE_SHOWN]
            if differences
        ],
        "rows": row_query("/v1/reports/reconciliation", school_id=school_id, term_id=period.name, differing="true"),
    }


async def _findings(snapshot: Snapshot, school_id: str) -> dict[str, object]:
    """The open findings with the most money at risk, and what all of them come to; not known is None."""
    rows = await _FINDINGS.fetch(
        snapshot.connection, school_id=school_id, open_states=list(OPEN_STATES), limit=FINDINGS_SHOWN
    )
    return {
        "open": rows[0]["findings"] if rows else 0,
        "amount_at_risk_fen": int(rows[0]["total_fen"]) if rows and rows[0]["total_fen"] is not None else None,
        "rows": row_query("/v1/findings", school_id=school_id, state=OPEN_STATES),
        "items": [_finding(row, snapshot) for row in rows],
    }


def _finding(row: Mapping[str, Any], snapshot: Snapshot) -> dict[str, object]:
    wording = msgspec.json.decode(row["wording"])
    plain = (
        "finding_id",
        "rule",
        "severity",
        "state",
        "service_date",
        "period",
        "expected",
        "found",
        "amount_at_risk_fen",
    )
    return {
        **{name: row[name] for name in plain},
        "subject": {"kind": row["subject_kind"], "id": row["subject"]},
        "title": wording["title"][snapshot.language],
        "explanation": wording["explanation"][snapshot.language],
        "rows": f"/v1/findings/{row['finding_id']}",
    }


async def _documents(snapshot: Snapshot, school_id: str, period: Period) -> list[dict[str, object]]:
    rows = await _DOCUMENTS.fetch(
        snapshot.connection,
        school_id=school_id,
        term_id=period.name,
        first_month=f"{period.first_day:%Y-%m}",
        last_month=f"{period.last_day:%Y-%m}",
        today=snapshot.today,
    )
    return [
        {
            "resource": row["resource"],
            "document_id": row["key"],
            "kind": row["kind"],
            "period": row["period"],
            "state": row["state"],
            "on": row["on_day"],
            "revision": row["revision"],
            "recorded_at": row["recorded_at"],
        }
        for row in rows
    ]


async def _sessions(snapshot: Snapshot, school_id: str, on_day: date) -> dict[str, object]:
    """The day's sessions, those first that an open finding names; `as_on`: the day they are taken from."""
    rows = await _SESSIONS.fetch(snapshot.connection, school_id=school_id, on_day=on_day, open_states=list(OPEN_STATES))
    plain = (
        "session_id", "slot", "activity", "category", "room", "grade", "class_no", "staff_ids", "usual_headcount",
    )  # fmt: skip
    as_on = rows[0]["service_date"] if rows else None
    return {
        "as_on": as_on,
        "is_expected": as_on is not None and as_on != on_day,
        "items": [
            {
                **{name: row[name] for name in plain},
                "starts_at": f"{row['starts_at']:%H:%M}",
                "ends_at": f"{row['ends_at']:%H:%M}",
                "expected_headcount": next(
                    (row[name] for name in ("planned_headcount", "usual_headcount") if row[name] is not None),
                    row["headcount"],
                ),
                "claimed_headcount": row["headcount"] if as_on == on_day else None,
                "rules": row["rules"],
                "amount_at_risk_fen": row["amount_at_risk_fen"],
            }
            for row in rows
        ],
    }


async def _visits(snapshot: Snapshot, school_id: str, on_day: date) -> list[dict[str, object]]:
    """What was seen before: the newest visit first, with its checklist and conclusion."""
    rows = await _VISITS.fetch(snapshot.connection, school_id=school_id, on_day=on_day)
    plain = ("inspection_id", "inspected_on", "kind", "office", "campaign_id", "conclusion")
    return [
        {**{name: row[name] for name in plain}, "checklist": msgspec.Raw(row["checklist"].encode())} for row in rows
    ]


def _flat(body: Mapping[str, Any]) -> list[dict[str, object]]:
    """The dossier as a sheet's rows: one a finding, document, session and visit."""
    rows: list[dict[str, object]] = [
        {
            "section": "findings",
            "what": f"{each['rule']} {each['title']}",
            "state": each["state"],
            "on": each["service_date"] or each["period"],
            "amount_fen": each["amount_at_risk_fen"],
            "detail": each["explanation"],
        }
        for each in body["findings"]["items"]
    ]
    rows += [
        {
            "section": "documents",
            "what": f"{each['resource']} {each['document_id']}",
            "state": each["state"],
            "on": each["on"],
            "detail": each["period"],
        }
        for each in body["documents"]
    ]
    for each in (body["look_into"] or {"items": []})["items"]:
        detail = f"{each['starts_at']}–{each['ends_at']} {each['room'] or ''} {each['expected_headcount']}"
        rows.append({"section": "look_into", "what": each["session_id"], "detail": detail})
    for each in body["visits"] or ():
        rows.append(
            {"section": "visits", "what": each["kind"], "on": each["inspected_on"], "detail": each["conclusion"]}
        )
    return rows
