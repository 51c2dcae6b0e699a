"""Eight clients of the ledger API, each a keep-alive connection of its own for its share of the schools."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import cycle
from urllib.parse import SplitResult, urlsplit

import httpx

from services.cli.bench.district_day import SchoolDay
from services.cli.clients import create_client

CLIENTS = 8


class RequestRefused(Exception):
    """The ledger API refused what a benchmark sent; carries its answer."""


class Clients:
    """Signed-in clients; schools go round among them. The standard library's HTTP, so that we measure the server."""

    def __init__(self, ledger_url: str, database_url: str, school_ids: Sequence[str]) -> None:
        """Sign in one client for each share of the schools."""
        self._ledger_url = ledger_url
        self._shares = [school_ids[number::CLIENTS] for number in range(CLIENTS)]
        self._of = {school_id: number for number, share in enumerate(self._shares) for school_id in share}
        self._tokens = [self._sign_in(ledger_url, database_url, share or school_ids) for share in self._shares]

    def token_of(self, school_id: str) -> str:
        """The token of the client that speaks for the school."""
        return self._tokens[self._of[school_id]]

    def _sign_in(self, ledger_url: str, database_url: str, share: Sequence[str]) -> str:
        client = create_client(database_url, kind="school", schools=share)
        answer = httpx.post(
            f"{ledger_url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client.client_id, client.client_secret),
            trust_env=False,
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def post(
        self,
        days: Sequence[SchoolDay],
        *bodies: tuple[str, Callable[[SchoolDay], bytes]],
        schools_a_body: int = 1,
        workers: Sequence[str] = (),
    ) -> None:
        """Each client posts its schools' bodies one after the other; all clients at once. Raises RequestRefused.

        `schools_a_body`: a school's own system posts one school, a vendor's posts those it serves together. `workers`: where the
        clients take turns to post, if not at the one ledger API.
        """
        by_client: list[list[SchoolDay]] = [[] for _ in range(CLIENTS)]
        for day in days:
            by_client[self._of[day.school_id]].append(day)
        self.send(
            [
                [
                    (resource, b"".join(map(body_of, share[first : first + schools_a_body])))
                    for first in range(0, len(share), schools_a_body)
                    for resource, body_of in bodies
                ]
                for share in by_client
            ],
            workers,
        )

    def send(self, by_client: Sequence[Sequence[tuple[str, bytes]]], workers: Sequence[str] = ()) -> None:
        """Each client's requests (resource, lines) in order, all clients at once."""
        addresses = cycle([urlsplit(url) for url in workers or (self._ledger_url,)])
        with ThreadPoolExecutor(CLIENTS) as threads:
            for sent in [
                threads.submit(self._run, *each) for each in zip(addresses, self._tokens, by_client, strict=False)
            ]:
                sent.result()

    def shares_of(self, requests: Sequence[tuple[str, str, bytes]]) -> list[list[tuple[str, bytes]]]:
        """Requests (school, resource, lines) by the client that speaks for the school."""
        by_client: list[list[tuple[str, bytes]]] = [[] for _ in range(CLIENTS)]
        for school_id, resource, body in requests:
            by_client[self._of[school_id]].append((resource, body))
        return by_client

    @staticmethod
    def _run(address: SplitResult, token: str, requests: Sequence[tuple[str, bytes]]) -> None:
        connection = HTTPConnection(str(address.hostname), address.port or 80)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        for resource, body in requests:
            connection.request("POST", f"/v1/{resource}", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RequestRefused(f"{resource}: {answer.status} {said[:500].decode(errors='replace')}")
        connection.close()
