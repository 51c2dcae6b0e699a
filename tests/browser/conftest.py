"""The page in a real Chromium, over the three services as processes and the standard schools with a few days of work."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.async_api import BrowserContext, Page, ViewportSize, async_playwright, expect

from services.cli.clients import NewClient, create_client
from services.cli.embedded import Stores
from services.cli.processes import running_services
from services.ledger_api.app import read_signing_key
from shared.settings import Settings
from shared.tokens import issue
from shared.vocabulary import ClientKind
from tests.conftest import cloned
from tests.world.identity_provider import free_port, running_provider
from tests.world.standard import MONDAY, S1, TERM, TUESDAY, session, sheet

Json = dict[str, Any]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
PATIENCE_SECONDS = 60.0
THURSDAY = "2025-09-11"
DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=360, height=740)


@dataclass(frozen=True)
class Stage:
    """Where the services answer, and who may sign in."""

    ledger_url: str
    reporting_url: str
    issuer: str
    database_url: str
    clients: dict[str, NewClient]
    tokens: dict[str, str]

    def post(self, kind: ClientKind, resource: str, *records: Json) -> Json:
        """Post records as a client of this kind; what the ledger API answers."""
        answer = httpx.post(
            f"{self.ledger_url}/v1/{resource}", json=list(records), headers=self._by(kind), timeout=30, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def findings(self, **parameters: str) -> list[Json]:
        """The findings, whatever was decided, as the auditor sees them."""
        answer = httpx.get(
            f"{self.reporting_url}/v1/findings",
            params={"limit": "1000", **parameters},
            headers=self._by("auditor"),
            timeout=30,
            trust_env=False,
        )
        items: list[Json] = answer.raise_for_status().json()["items"]
        return items

    def give_up(self, url: str, *, of: ClientKind) -> None:
        """Let this client have a webhook there that the worker has given up, as it does after three days."""
        answer = httpx.post(
            f"{self.ledger_url}/v1/subscriptions", json={"url": url}, headers=self._by(of), timeout=30, trust_env=False
        )
        with psycopg.connect(self.database_url) as connection:
            connection.execute(
                """
                insert into audit.subscription_progress values (%s, 0, 1, 'failed_for_three_days', now())
                on conflict (subscription_id) do update set
                    disabled_activation = 1, disabled_at = now(), disabled_reason = excluded.disabled_reason
                """,
                (answer.raise_for_status().json()["subscription_id"],),
            )

    def link(self, kind: ClientKind) -> str:
        """A new link that signs a person in as this client."""
        answer = httpx.post(f"{self.ledger_url}/oauth/links", headers=self._by(kind), timeout=30, trust_env=False)
        return f"{self.reporting_url}/#code={answer.raise_for_status().json()['code']}"

    def _by(self, kind: ClientKind) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[kind]}", "Accept-Language": "en"}


@pytest.fixture(scope="module")
def stage(stores: Stores, standard: str, signing_key: str) -> Iterator[Stage]:
    """The three services over the standard schools' work, audited. The worker ends with the module: others ring the same bell."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-page-"))
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with (
        running_provider(free_port()) as issuer,
        _trusting(issuer),
        cloned(stores, standard) as url,
        running_services(settings, Stores(url, stores.redis_url), signing_key, lines_to=data_dir / "log") as running,
    ):
        clients = {
            "bureau": create_client(url, kind="bureau"),
            "auditor": create_client(url, kind="auditor"),
            "centre": create_client(url, kind="centre", stage="primary"),
            "school": create_client(url, kind="school", schools=[S1]),
        }
        key = read_signing_key(signing_key)
        tokens = {
            kind: issue(key, client_id=each.client_id, kind=kind, schools=each.schools, stage=each.stage)
            for kind, each in clients.items()
        }
        opened = Stage(running.ledger_url, running.reporting_url, issuer, url, clients, tokens)
        _work(opened)
        yield opened
    shutil.rmtree(data_dir)


