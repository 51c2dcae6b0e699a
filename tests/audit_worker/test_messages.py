"""What a webhook carries, held against public libraries and the example of Standard Webhooks."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.audit_worker.messages import Message, secret_bytes, trial_message

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = message.headers([secret_bytes(SECRET)], datetime.fromtimestamp(1614265330, UTC))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.binary(min_size=24, max_size=64), st.binary(max_size=2000))
def test_each_of_two_secrets_verifies_what_both_signed(one: bytes, two: bytes, body: bytes) -> None:
    text = json.dumps({"body": body.hex()}).encode()
    headers = Message("finding-event-7", text).headers([one, two], datetime.now(UTC))
    for secret in (one, two):
        Webhook(secret).verify(text, headers)


def test_a_test_is_a_cloudevent() -> None:
    at = datetime(2025, 9, 8, 7, 30, tzinfo=UTC)
    message = trial_message(12, "sub-1", at)
    headers = message.headers([secret_bytes(SECRET)], at)
    event = from_structured_event(
        HTTPMessage(headers={name.lower(): value for name, value in headers.items()}, body=message.body), JSONFormat()
    )
    assert (event.get_id(), event.get_type(), event.get_time(), event.get_subject()) == (
        "subscription-test-12", "taizhang.subscription.test", at, "sub-1",
    )  # fmt: skip


@pytest.mark.parametrize("secret", ["whsec_*", "whsec_abc"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        secret_bytes(secret)
