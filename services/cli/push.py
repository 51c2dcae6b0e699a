"""`taizhang push`: files to the ledger API, in the order that nothing refers to what is not there yet.

A chunk counts as sent only after a 2xx. Whatever fails in between is sent again: the ledger knows what it has.
"""

import gzip
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

# One request's share of a file: a few hundred milliseconds of work for the ledger.
CHUNK_BYTES = 1 * 1024 * 1024
ATTEMPTS = 6
PATIENCE_SECONDS = 120.0
_NAME = re.compile(r"^(?:[0-9]+-)?(.+?)(?:-[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)?(?:-corrections)?\.ndjson$")


class PushFailed(Exception):
    """The ledger refused a chunk, or did not answer; carries what it said."""


@dataclass
class Pushed:
    """What became of the records of a push."""

    received: int = 0
    created: int = 0
    revised: int = 0
    unchanged: int = 0
    by_resource: dict[str, int] = field(default_factory=dict)

    def add(self, resource: str, receipt: dict[str, Any]) -> None:
        """Count one receipt."""
        for name in ("received", "created", "revised", "unchanged"):
            setattr(self, name, getattr(self, name) + receipt[name])
        self.by_resource[resource] = self.by_resource.get(resource, 0) + receipt["received"]

    def include(self, other: "Pushed") -> None:
        """Count what another push did."""
        for name in ("received", "created", "revised", "unchanged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for resource, count in other.by_resource.items():
            self.by_resource[resource] = self.by_resource.get(resource, 0) + count


class SignedIn(httpx.Auth):
    """A bearer token for a client, fetched when there is none and again when it is refused."""

    def __init__(self, ledger_url: str, client_id: str, client_secret: str) -> None:
        """`ledger_url`: where `/oauth/token` answers."""
        self._ledger_url = ledger_url
        self._credentials = (client_id, client_secret)
        self._token: str | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with a token; once more with a fresh one after a 401."""
        for _ in range(2):
            if self._token is None:
                self._token = self.token()
            request.headers["Authorization"] = f"Bearer {self._token}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            self._token = None

    def token(self) -> str:
        """A fresh token; raises PushFailed when the client is not let in."""
        answer = httpx.post(
            f"{self._ledger_url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=self._credentials,
            trust_env=False,
        )
        if answer.status_code != httpx.codes.OK:
            raise PushFailed(f"sign-in failed: {answer.json().get('detail', answer.text)}")
        token: str = answer.json()["access_token"]
        return token


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The NDJSON files named, and those of folders, in order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(sorted(each for each in path.glob("*.ndjson") if each.stem != "labels"))
        elif path.exists():
            found.append(path)
        else:
            raise PushFailed(f"{path} is not there")
    return found


def resource_of(path: Path) -> str:
    """The resource that a file's name says: `10-sessions-2025-09.ndjson` → `sessions`."""
    named = _NAME.match(path.name)
    if named is None:
        raise PushFailed(f"{path.name}: name the file after its resource, e.g. sessions.ndjson")
    return named[1]


def push_files(
    ledger_url: str,
    auth: httpx.Auth,
    files: Sequence[Path],
    *,
    told: Callable[[str, int], None] = lambda _resource, _bytes: None,
    at_once: int = 2,
) -> Pushed:
    """Send every file; files of one resource follow another's as given. `told` hears of each chunk that has landed.

    Raises PushFailed with the first refusal.
    """
    pushed = Pushed()
    with (
        httpx.Client(base_url=ledger_url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as client,
        ThreadPoolExecutor(at_once) as senders,
    ):
        for path in files:
            resource = resource_of(path)
            for receipt, size in senders.map(lambda chunk, of=resource: _send(client, of, chunk), _chunks(path)):
                pushed.add(resource, receipt)
                told(resource, size)
    return pushed


def _chunks(path: Path) -> Iterator[bytes]:
    """Whole lines, about CHUNK_BYTES at a time."""
    with path.open("rb") as lines:
        while chunk := b"".join(lines.readlines(CHUNK_BYTES)):
            yield chunk


def _send(client: httpx.Client, resource: str, chunk: bytes) -> tuple[dict[str, Any], int]:
    said = ""
    for attempt in range(ATTEMPTS):
        try:
            answer = client.post(
                f"/v1/{resource}",
                content=gzip.compress(chunk, 1),
                headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Accept-Language": "en"},
            )
        except httpx.TransportError as error:
            said = repr(error)
        else:
            if answer.is_success:
                return answer.json(), len(chunk)
            said = answer.text
            if answer.status_code not in {429, 503}:
                break
        time.sleep(min(0.2 * 2**attempt, 5.0))
    raise PushFailed(f"{resource}: {said[:2000]}")
