"""Every Python block of a guide runs, one after the other, against a real server, as its reader would run it."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from services.audit_worker.messages import Message, secret_bytes
from services.cli.clients import create_client
from services.cli.embedded import Stores
from services.cli.processes import Running, running_services
from services.cli.up import signing_key_of
from shared.settings import Settings
from tests.conftest import cloned

ROOT = Path(__file__).parents[2]
GUIDES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "```python" in path.read_text("utf-8"))


@pytest.fixture
def services(stores: Stores, empty: str) -> Iterator[tuple[Running, str]]:
    """The ledger API and reporting as processes, over a database of the test's own."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-guide-"))
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with cloned(stores, empty) as url:
        own = Stores(url, stores.redis_url)
        with running_services(settings, own, signing_key_of(settings), commands=("api", "reporting")) as running:
            yield running, url
    shutil.rmtree(data_dir)


def test_there_are_guides_with_examples() -> None:
    assert {ROOT / "docs/school-systems.md", ROOT / "docs/subscribe.md"} <= set(GUIDES)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_the_examples_of_a_guide_run(guide: Path, services: tuple[Running, str]) -> None:
    running, database_url = services
    client = create_client(database_url, kind="school", schools=["3101150001"])
    known: dict[str, Any] = {
        "ledger_url": running.ledger_url,
        "reporting_url": running.reporting_url,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    text = guide.read_text("utf-8")
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text[: block.start()].count("\n") + 1
        # Blank lines before it, so that a failure names the guide's own line.
        exec(compile("\n" * line + block[1], str(guide), "exec"), known)  # noqa: S102 the project's own documents
    if "receive" in known:
        _send_twice(known)
    if "ledger" in known:
        known["ledger"].close()


def _send_twice(known: dict[str, Any]) -> None:
    """What the worker sends, to the guide's own receiver: taken once, and refused when it is not ours."""
    event = {"id": "finding-event-1", "type": "taizhang.finding.opened", "partitionkey": "3101150001", "sequence": "1"}
    message = Message(str(event["id"]), json.dumps(event).encode())
    for _attempt in range(2):
        known["receive"](message.headers([secret_bytes(known["secret"])], datetime.now(UTC)), message.body)
    assert known["seen"] == {"finding-event-1"}
    with pytest.raises(WebhookVerificationError):
        known["receive"](message.headers([b"somebody else's"], datetime.now(UTC)), message.body)
