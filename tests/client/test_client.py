"""The client, both ways, against a ledger API that runs: receipts, pages, refusals, answers that get lost."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.clients import create_client
from services.cli.embedded import Stores
from services.cli.processes import running_services
from services.cli.up import signing_key_of
from shared.settings import Settings
from taizhang.client import (
    AsyncClient,
    Client,
    Forbidden,
    NotFound,
    NotSignedIn,
    Patience,
    Refused,
    SignedIn,
    Unavailable,
    Unreachable,
)
from tests.conftest import cloned
from tests.world.standard import S1, session

AT_ONCE = Patience(attempts=3, attempts_when_told=4, first_pause_seconds=0)
PUPILS = {f"P{n}" for n in range(1, 41)}
_numbers = count(1)


@dataclass(frozen=True)
class Ledger:
    """Where it answers, and who may sign in."""

    url: str
    signed_in: SignedIn
    credentials: tuple[str, str]


@pytest.fixture(scope="module")
def ledger(stores: Stores, standard: str) -> Iterator[Ledger]:
    """A ledger API over the standard schools; its tests write sessions of names of their own."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-client-"))
    of_its_own = Settings(_env_file=None, data_dir=data_dir, ledger_port=0)
    with (
        cloned(stores, standard) as url,
        running_services(
            of_its_own, Stores(url, stores.redis_url), signing_key_of(of_its_own), commands=("api",)
        ) as running,
    ):
        school = create_client(url, kind="school", schools=[S1])
        credentials = (school.client_id, school.client_secret)
        yield Ledger(running.ledger_url, SignedIn(running.ledger_url, *credentials), credentials)
    shutil.rmtree(data_dir)


@pytest.fixture
def client(ledger: Ledger) -> Iterator[Client]:
    """The information system of S1."""
    with Client(ledger.url, ledger.signed_in) as opened:
        yield opened


