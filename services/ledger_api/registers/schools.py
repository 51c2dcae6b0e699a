"""Schools: who is in the district, their stages, their centre, since when."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.payload import Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.vocabulary import SchoolKind, Stage


class School(Record, frozen=True):
    """One school; a nine-year school has both stages and a centre for each."""

    school_id: SchoolId
    name: Text
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1, max_length=2)]
    centre: Stage | None = None
    town: Text | None = None
    kind: SchoolKind = "public"
    active_from: date | None = None
    active_to: date | None = None


SCHOOLS = Resource("schools", School, key=("school_id",))

router = entry_router(SCHOOLS, scope="registers.write")
