"""One webhook over the network: to an address that may be called, pinned; no redirect, no proxy, no waiting for ever.

The only place of the worker that speaks HTTP.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from time import perf_counter
from types import TracebackType
from typing import Self

import httpx

from shared.receiver_address import Address, Network, NotAllowed, Receiver, receiver_of, require_allowed

CONNECT_SECONDS = 5.0
# From the look-up of the name to the end of the answer.
WHOLE_SECONDS = 15.0
# What a receiver says beyond its status is not needed, and not kept; so much is read for the connection's sake.
ANSWER_BYTES = 16 * 1024
CONNECTIONS = 200
# Names that are looked up at once: a look-up that hangs occupies one, and each subscription has a few.
LOOK_UPS = 64

# The addresses of a host and port. Raises OSError.
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


@dataclass(frozen=True)
class Answer:
    """What became of an attempt: a status, or the error that was instead of one."""

    status: int | None
    error: str | None
    took_ms: int
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it: any 2xx."""
        return self.error is None

    @property
    def gone(self) -> bool:
        """Whether the receiver says that there is none any more."""
        return self.status == httpx.codes.GONE


class Postman:
    """Carries webhooks to receivers."""

    def __init__(self, networks: Sequence[Network], *, resolve: Resolve | None = None) -> None:
        """`networks`: those inside the house that may be called; `resolve`: how names become addresses."""
        self._networks = networks
        self._look_ups = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._resolve = resolve or self._addresses_of
        self._client = httpx.AsyncClient(
            verify=httpx.create_ssl_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS),
            # None is kept: one to an address was shown the certificate of one name, and would carry what is for another.
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        """Ready to carry."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()
        self._look_ups.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it once. Whatever a receiver does comes back as an answer; nothing of the network is raised."""
        started = perf_counter()
        status, error, retry_after = None, None, None
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                status, retry_after = await self._send(url, headers, body)
        except NotAllowed as refused:
            error = f"address_not_allowed: {refused}"
        except (TimeoutError, httpx.TimeoutException):
            error = f"timeout: no answer within {WHOLE_SECONDS:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failed:
            error = f"connection_failed: {failed or type(failed).__name__}"
        if status is not None and httpx.codes.is_redirect(status):
            error = "redirect: redirects are not followed"
        elif status is not None and not httpx.codes.is_success(status):
            error = f"status: {status}"
        return Answer(status, error, round((perf_counter() - started) * 1000), retry_after)

    async def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, timedelta | None]:
        receiver = receiver_of(url, self._networks)
        address = await self._address_of(receiver)
        host = f"[{address}]" if address.version == 6 else str(address)
        request = self._client.build_request(
            "POST",
            # The address, not the name: nobody looks it up a second time and gets another answer.
            f"{receiver.scheme}://{host}:{receiver.port}{receiver.target}",
            content=body,
            headers={**headers, "Host": receiver.authority},
            # The certificate has to be the name's all the same.
            extensions={"sni_hostname": receiver.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            # As it comes: what is packed is not unpacked here.
            async for part in answer.aiter_raw():
                read += len(part)
                if read > ANSWER_BYTES:
                    break
        finally:
            await answer.aclose()
        return answer.status_code, _retry_after(answer.headers.get("retry-after"))

    async def _address_of(self, receiver: Receiver) -> Address:
        """The address to call; raises NotAllowed when any that the name has may not be called."""
        addresses = await self._resolve(receiver.host, receiver.port)
        if not addresses:
            raise NotAllowed("the name has no address")
        for address in addresses:
            require_allowed(address, receiver.scheme, self._networks)
        return addresses[0]

    async def _addresses_of(self, host: str, port: int) -> Sequence[Address]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._look_ups, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _retry_after(said: str | None) -> timedelta | None:
    """Seconds or a date (RFC 9110 §10.2.3); None when it says neither."""
    if said is None:
        return None
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said), 10**7)) if len(said) < 10 else None
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC), timedelta(0))