@dataclass
class Unlucky(httpx.BaseTransport):
    """A network to the real service that loses the first answers, or has something in between say to come back."""

    lost: int = 0
    told: int = 0
    seen: list[httpx.Request] = field(default_factory=list)
    beneath: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The service has heard, and the asker does not know."""
        if request.url.path == "/oauth/token":
            return self.beneath.handle_request(request)
        self.seen.append(request)
        if len(self.seen) <= self.told:
            return httpx.Response(503, headers={"Retry-After": "0"}, text="a proxy's page")
        answer = self.beneath.handle_request(request)
        if len(self.seen) <= self.told + self.lost:
            answer.read()
            answer.close()
            raise httpx.ReadError("connection reset", request=request)
        return answer

    def close(self) -> None:
        """Close the connections to the real service."""
        self.beneath.close()


def _sessions(number: int) -> list[dict[str, Any]]:
    batch = next(_numbers)
    return [session(f"c{batch}-{place}", staff={"T1": 0.5}) for place in range(number)]


def test_a_post_whose_answer_is_lost_is_sent_again_and_lands_once(ledger: Ledger, client: Client) -> None:
    unlucky = Unlucky(lost=2)
    records = _sessions(2)
    with Client(ledger.url, ledger.signed_in, patience=AT_ONCE, transport=unlucky) as careful:
        receipt = careful.post("sessions", records)
    assert len(unlucky.seen) == 3
    assert receipt.received == 2
    path = f"sessions/{S1}/{records[0]['session_id']}"
    assert len(client.get(f"{path}/revisions")["items"]) == 1


def test_a_step_is_sent_again_under_the_same_key(ledger: Ledger) -> None:
    unlucky = Unlucky(lost=1)
    records = _sessions(1)
    path = f"sessions/{S1}/{records[0]['session_id']}"
    with Client(ledger.url, ledger.signed_in, patience=AT_ONCE, transport=unlucky) as careful:
        with pytest.raises(NotFound):
            careful.step("plans/nowhere/steps", {"step": "file"})
        assert len({request.headers["Idempotency-Key"] for request in unlucky.seen}) == 1
        assert len(unlucky.seen) == 2
        careful.post("sessions", records)
        unlucky.seen.clear()
        assert careful.void(path, reason="误录") is None, "it had landed"
        with pytest.raises(NotFound):
            careful.void(f"sessions/{S1}/never", reason="误录")


def test_who_is_told_to_come_back_does_until_it_is_enough(ledger: Ledger) -> None:
    patient, tired = Unlucky(told=3), Unlucky(told=4)
    with Client(ledger.url, ledger.signed_in, patience=AT_ONCE, transport=patient) as careful:
        assert careful.get(f"schools/{S1}")["school_id"] == S1
    with (
        Client(ledger.url, ledger.signed_in, patience=AT_ONCE, transport=tired) as careful,
        pytest.raises(Unavailable, match="a proxy's page") as refused,
    ):
        careful.get(f"schools/{S1}")
    assert (refused.value.status, refused.value.code) == (503, "unknown")


def test_where_nobody_answers_it_says_so(ledger: Ledger) -> None:
    with Client("http://127.0.0.1:9", ledger.signed_in, patience=AT_ONCE) as careful, pytest.raises(Unreachable):
        careful.get("schools")


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 50))
def test_every_item_of_a_list_comes_once_however_long_its_pages(ledger: Ledger, limit: int) -> None:
    with Client(ledger.url, ledger.signed_in) as reader:
        pages = list(reader.pages("students", school_id=S1, limit=limit))
        pupils = [pupil["student_id"] for pupil in reader.items("students", school_id=S1, limit=limit)]
    assert all(len(page.items) <= limit for page in pages)
    assert [pupil["student_id"] for page in pages for pupil in page.items] == pupils
    assert len(pupils) == len(set(pupils))
    assert set(pupils) == PUPILS


def test_an_upload_gives_a_receipt_a_batch_and_names_the_record_that_is_wrong(client: Client) -> None:
    records = _sessions(12)
    receipts = list(client.upload("sessions", iter(records), batch_bytes=1000))
    assert len(receipts) > 2
    assert sum(receipt.created for receipt in receipts) == 12
    assert receipts[-1].chains[0].school_id == S1
    assert receipts[-1].chains[0].seq > receipts[0].chains[0].seq
    again = [{**record, "slot": "s9"} if place == 10 else record for place, record in enumerate(records)]
    with pytest.raises(Refused) as refused:
        list(client.upload("sessions", again, batch_bytes=1000))
    assert [(error.record, error.pointer, error.code) for error in refused.value.errors] == [
        (10, "/10/slot", "unknown_slot")
    ]
    assert "/10/slot" in str(refused.value)
    partial = list(client.upload("sessions", again, mode="partial", batch_bytes=1000))
    assert [error.record for receipt in partial for error in receipt.errors] == [10]
    assert (sum(r.unchanged for r in partial), sum(r.rejected for r in partial)) == (11, 1)


def test_a_dry_run_writes_nothing(client: Client) -> None:
    records = _sessions(1)
    assert client.post("sessions", records[0], dry_run=True).received == 1
    with pytest.raises(NotFound) as refused:
        client.get(f"sessions/{S1}/{records[0]['session_id']}")
    assert refused.value.request_id


def test_refusals_are_of_the_class_of_their_status(ledger: Ledger, client: Client) -> None:
    with pytest.raises(Forbidden) as refused:
        client.post("inspections", {"inspection_id": "i1"})
    assert refused.value.code == "missing_scope"
    wrong = SignedIn(ledger.url, "nobody", "guess")
    with Client(ledger.url, wrong, language="zh-CN") as stranger, pytest.raises(NotSignedIn):
        stranger.get("schools")
    with pytest.raises(NotSignedIn):
        wrong.token()


def test_a_token_that_is_refused_is_fetched_anew(ledger: Ledger) -> None:
    signed_in = SignedIn(ledger.url, *ledger.credentials)
    signed_in._token = "expired"
    with Client(ledger.url, signed_in) as reader:
        assert reader.get(f"schools/{S1}")["school_id"] == S1


async def test_the_same_while_other_things_are_done(ledger: Ledger) -> None:
    records = _sessions(6)

    async def as_they_come() -> AsyncIterator[dict[str, Any]]:
        for record in records:
            yield record

    async with AsyncClient(ledger.url, ledger.signed_in, patience=AT_ONCE) as client:
        receipts = [receipt async for receipt in client.upload("sessions", as_they_come(), batch_bytes=1000)]
        assert sum(receipt.created for receipt in receipts) == 6
        assert (await client.post("sessions", records)).unchanged == 6
        assert {item["student_id"] async for item in client.items("students", school_id=S1, limit=7)} == PUPILS
        path = f"sessions/{S1}/{records[0]['session_id']}"
        assert await client.void(path, reason="误录") is not None
        assert await client.void(path, reason="误录") is None
        with pytest.raises(Refused) as refused:
            [receipt async for receipt in client.upload("sessions", [*records[1:], {"school_id": S1}], batch_bytes=900)]
        assert {error.record for error in refused.value.errors} == {5}
        with pytest.raises(NotFound):
            await client.step("plans/nowhere/steps", {"step": "file"})
    async with AsyncClient("http://127.0.0.1:9", ledger.signed_in, patience=AT_ONCE) as nowhere:
        with pytest.raises(Unreachable):
            await nowhere.get("schools")
