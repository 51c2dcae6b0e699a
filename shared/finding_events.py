"""A change of a finding as every feed shows it: pages, stream, Atom, JSON Feed, webhooks. No name and no pupil in it."""

from typing import Any

import msgspec

# The kinds of subject that are a pupil: a feed says that there is one, not which.
_PUPILS = frozenset({"student", "pupil"})


def shown_event(row: Any) -> dict[str, Any]:
    """`row`: position, change, at and finding (JSON) of audit.finding_event. `cursor` is its place in the feed."""
    finding = msgspec.json.decode(row["finding"])
    wording = finding.pop("wording")
    hundredths = finding.pop("hours_at_risk_hundredths")
    kind, subject = finding.pop("subject_kind"), finding.pop("subject")
    return {
        "cursor": str(row["position"]),
        "change": row["change"],
        "at": row["at"],
        "finding": {
            **finding,
            **wording,
            "subject": {"kind": kind, "id": None if kind in _PUPILS else subject},
            "hours_at_risk": None if hundredths is None else hundredths / 100,
        },
    }
