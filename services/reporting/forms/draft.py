"""A publication sheet drawn up from the ledger before it is posted: what will be laid before the meeting; 一(二)2."""

from fastapi.responses import Response

from services.reporting.answers import Answering
from services.reporting.forms.press import Press
from services.reporting.forms.publication import Posted, publication_form
from services.reporting.forms.reading import Line, Worked, content_of, people_of, school_named, worked
from services.reporting.forms.wording import either
from services.reporting.periods import school_period_of
from shared.money import shown_yuan
from shared.problems import Language


async def draft_sheet(
    reports: Answering, press: Press, *, school_id: str, month: str | None, term_id: str | None, money: bool
) -> Response:
    """The period's sheet from the work itself; place, dates and deliberation are filled in by hand or by the record."""
    async with reports.snapshot() as snapshot:
        connection = snapshot.connection
        period, chain = await school_period_of(connection, school_id, month, term_id, as_of=snapshot.as_of)
        if snapshot.is_known:
            return snapshot.unchanged()
        school = await school_named(connection, school_id)
        found = await worked(connection, school_id, period, as_of=snapshot.as_of)
        lines = drawn_lines(found, money=money)
        kind = "compensation" if money else "workload"
        form = publication_form(
            school,
            period.name,
            lines,
            await people_of(connection, school_id, lines),
            money=money,
            posting=Posted(),
            binding=await press.bind(connection, chain, kind=kind, about=period.name, content=content_of(lines)),
            remarks=_remarks(found, press.language) if money else (),
            language=press.language,
        )
    # Printed when the snapshot is given back: a page takes its time, and others want the connection.
    return await press.hand_out(snapshot, form, name=f"{kind}-{school_id}-{period.name}")


def drawn_lines(found: Worked, *, money: bool) -> tuple[Line, ...]:
    """The lines that the sheet shows: without money, no amount is part of it."""
    if money:
        return found.lines
    return tuple(Line(line.staff_id, line.class_hours_hundredths, line.dates) for line in found.lines if line.dates)


def _remarks(found: Worked, language: Language) -> tuple[str, ...]:
    remarks = []
    if found.unpriced:
        remarks.append(
            either(
                language,
                f"有 {found.unpriced} 条记录在分配方案中没有单价，尚未计酬。",
                f"{found.unpriced} records have no rate in the allocation plan and are not paid for yet.",
            )
        )
    if found.corrections_fen:
        yuan = shown_yuan(found.corrections_fen)
        remarks.append(
            either(
                language,
                f"金额已含以前期间补发或扣回合计 {yuan} 元。",
                f"The amounts hold {yuan} yuan of corrections of earlier periods.",
            )
        )
    if found.refused:
        remarks.append(
            either(
                language,
                "合计超出方案预算，且方案规定超出时不予核定：金额未经缩减，不得据此公示。",
                "The total is beyond the plan's budget and the plan refuses it: the amounts are not scaled and must not be posted.",
            )
        )
    return tuple(remarks)
