"""A submission's form (上报表): the statistics with the list of papers that come with them, to sign and to seal; 一(二)3."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Table
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.documents import LINE_COLUMNS, shown_document
from services.reporting.forms.press import AnswerPress
from services.reporting.forms.reading import Line, content_of, document, lines_of, people_of, school_named
from services.reporting.forms.submission import submission_form
from services.reporting.periods import chain_position
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/submissions", tags=["reports"])


@router.get("/{submission_id}", responses=ON_PAPER)
async def submission(
    submission_id: str,
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str | None, Query(description="where two schools have a submission of this id")] = None,
) -> Response:
    """One term's submission: its lines and totals, which of the three papers are there, who signed and sealed."""
    async with reports.snapshot() as snapshot:
        connection = snapshot.connection
        found = await document(connection, "submissions", submission_id, school_id=school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        chain = await chain_position(connection, found.school_id, as_of=snapshot.as_of)
        if chain is None:
            raise Refused("not_found")
        school = await school_named(connection, found.school_id)
        lines = lines_of(found.content)
        signed = [
            Line(found.content[name]) for name in ("principal_signed_by", "party_seal_by") if found.content.get(name)
        ]
        form = submission_form(
            school,
            found.content,
            lines,
            await people_of(connection, found.school_id, (*lines, *signed)),
            binding=await press.bind(connection, chain, kind="submissions", about=found.key, content=content_of(lines)),
            language=press.language,
        )
    body = {**shown_document(found, lines), "chain": chain}
    return await press.answer(
        snapshot, form, body, Table(f"submission-{found.school_id}-{found.key}", LINE_COLUMNS, body["lines"])
    )