@contextmanager
def _trusting(issuer: str) -> Iterator[None]:
    """What is started here sends people to this provider. By its name it is another site than the services."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TAIZHANG_OIDC_ISSUER", issuer)
        environment.setenv("TAIZHANG_OIDC_CLIENT_SECRET", "s")
        yield


def _work(stage: Stage) -> None:
    """S1 works on Monday, Tuesday and Thursday, T1 in two places on Monday; publishes more than it did, and submits it."""
    stage.post(
        "school",
        "sessions",
        session("h1", staff={"T1": 1.5, "T2": 0.75}, room="A101", grade=3, class_no="3-1"),
        session("h2", staff={"T1": 1.25}, room="B202", activity="合唱", category="arts", headcount=0),
        session("h3", staff={"T3": 1.5}, service_date=TUESDAY),
        session("h4", staff={"T3": 1.5}, service_date=THURSDAY),
    )
    stage.post("school", "attendance", sheet("h1", present=18, absent=["P39", "P40"]))
    stage.post("school", "attendance", sheet("h3", service_date=TUESDAY))
    for date in (MONDAY, TUESDAY):
        stage.post("school", "days", {"school_id": S1, "service_date": date, "state": "closed"})
    lines = [{"staff_id": "T1", "class_hours": 12}, {"staff_id": "T3", "class_hours": 3}]
    stage.post(
        "school",
        "publications",
        {"school_id": S1, "publication_id": "p-9", "kind": "monthly_workload", "period": "2025-09", "lines": lines},
    )
    stage.post(
        "school",
        "submissions",
        {
            "school_id": S1,
            "submission_id": "s-1",
            "term_id": TERM,
            "lines": [{**line, "amount_fen": 9000} for line in lines],
        },
    )
    _await(lambda: {"A14", "A02", "D04"} <= {finding["rule"] for finding in stage.findings()})


def _await(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the audit does not come to it"
        time.sleep(0.2)


def path_of_chromium() -> str | None:
    """Where this machine's Chromium is, or the one that TAIZHANG_TEST_BROWSER names."""
    found = next(filter(None, map(shutil.which, NAMES)), None) or (str(MAC) if MAC.exists() else None)
    return os.environ.get("TAIZHANG_TEST_BROWSER", found)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that this machine has. Without one these tests are left out, but not where CI says what holds."""
    path = path_of_chromium()
    if path is None:
        why = "No Chromium is installed (docs/decisions/0015): install one, or name one in TAIZHANG_TEST_BROWSER."
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return path


class Reader:
    """A person with a browser window. What the page says on its console, and asks for, is kept."""

    def __init__(self, stage: Stage, context: BrowserContext, page: Page) -> None:
        """`page`: an empty window."""
        self.stage, self.context, self.page = stage, context, page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    async def enter(self, kind: ClientKind, place: str = "") -> Page:
        """Sign in by a link and go to a place of the page."""
        await self.page.goto(self.stage.link(kind))
        await self.page.wait_for_selector("#sign-out")
        if place:
            await self.go(place)
        return self.page

    async def go(self, place: str) -> None:
        """Go to a place and wait until it is shown."""
        await self.page.evaluate("place => { location.hash = place; }", place)
        await expect(self.page.locator("#main")).to_have_attribute("data-place", place)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being read any more."""
        await expect(self.page.locator("#main")).to_have_attribute("aria-busy", "false")


Opens = Callable[..., Awaitable[Reader]]


@pytest.fixture
async def opens(stage: Stage, chromium_path: str) -> AsyncIterator[Opens]:
    """Opens windows of a given size and dress."""
    async with async_playwright() as playwright:
        # Where root runs the tests, as in a container, Chromium has no sandbox of its own.
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])

        async def opened(viewport: ViewportSize = DESK, **given: Any) -> Reader:
            context = await browser.new_context(viewport=viewport, reduced_motion="reduce", **given)
            context.set_default_timeout(PATIENCE_SECONDS * 1000 / 3)
            return Reader(stage, context, await context.new_page())

        yield opened
        await browser.close()
