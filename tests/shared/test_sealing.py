"""Sealed secrets: they open under their key, for their owner, unchanged, and not else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from shared.sealing import Seal, SealBroken

SEAL = Seal(b"a key of thirty-two bytes or more")


@given(st.binary(max_size=200), st.text(max_size=64))
def test_what_is_sealed_opens_and_is_another_text_each_time(secret: bytes, owner: str) -> None:
    sealed = SEAL.close(secret, bound_to=owner)
    assert SEAL.open(sealed, bound_to=owner) == secret
    assert SEAL.close(secret, bound_to=owner) != sealed


@given(st.binary(min_size=1, max_size=64), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_breaks_the_seal(secret: bytes, place: int, change: int) -> None:
    sealed = bytearray(SEAL.close(secret, bound_to="sub-1"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        SEAL.open(bytes(sealed), bound_to="sub-1")


def test_another_owner_or_key_does_not_open_it() -> None:
    sealed = SEAL.close(b"secret", bound_to="sub-1")
    with pytest.raises(SealBroken):
        SEAL.open(sealed, bound_to="sub-2")
    with pytest.raises(SealBroken):
        Seal(b"another key of thirty-two bytes ..").open(sealed, bound_to="sub-1")
    with pytest.raises(SealBroken):
        SEAL.open(b"", bound_to="sub-1")


def test_the_signing_key_gives_the_same_seal_as_pem_and_as_path(tmp_path: Path) -> None:
    pem = ECKey.generate_key("P-256").as_pem(private=True).decode()
    path = tmp_path / "key.pem"
    path.write_text(pem, "ascii")
    one, other = Seal.of(None, pem), Seal.of(None, str(path))
    assert one is not None
    assert other is not None
    assert other.open(one.close(b"secret", bound_to="x"), bound_to="x") == b"secret"
    own = Seal.of("a key of its own of thirty-two characters", pem)
    assert own is not None
    with pytest.raises(SealBroken):
        own.open(one.close(b"secret", bound_to="x"), bound_to="x")


def test_without_any_key_there_is_no_seal() -> None:
    assert Seal.of(None, None) is None
