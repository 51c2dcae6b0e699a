"""Both APIs walked in sequences: what one request made is what the next one asks for. `make fuzz`; not part of the suite.

As in tests/openapi, on real services: no answer is a 5xx, none is other than its document says.
"""

import os

import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.openapi.test_conformance import CHECKS, LEDGER, REPORTING, live

__all__ = ["live"]

SEQUENCES, STEPS = int(os.environ.get("SEQUENCES", "300")), 12
WALKS = settings(
    max_examples=SEQUENCES,
    stateful_step_count=STEPS,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _walk(schema: schemathesis.BaseSchema, url: str, token: str) -> None:
    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        """Sequences of requests by one school's system."""

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, object]:
            if "wait" in (case.query or {}):
                case.query["wait"] = 0
            return {"base_url": url, "headers": {"Authorization": f"Bearer {token}"}}

        def validate_response(self, response: object, case: schemathesis.Case, **_options: object) -> None:
            case.validate_response(response, checks=CHECKS)

    Walk.run(settings=WALKS)


def test_the_ledger_api_answers_in_sequences_as_its_document_says(live: dict[str, str]) -> None:
    _walk(LEDGER, live["ledger"], live["token"])


def test_reporting_answers_in_sequences_as_its_document_says(live: dict[str, str]) -> None:
    _walk(REPORTING, live["reporting"], live["token"])
