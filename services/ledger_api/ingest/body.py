"""A request's body, unpacked within a bound: gzip, zstd or plain.

What is long waits on disk until all of it is there, and is in memory one at a time: however many clients send however
much, a process holds one long body and no more.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

import zstandard

from shared.problems import Refused

MIB = 1024 * 1024
BODY_LIMIT_BYTES = 64 * MIB
# A body longer than this, packed or not, takes its turn.
LONG_BODY_BYTES = 2 * MIB
READ_BYTES = 256 * 1024
# How long a long body waits for its turn before its sender is told to come back (503).
TURN_SECONDS = 120.0
# How long a sender may say nothing in the middle of a body, and how long a body may take in all (408).
STALL_SECONDS = 30.0
ARRIVAL_SECONDS = 600.0
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
            piece = self._member.decompress(packed, min(limit + 1, MIB))
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


class LongBodies:
    """The turns of long bodies: one is in work at a time."""

    def __init__(self) -> None:
        """Nobody is in work."""
        self._one = asyncio.Semaphore(1)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn and keep it for the block. Raises TimeoutError after TURN_SECONDS."""
        async with asyncio.timeout(TURN_SECONDS):
            await self._one.acquire()
        try:
            yield
        finally:
            self._one.release()


@asynccontextmanager
async def received_body(
    chunks: AsyncIterable[bytes], encoding: str, long_bodies: LongBodies, *, stall_seconds: float = STALL_SECONDS
) -> AsyncIterator[bytes]:
    """The whole body, unpacked, at most BODY_LIMIT_BYTES; a long one keeps its turn until the block ends.

    Raises Refused: body_too_large, truncated_body, stalled_body, unsupported_encoding, empty_body.
    """
    if encoding not in {"", "identity", *_UNPACKERS}:
        raise Refused("unsupported_encoding", given=encoding)
    with SpooledTemporaryFile(max_size=LONG_BODY_BYTES) as arrived:
        size = await _arrive(chunks, arrived, stall_seconds)
        arrived.seek(0)
        async with AsyncExitStack() as held:
            if size > LONG_BODY_BYTES:
                await held.enter_async_context(long_bodies.turn())
            if size == 0 or encoding not in _UNPACKERS:
                body = arrived.read()
            else:
                body = await _unpacked(arrived, _UNPACKERS[encoding](), held, long_bodies)
            if not body or body.isspace():
                raise Refused("empty_body")
            yield body


async def within_limits(
    chunks: AsyncIterable[bytes], *, limit_bytes: int = BODY_LIMIT_BYTES, stall_seconds: float = STALL_SECONDS
) -> AsyncGenerator[bytes, None]:
    """The pieces of a body as they come. Raises Refused: body_too_large, stalled_body."""
    clock = asyncio.get_running_loop().time
    end, size = clock() + ARRIVAL_SECONDS, 0
    coming = aiter(chunks)
    while True:
        try:
            chunk = await asyncio.wait_for(anext(coming), min(stall_seconds, end - clock()))
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Refused("stalled_body") from error
        size += len(chunk)
        if size > limit_bytes:
            raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
        yield chunk


async def _arrive(chunks: AsyncIterable[bytes], into: IO[bytes], stall_seconds: float) -> int:
    """Take what is sent; how many bytes it was."""
    clock = asyncio.get_running_loop().time
    end = clock() + ARRIVAL_SECONDS
    size = 0
    try:
        async with asyncio.timeout(stall_seconds) as patience:
            async for chunk in chunks:
                size += len(chunk)
                if size > BODY_LIMIT_BYTES:
                    raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
                into.write(chunk)
                patience.reschedule(min(clock() + stall_seconds, end))
    except TimeoutError as error:
        raise Refused("stalled_body") from error
    return size


async def _unpacked(packed: IO[bytes], unpacker: _Unpacker, held: AsyncExitStack, long_bodies: LongBodies) -> bytes:
    """What the stream unpacks to; once that grows long it takes its turn, if the packed one has not done so."""
    body, size = BytesIO(), 0
    waits = packed.seek(0, 2) <= LONG_BODY_BYTES
    packed.seek(0)
    while bite := packed.read(READ_BYTES):
        try:
            for piece in unpacker.pieces(bite, BODY_LIMIT_BYTES - size):
                size += body.write(piece)
                if size > BODY_LIMIT_BYTES:
                    raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
                if waits and size > LONG_BODY_BYTES:
                    waits = False
                    await held.enter_async_context(long_bodies.turn())
        except (zlib.error, zstandard.ZstdError) as error:
            raise Refused("truncated_body") from error
    if not unpacker.is_whole():
        raise Refused("truncated_body")
    # Not a copy: the bytes themselves.
    return body.getvalue()
