"""A pay run's list (发放清单): what each person was paid and when, with a place to sign for it; 一(二)3."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Table
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.documents import shown_document
from services.reporting.forms.press import AnswerPress
from services.reporting.forms.reading import content_of, document, lines_of, people_of, school_named
from services.reporting.forms.submission import payment_form
from services.reporting.periods import chain_position
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/payments", tags=["reports"])


@router.get("/{payment_id}", responses=ON_PAPER)
async def payment(
    payment_id: str,
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str | None, Query(description="where two schools have a payment of this id")] = None,
) -> Response:
    """One pay run: who was paid how much and when."""
    async with reports.snapshot() as snapshot:
        connection = snapshot.connection
        found = await document(connection, "payments", payment_id, school_id=school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        chain = await chain_position(connection, found.school_id, as_of=snapshot.as_of)
        if chain is None:
            raise Refused("not_found")
        school = await school_named(connection, found.school_id)
        lines = lines_of(found.content)
        form = payment_form(
            school,
            found.content,
            lines,
            await people_of(connection, found.school_id, lines),
            binding=await press.bind(connection, chain, kind="payments", about=found.key, content=content_of(lines)),
            language=press.language,
        )
    body = {**shown_document(found, lines), "chain": chain}
    return await press.answer(
        snapshot,
        form,
        body,
        Table(f"payment-{found.school_id}-{found.key}", ("staff_id", "amount_fen", "paid_on"), body["lines"]),
    )
