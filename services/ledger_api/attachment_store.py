"""Where the papers lie: a local folder or an S3-compatible store, each file under the SHA-256 of its bytes.

A file is put under its address whole or not at all; what is there under it is read with its digest, so that a file that
was exchanged or edited is never given out as the one that was uploaded.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from shared.problems import Refused

READ_BYTES = 1024 * 1024
PART_BYTES = 5 * READ_BYTES
# Of one upload, so many parts are on their way at once: ten MiB in memory, however large the file.
PARTS_AT_ONCE = 2


class AttachmentStore:
    """Files by the SHA-256 of their bytes."""

    def __init__(self, url: str) -> None:
        """`url`: `file:///folder`, which is made if it is not there, or `s3://bucket/prefix`.

        Raises ValueError or OSError when it is no store that can be used.
        """
        self._folder: Path | None = None
        parts = urlsplit(url)
        if parts.scheme == "file":
            self._folder = Path(unquote(parts.path))
            self._folder.mkdir(parents=True, exist_ok=True)
            self._store: ObjectStore = LocalStore(self._folder)
        elif parts.scheme == "s3" and parts.netloc:
            self._store = from_url(url)
        else:
            raise ValueError(f"{url!r} is neither file:///folder nor s3://bucket/prefix")

    async def put(self, digest: str, file: Path) -> None:
        """Keep a file under its digest; on disk when this returns. Raises Refused (503) when the store does not take it."""
        with _said_as_problem(reads=False):
            await self._store.put_async(
                _address(digest), file, mode="overwrite", chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / _address(digest))

    async def read(self, digest: str) -> AsyncIterator[bytes]:
        """The file's bytes in pieces. Raises Refused: attachment_damaged, when what is there is not what was kept; 503."""
        found = sha256()
        with _said_as_problem(reads=True):
            result = await self._store.get_async(_address(digest))
            async for piece in result.stream(min_chunk_size=READ_BYTES):
                found.update(piece)
                yield bytes(piece)
        if found.hexdigest() != digest:
            raise Refused("attachment_damaged", reason=f"SHA-256 {found.hexdigest()}")

    async def check(self, digest: str) -> None:
        """Read it once for its digest. Raises as `read`."""
        async for _piece in self.read(digest):
            pass


def _address(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


@contextmanager
def _said_as_problem(*, reads: bool) -> Iterator[None]:
    """What the store says, as a problem: a file that is gone, or a store that does not answer or is not there."""
    try:
        yield
    except (BaseError, OSError) as error:
        if reads and isinstance(error, FileNotFoundError):
            raise Refused("attachment_damaged", reason="404") from error
        raise Refused("attachments_unavailable", headers={"Retry-After": "2"}) from error


def _sync(path: Path) -> None:
    """Let the disk have the file and its folder's entry."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
