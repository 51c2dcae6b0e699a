"""What a reader of the feeds is told beside findings: that a webhook of its own has been given up."""

from datetime import datetime
from typing import Any, Literal, TypedDict

_GIVEN_UP = "select subscription_id, activation, reason, at from audit.given_up($1)"


class Notice(TypedDict):
    """A webhook of the reader's own that the worker serves no longer, until its owner activates it again.

    `id` is another each time that it happens; `reason` as the subscription's `disabled_reason`.
    """

    id: str
    kind: Literal["subscription_disabled"]
    subscription_id: str
    reason: str
    at: datetime


async def notices_of(connection: Any, client_id: str) -> list[Notice]:
    """The client's notices, the earliest first."""
    return [
        Notice(
            id=f"urn:taizhang:subscription-disabled:{row['subscription_id']}:{row['activation']}",
            kind="subscription_disabled",
            subscription_id=row["subscription_id"],
            reason=row["reason"],
            at=row["at"],
        )
        for row in await connection.fetch(_GIVEN_UP, client_id)
    ]
