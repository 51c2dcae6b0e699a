"""Schemathesis over both OpenAPI documents: no answer is a 5xx, none is other than the document says."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.cli.clients import create_client
from services.cli.embedded import Stores
from services.cli.processes import running_services
from services.cli.up import signing_key_of
from services.ledger_api.app import create_app as create_ledger
from services.reporting.app import create_app as create_reporting
from shared.settings import Settings
from taizhang.client import SignedIn
from tests.conftest import cloned
from tests.world.standard import S1

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]
NO_SETTINGS = Settings(_env_file=None)
LEDGER = schemathesis.openapi.from_dict(create_ledger(NO_SETTINGS).openapi())
# A stream has no end.
REPORTING = schemathesis.openapi.from_dict(create_reporting(NO_SETTINGS).openapi()).exclude(path="/v1/findings/stream")
EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="session")
def live(stores: Stores, standard: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Both services as processes over the standard schools, and a token of a school's system."""
    data_dir = tmp_path_factory.mktemp("openapi")
    own = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with cloned(stores, standard) as url:
        client = create_client(url, kind="school", schools=[S1])
        with running_services(
            own,
            Stores(url, stores.redis_url),
            signing_key_of(own),
            commands=("api", "reporting"),
            lines_to=data_dir / "services.log",
        ) as running:
            signed_in = SignedIn(running.ledger_url, client.client_id, client.client_secret)
            yield {
                "ledger": running.ledger_url,
                "reporting": running.reporting_url,
                "token": signed_in.token(),
                "log": str(data_dir / "services.log"),
            }


@LEDGER.parametrize()
@EXAMPLES
def test_the_ledger_api_answers_as_its_document_says(case: schemathesis.Case, live: dict[str, str]) -> None:
    _call(case, live["ledger"], live["token"])


@REPORTING.parametrize()
@EXAMPLES
def test_reporting_answers_as_its_document_says(case: schemathesis.Case, live: dict[str, str]) -> None:
    _call(case, live["reporting"], live["token"])


@schemathesis.serializer(
    "application/x-ndjson",
    "text/csv",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)
def _as_text(_context: object, value: object) -> bytes:
    """What is a text in the document is sent as it is."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


def _call(case: schemathesis.Case, url: str, token: str) -> None:
    if "wait" in (case.query or {}):
        # Nobody posts meanwhile: a long poll would only wait.
        case.query["wait"] = 0
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
