"""Where webhooks may go: public addresses over https, and networks that are named."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.receiver_address import NotAllowed, receiver_of, require_allowed

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 not bound to
    "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:53aa::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_called(address: str) -> None:
    with pytest.raises(NotAllowed):
        require_allowed(ip_address(address), "https", ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_is_called_over_https_only(address: str) -> None:
    require_allowed(ip_address(address), "https", ())
    with pytest.raises(NotAllowed, match="https is wanted"):
        require_allowed(ip_address(address), "http", (ip_network("10.0.0.0/8"),))


@given(st.integers(0, 2**32 - 1))
def test_ipv4_in_other_clothes_is_judged_as_itself(number: int) -> None:
    bare = IPv4Address(number)

    def allowed(address: IPv4Address | IPv6Address) -> bool:
        try:
            require_allowed(address, "https", (ip_network("10.9.0.0/16"),))
        except NotAllowed:
            return False
        return True

    assert allowed(bare) == allowed(IPv6Address((0xFFFF << 32) | number))
    assert allowed(bare) == allowed(IPv6Address((0x64FF9B << 96) | number))


@given(st.integers(0, 2**32 - 1))
def test_a_named_network_opens_itself_and_nothing_beside(number: int) -> None:
    address, network = IPv4Address(number), ip_network("10.9.0.0/16")
    if address in network:
        require_allowed(address, "http", (network,))
    elif not address.is_global:
        with pytest.raises(NotAllowed):
            require_allowed(address, "http", (network,))


@given(st.text(max_size=60))
def test_no_text_brings_it_to_its_knees(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            receiver = receiver_of(url, ())
        except NotAllowed:
            continue
        assert receiver.scheme == "https"
        assert receiver.host


def test_a_url_in_its_parts() -> None:
    receiver = receiver_of("https://Receiver.Example:8443/a/b?c=d", ())
    assert (receiver.host, receiver.port, receiver.target, receiver.authority) == (
        "receiver.example", 8443, "/a/b?c=d", "receiver.example:8443",
    )  # fmt: skip
    assert receiver_of("https://receiver.example", ()).authority == "receiver.example"
