"""Indicator sets (绩效考核指标): by what a centre appraises its schools in a year, quality above participation; 二(四)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer, is_number
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Label, Record, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import INDICATOR_SET
from shared.database import reading
from shared.problems import Fault, Invalid
from shared.vocabulary import IndicatorGroup, Stage


class Indicator(Record, frozen=True):
    """One indicator: what it measures, from what, and its part of the whole."""

    indicator: Label
    group: IndicatorGroup
    weight: Annotated[Decimal, Meta(description="part of the whole, 0 to 1, at most four decimals")]
    definition: Text | None = None
    source: Text | None = None


class IndicatorSet(Record, frozen=True):
    """The indicators of a centre and school year, approved before the year's appraisal begins."""

    stage: Stage
    indicator_set_id: Identifier
    academic_year: AcademicYear
    indicators: Annotated[tuple[Indicator, ...], Meta(max_length=200)]
    approved_on: date | None = None
    reason: Text | None = None


def _faults(indicators: IndicatorSet, _known: Known, at: Pointer) -> Iterable[Fault]:
    for place, each in enumerate(indicators.indicators):
        if not is_number(each.weight, at_most=1, decimals=4):
            reason = "a weight is 0 to 1, with at most four decimals"
            yield Fault(at("indicators", place, "weight"), "invalid_value", {"reason": reason})


# The newest weights of a set, also of one that was taken back; and whether a school was appraised by it.
_IN_USE = """
    select entry.content -> 'indicators' as indicators
    from ledger.entry
    where
        entry.school_id = 'district' and entry.resource = 'indicator-sets' and entry.key = $1 || '/' || $2
        and entry.state = 'recorded'
        and exists (
            select from ledger.appraisal
            inner join ledger.stage_school using (school_id)
            where appraisal.indicator_set_id = $2 and stage_school.stage = $1
        )
    order by entry.revision desc
    limit 1
"""


async def _before(ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Invalid (409) where a school was appraised by a set and its indicators would be others."""
    faults = []
    async with reading(ledger.pool, sender.caller.visible) as connection:
        for index, indicators in enumerate(decoded.records):
            before = await connection.fetchval(_IN_USE, indicators.stage, indicators.indicator_set_id)
            if before is not None and msgspec.json.decode(before, type=tuple[Indicator, ...]) != indicators.indicators:
                at = decoded.pointer(index, "indicators")
                faults.append(Fault(at, "indicators_in_use", {"indicator_set_id": indicators.indicator_set_id}))
    if faults:
        raise Invalid(faults, status=409)
    return decoded


INDICATOR_SETS = Resource(
    "indicator-sets",
    IndicatorSet,
    key=("stage", "indicator_set_id"),
    home="district",
    faults=_faults,
)

router = entry_router(INDICATOR_SETS, scope="oversight.write", machine=INDICATOR_SET, before=_before)
