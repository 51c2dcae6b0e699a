"""A request's body, unpacked within a bound: gzip, zstd or plain."""

import zlib
from collections.abc import AsyncIterable, Callable, Iterator
from typing import Protocol

import zstandard

from shared.problems import Refused

MIB = 1024 * 1024
BODY_LIMIT_BYTES = 64 * MIB
# A frame may ask for a window as large as it likes; ours is bounded as the body is.
ZSTD_WINDOW_BYTES = 8 * MIB
# A block of a frame is at most 128 KiB and takes at least four bytes: so little is fed at once that a bomb is seen early.
ZSTD_BITE_BYTES = 256


class _Unpacker(Protocol):
    """Unpacks a stream piece by piece."""

    def pieces(self, packed: bytes, limit: int) -> Iterator[bytes]:
        """What `packed` unpacks to, in pieces; stops after more than `limit` bytes."""

    def is_whole(self) -> bool:
        """Whether the stream has come to its end."""


class _Gzip:
    """One or several members, one after the other (RFC 1952)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def pieces(self, packed: bytes, limit: int) -> Iterator[bytes]:
        while packed:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            piece = self._member.decompress(packed, limit + 1)
            yield piece
            limit -= len(piece)
            if limit < 0:
                return
            packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def is_whole(self) -> bool:
        return self._member.eof


class _Zstd:
    """One or several frames, one after the other (RFC 8878)."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._frame = self._decompressor.decompressobj()

    def pieces(self, packed: bytes, limit: int) -> Iterator[bytes]:
        while packed:
            if self._frame.eof:
                self._frame = self._decompressor.decompressobj()
            bite, packed = packed[:ZSTD_BITE_BYTES], packed[ZSTD_BITE_BYTES:]
            piece = self._frame.decompress(bite)
            yield piece
            limit -= len(piece)
            if limit < 0:
                return
            if self._frame.eof:
                packed = self._frame.unused_data + packed

    def is_whole(self) -> bool:
        return self._frame.eof


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {"gzip": _Gzip, "x-gzip": _Gzip, "zstd": _Zstd}


async def read_body(chunks: AsyncIterable[bytes], encoding: str) -> bytes:
    """The whole body, unpacked; never holds more than BODY_LIMIT_BYTES and a piece.

    Raises Refused: body_too_large, truncated_body, unsupported_encoding, empty_body.
    """
    if encoding not in {"", "identity", *_UNPACKERS}:
        raise Refused("unsupported_encoding", given=encoding)
    unpacker = _UNPACKERS[encoding]() if encoding in _UNPACKERS else None
    parts: list[bytes] = []
    size, arrived = 0, 0
    async for packed in chunks:
        arrived += len(packed)
        try:
            for piece in (packed,) if unpacker is None else unpacker.pieces(packed, BODY_LIMIT_BYTES - size):
                size += len(piece)
                parts.append(piece)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Refused("truncated_body") from error
        if size > BODY_LIMIT_BYTES:
            raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
    if unpacker is not None and arrived and not unpacker.is_whole():
        raise Refused("truncated_body")
    body = b"".join(parts)
    if not body.strip():
        raise Refused("empty_body")
    return body
