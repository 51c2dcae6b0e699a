"""Secrets that must be read again, sealed for the database: webhook secrets, which sign what is sent.

AES-256-GCM under a key that is in no table: derived from the key that signs tokens, or from one of its own. What is sealed
is bound to whose it is: moved to another row it does not open.
"""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

NONCE_BYTES = 12
KEY_BYTES = 32
_PURPOSE = b"taizhang webhook secrets, 1"


class SealBroken(Exception):
    """What was sealed does not open: another key sealed it, or it was changed, or it is somebody else's."""


class Seal:
    """Closes and opens under one key."""

    def __init__(self, material: bytes) -> None:
        """`material`: at least 32 secret bytes, of which the key is derived."""
        key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_PURPOSE).derive(material)
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, own_key: str | None, signing_key: str | None) -> "Seal | None":
        """Of the key of its own where there is one, else of the signing key (PEM or the path of one); None without either.

        Raises OSError or ValueError when the signing key cannot be read.
        """
        if own_key is not None:
            return cls(own_key.encode())
        if signing_key is None:
            return None
        pem = signing_key if "-----BEGIN" in signing_key else Path(signing_key).read_text("ascii")
        return cls(str(ECKey.import_key(pem).as_dict(private=True)["d"]).encode())

    def close(self, secret: bytes, *, bound_to: str) -> bytes:
        """Sealed, another text every time; `bound_to` is not in it and is needed to open it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The secret; raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(bound_to) from error
