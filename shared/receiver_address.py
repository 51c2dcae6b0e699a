"""Where a webhook may be sent: nowhere inside the house, unless a setting opens that network. Pure.

What a URL says is looked at when it is entered; what its name resolves to is looked at each time before it is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS = {"https": 443, "http": 80}
# Below this, ports belong to mail, shells and directories, not to receivers of webhooks.
FIRST_FREE_PORT = 1024
URL_LENGTH = 2000
# IPv4 inside IPv6: what the last 32 bits name is called, by way of a translator (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))


class NotAllowed(Exception):
    """The URL or the address is none that a webhook may be sent to; the message says why."""


@dataclass(frozen=True)
class Receiver:
    """A URL in its parts; `host` in ASCII, `target` the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def receiver_of(url: str, networks: Sequence[Network]) -> Receiver:
    """The parts of a URL that may be called, as far as the URL alone says; raises NotAllowed."""
    if len(url) > URL_LENGTH or any(not "\x20" < letter < "\x7f" for letter in url):
        raise NotAllowed(f"at most {URL_LENGTH} characters, printable ASCII, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (
            (parts.hostname or "").encode("idna").decode("ascii")
            if ":" not in (parts.hostname or "")
            else parts.hostname
        )
    except (ValueError, UnicodeError) as error:
        raise NotAllowed(f"not a URL: {error}") from error
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise NotAllowed("https://HOST/… is wanted")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise NotAllowed("a URL with a user, a password or a fragment is not called")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port not in DEFAULT_PORTS.values() and port < FIRST_FREE_PORT:
        raise NotAllowed(f"port {port} is not called: 443, 80, or {FIRST_FREE_PORT} and above")
    if parts.scheme == "http" and not networks:
        raise NotAllowed("https is wanted: http is for networks that TAIZHANG_WEBHOOK_NETWORKS names")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    receiver = Receiver(parts.scheme, host, port, target)
    literal = _literal(host)
    if literal is not None:
        require_allowed(literal, receiver.scheme, networks)
    return receiver


def require_allowed(address: Address, scheme: str, networks: Sequence[Network]) -> None:
    """Raises NotAllowed unless the address is public (and the scheme https), or of a network that is named."""
    called = _called(address)
    if any(called.version == network.version and called in network for network in networks):
        return
    if not called.is_global or called.is_multicast or called.is_reserved:
        raise NotAllowed(f"{address} is not a public address")
    if scheme != "https":
        raise NotAllowed("over public networks https is wanted")


def _called(address: Address) -> Address:
    """The address that answers: of an IPv4 address in IPv6's clothes, that one. Raises NotAllowed for tunnels."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in tunnel for tunnel in _TUNNELS):
        raise NotAllowed(f"{address} leads through a tunnel")
    return address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
