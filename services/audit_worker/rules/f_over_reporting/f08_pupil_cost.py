"""F08: which schools' pay of a term, for each time a pupil came, stands far above that of their peers."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import Standing, discoveries, once_in, size_class, standings
from services.audit_worker.fold import Row


class Paid(msgspec.Struct, frozen=True):
    """A school's term: the remuneration stated, and how many times a pupil came."""

    school_id: str
    term_id: str
    stages: str
    amount_fen: int
    came: int
    record_key: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_peers: int
    size_factor: int
    least_attendances: int
    least_times: Decimal
    least_spread: Decimal
    discovery_rate: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The outliers, term by term. `rows`: a school's term each, of every school of the district."""
    limits = msgspec.convert(parameters, Limits)
    paid = sorted(
        (msgspec.convert(dict(row), Paid) for row in rows),
        key=lambda each: (each.term_id, each.school_id),
    )
    for _term, of_term in groupby(paid, key=lambda each: each.term_id):
        schools = [each for each in of_term if each.came >= limits.least_attendances]
        stand = standings(
            [
                ((each.stages, size_class(each.came, limits.size_factor)), each.amount_fen / each.came)
                for each in schools
            ],
            least_peers=limits.least_peers,
            least_spread=float(limits.least_spread),
        )
        seen = [(each, stands) for each, stands in zip(schools, stand, strict=True) if stands is not None]
        for place in discoveries([stands.chance for _each, stands in seen], rate=float(limits.discovery_rate)):
            each, stands = seen[place]
            if stands.times >= limits.least_times:
                yield _row(each, stands)


def _row(each: Paid, stands: Standing) -> Row:
    return Row(
        school_id=each.school_id,
        subject_kind="school",
        subject=each.school_id,
        service_date=None,
        period=each.term_id,
        expected=f"{stands.usual / 100:.2f} yuan",
        found=f"{each.amount_fen / each.came / 100:.2f} yuan for each time a pupil came ({once_in(stands.chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [each.record_key],
            "values": {
                "amount_fen": each.amount_fen,
                "came": each.came,
                "peers": stands.peers,
                "times_the_median": round(stands.times, 2),
                "chance": once_in(stands.chance),
            },
        },
    )
