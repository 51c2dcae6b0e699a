"""Folds what a rule finds now into what it had found: opened, updated, cleared, reopened. Pure.

A finding is rule + school + subject + date or period; running a rule twice over the same facts changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

import msgspec

Change = Literal["opened", "updated", "cleared", "reopened"]


@dataclass(frozen=True)
class Row:
    """One bad row of a rule: what does not agree, and the records that show it."""

    school_id: str
    subject_kind: str
    subject: str
    service_date: date | None
    period: str | None
    expected: str
    found: str
    hours_at_risk_hundredths: int | None
    amount_at_risk_fen: int | None
    evidence: Mapping[str, object]

    def finding_id(self, rule: str) -> str:
        """The finding's identity: the same subject in the same period is the same finding, however often it is seen."""
        identity = (rule, self.school_id, self.subject_kind, self.subject, self.service_date, self.period)
        return f"{rule}-{sha256(msgspec.json.encode(identity)).hexdigest()[:16]}"

    @property
    def records(self) -> Sequence[object]:
        """The records that show it, by natural key and revision."""
        records = self.evidence.get("records", ())
        return records if isinstance(records, (list, tuple)) else ()

    def fingerprint(self, rule_version: int) -> bytes:
        """What the finding says: another content is an update."""
        content = (
            rule_version,
            self.expected,
            self.found,
            self.hours_at_risk_hundredths,
            self.amount_at_risk_fen,
            self.evidence,
        )
        return sha256(msgspec.json.encode(content, order="sorted")).digest()

    @property
    def says(self) -> bytes:
        """What people's decisions are about: what it says, whatever version of the rule says it."""
        return self.fingerprint(0)


@dataclass(frozen=True)
class Known:
    """A finding as it stands: its state and what it said."""

    state: str
    fingerprint: bytes


@dataclass(frozen=True)
class Folded:
    """One change of one finding; `row` is None for one that is gone."""

    finding_id: str
    change: Change
    row: Row | None


def fold(known: Mapping[str, Known], rows: Iterable[Row], *, rule: str, rule_version: int) -> list[Folded]:
    """The changes that make `known` (the rule's findings in a scope, by id) say what `rows` say, in order of id.

    A finding that people have worked on (explained, confirmed, dismissed) keeps its state while it says the same; if
    it changes, it is updated and open again, for nobody has looked at what it says now; if the data no longer shows it,
    it is cleared; if that comes back, it is reopened, in the state in which people left what it says.
    """
    now = merged(rows, rule)
    changes: list[Folded] = []
    for finding_id, row in now.items():
        before = known.get(finding_id)
        if before is None:
            changes.append(Folded(finding_id, "opened", row))
        elif before.state == "cleared":
            changes.append(Folded(finding_id, "reopened", row))
        elif before.fingerprint != row.fingerprint(rule_version):
            changes.append(Folded(finding_id, "updated", row))
    changes.extend(
        Folded(finding_id, "cleared", None)
        for finding_id, before in known.items()
        if finding_id not in now and before.state != "cleared"
    )
    return sorted(changes, key=lambda change: change.finding_id)


def merged(rows: Iterable[Row], rule: str) -> dict[str, Row]:
    """Rows by finding: several of one subject and period are one finding that says them all."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.finding_id(rule), []).append(row)
    return {finding_id: group[0] if len(group) == 1 else _one(group) for finding_id, group in groups.items()}


def _one(group: Sequence[Row]) -> Row:
    # By all that they say: the same rows in another order are the same finding.
    ordered = sorted(group, key=lambda row: (row.found, row.expected, row.says))
    first = ordered[0]
    records: list[object] = []
    for row in ordered:
        for record in row.records:
            if record not in records:
                records.append(record)
    return Row(
        school_id=first.school_id,
        subject_kind=first.subject_kind,
        subject=first.subject,
        service_date=first.service_date,
        period=first.period,
        expected=first.expected,
        found="; ".join(row.found for row in ordered),
        hours_at_risk_hundredths=_total([row.hours_at_risk_hundredths for row in ordered]),
        amount_at_risk_fen=_total([row.amount_at_risk_fen for row in ordered]),
        evidence={"records": records, "parts": [row.evidence for row in ordered]},
    )


def _total(parts: Sequence[int | None]) -> int | None:
    """Unknown is None and never 0: a sum with an unknown part is unknown."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
