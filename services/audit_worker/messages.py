"""What a webhook carries: a CloudEvents 1.0 event in JSON, signed as Standard Webhooks has it. Pure.

The id is that of the event and not of the attempt: what is sent twice says so.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from shared.finding_events import shown_event

SOURCE = "/v1/findings"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SECRET_PREFIX = "whsec_"  # noqa: S105 what every secret begins with


@dataclass(frozen=True)
class Message:
    """One webhook: its id, and the body as it is signed."""

    webhook_id: str
    body: bytes
    # Of the requests that brought it about, some; none where time or a person did.
    request_ids: tuple[str, ...] = ()
    # Of the traces that led to it, some.
    traceparents: tuple[str, ...] = ()

    def headers(self, secrets: Sequence[bytes], at: datetime) -> dict[str, str]:
        """The headers of an attempt at `at`; one signature for each secret that is good now, the newest first."""
        timestamp = str(int(at.timestamp()))
        signed = b".".join((self.webhook_id.encode(), timestamp.encode(), self.body))
        signatures = (b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in secrets)
        about = {"X-Request-ID": ", ".join(self.request_ids)} if self.request_ids else {}
        return {
            **about,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": "Taizhang",
            "webhook-id": self.webhook_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }


def secret_bytes(secret: str) -> bytes:
    """The key behind `whsec_…`; raises ValueError when it is none."""
    return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def event_message(row: Mapping[str, Any]) -> Message:
    """A change of a finding: `row` of audit.finding_event."""
    webhook_id = f"finding-event-{row['position']}"
    return _message(
        webhook_id,
        type_=f"taizhang.finding.{row['change']}",
        at=row["at"],
        subject=row["finding_id"],
        # CloudEvents' own extensions: order within a school, and that it is only within a school.
        extensions={"sequence": f"{row['position']:020}", "partitionkey": row["school_id"]},
        content=shown_event(row),
        request_ids=tuple(row["request_ids"]),
        traceparents=tuple(row["traceparents"]),
    )


def trial_message(request_id: int, subscription_id: str, at: datetime) -> Message:
    """What the owner asked for to see that it arrives; no finding stands behind it."""
    return _message(
        f"subscription-test-{request_id}",
        type_="taizhang.subscription.test",
        at=at,
        subject=subscription_id,
        extensions={},
        content={"subscription_id": subscription_id},
    )


def _message(
    webhook_id: str,
    *,
    type_: str,
    at: datetime,
    subject: str,
    extensions: Mapping[str, str],
    content: Mapping[str, Any],
    request_ids: tuple[str, ...] = (),
    traceparents: tuple[str, ...] = (),
) -> Message:
    body = {
        "specversion": "1.0",
        "id": webhook_id,
        "source": SOURCE,
        "type": type_,
        "time": at,
        "subject": subject,
        "datacontenttype": "application/json",
        **extensions,
        "data": content,
    }
    return Message(webhook_id, msgspec.json.encode(body), request_ids, traceparents)
