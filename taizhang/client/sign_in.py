"""Signing in: OAuth 2.0 client credentials, a token fetched when there is none and again when it is refused."""

from collections.abc import AsyncGenerator, Generator

import httpx

from taizhang.client.problems import problem_of


class SignedIn(httpx.Auth):
    """Who a program is. One may be shared by clients of the ledger API and of reporting, and by threads."""

    def __init__(self, ledger_url: str, client_id: str, client_secret: str) -> None:
        """`ledger_url`: where `/oauth/token` answers. The secret was shown once when the client was registered."""
        self._ledger_url = ledger_url.rstrip("/")
        self._credentials = httpx.BasicAuth(client_id, client_secret)
        self._token: str | None = None

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with a token; once more with a fresh one after a 401. Raises the Problem of a sign-in that is refused."""
        for _ in range(2):
            if self._token is None:
                answer = yield self._asking()
                # Only this answer is read here: another may be a stream that does not end.
                answer.read()
                self._token = _token_in(answer)
            if (yield self._with_token(request)).status_code != httpx.codes.UNAUTHORIZED:
                return
            self._token = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The same, for asyncio."""
        for _ in range(2):
            if self._token is None:
                answer = yield self._asking()
                await answer.aread()
                self._token = _token_in(answer)
            if (yield self._with_token(request)).status_code != httpx.codes.UNAUTHORIZED:
                return
            self._token = None

    def _with_token(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def token(self) -> str:
        """A fresh token, for a program that speaks HTTP itself. Raises NotSignedIn."""
        with httpx.Client(trust_env=False) as http:
            return _token_in(http.send(self._asking()))

    def _asking(self) -> httpx.Request:
        asking = httpx.Request(
            "POST",
            f"{self._ledger_url}/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Accept-Language": "en"},
        )
        return next(self._credentials.auth_flow(asking))


def _token_in(answer: httpx.Response) -> str:
    if not answer.is_success:
        raise problem_of(answer)
    token: str = answer.json()["access_token"]
    return token
