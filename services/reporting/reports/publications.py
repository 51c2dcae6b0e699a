"""A posted publication's sheet (公示表): the record's own lines, as they hang on the wall; 一(二)2."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Table
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.documents import LINE_COLUMNS, shown_document
from services.reporting.forms.press import AnswerPress
from services.reporting.forms.publication import posted, publication_form
from services.reporting.forms.reading import content_of, document, lines_of, people_of, school_named
from services.reporting.periods import chain_position
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/publications", tags=["reports"])


@router.get("/{publication_id}", responses=ON_PAPER)
async def publication(
    publication_id: str,
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str | None, Query(description="where two schools have a publication of this id")] = None,
) -> Response:
    """One publication: who, class hours, dates, amounts; as a sheet with places to sign and a code to check it by."""
    async with reports.snapshot() as snapshot:
        connection = snapshot.connection
        found = await document(connection, "publications", publication_id, school_id=school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        chain = await chain_position(connection, found.school_id, as_of=snapshot.as_of)
        if chain is None:
            raise Refused("not_found")
        school = await school_named(connection, found.school_id)
        lines = lines_of(found.content)
        form = publication_form(
            school,
            found.content["period"],
            lines,
            await people_of(connection, found.school_id, lines),
            money=found.content["kind"] == "term_remuneration",
            posting=await posted(connection, found.school_id, found.content, press.language),
            binding=await press.bind(
                connection, chain, kind="publications", about=found.key, content=content_of(lines)
            ),
            remarks=(),
            language=press.language,
        )
    body = {**shown_document(found, lines), "chain": chain}
    return await press.answer(
        snapshot, form, body, Table(f"publication-{found.school_id}-{found.key}", LINE_COLUMNS, body["lines"])
    )
