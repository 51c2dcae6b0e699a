"""`taizhang push`: files to the ledger API, in the order that nothing refers to what is not there yet.

A chunk counts as sent only after a 2xx. Whatever fails in between is sent again: the ledger knows what it has.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

from services.cli.sources import CSV, Chunk, Source
from taizhang.client import Client, Mode, NotFound, NotSignedIn, Problem, Receipt, RowError, SignedIn, Unreachable


class PushFailed(Exception):
    """The ledger refused a chunk, or did not answer; carries what it said."""


_COUNTS = ("received", "created", "revised", "unchanged", "rejected")


@dataclass
class Pushed:
    """What became of the records of a push."""

    received: int = 0
    created: int = 0
    revised: int = 0
    unchanged: int = 0
    rejected: int = 0
    by_resource: dict[str, int] = field(default_factory=dict)

    def add(self, resource: str, receipt: Receipt) -> None:
        """Count one receipt."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(receipt, name))
        self.by_resource[resource] = self.by_resource.get(resource, 0) + receipt.received

    def include(self, other: "Pushed") -> None:
        """Count what another push did."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for resource, count in other.by_resource.items():
            self.by_resource[resource] = self.by_resource.get(resource, 0) + count


@dataclass(frozen=True)
class Landed:
    """One chunk that the ledger acknowledged."""

    source: Source
    chunk: Chunk
    receipt: Receipt

    def errors(self) -> Iterator[str]:
        """What was turned away in partial mode, by the place in the file."""
        for error in self.receipt.errors:
            yield f"{_place_in(self.source, self.chunk, error)}: {error.detail}"


class Journal:
    """How far an interrupted push came: chunks acknowledged in order, by source. Gone once all is sent."""

    def __init__(self, path: Path, ledger_url: str) -> None:
        """`path`: the file it is kept in; made when there is something to keep."""
        self._path, self._url = path, ledger_url
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self._done: dict[str, int] = kept.get("done", {})
        # The latest batch that each ledger acknowledged to us, by its address.
        self._latest: dict[str, str] = kept.get("latest", {})

    def done(self, source: Source) -> int:
        """How many chunks of the source have landed before."""
        return self._done.get(self._key(source), 0)

    def note(self, landed: Landed) -> None:
        """One chunk more has landed."""
        self._done[self._key(landed.source)] = self.done(landed.source) + 1
        if landed.receipt.chains:
            self._latest[self._url] = landed.receipt.batch_id
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._keep()

    def start_over_if_lost(self, client: Client) -> None:
        """Forget all that has landed when the ledger no longer knows the latest batch of it: it was restored from a backup."""
        latest = self._latest.get(self._url)
        if latest is None:
            return
        try:
            client.get(f"batches/{latest}")
        except NotFound:
            self._done, self._latest = {}, {}

    def forget(self, sources: Sequence[Source]) -> None:
        """All of these are sent."""
        for source in sources:
            self._done.pop(self._key(source), None)
        if self._done:
            self._keep()
        else:
            self._path.unlink(missing_ok=True)

    def _keep(self) -> None:
        whole = self._path.with_suffix(".new")
        whole.write_text(json.dumps({"done": self._done, "latest": self._latest}), "utf-8")
        whole.replace(self._path)

    def _key(self, source: Source) -> str:
        """A file that was changed since is another one."""
        stat = source.path.stat()
        parts = (self._url, str(source.path.resolve()), source.resource, stat.st_size, stat.st_mtime_ns)
        return sha256(json.dumps(parts).encode()).hexdigest()


def push_sources(
    ledger_url: str,
    signed_in: SignedIn,
    sources: Sequence[Source],
    *,
    mode: Mode = "atomic",
    told: Callable[[Landed], None] = lambda _landed: None,
    journal: Journal | None = None,
    at_once: int = 2,
) -> Pushed:
    """Send every source; those of one resource follow another's as given. `told` hears of each chunk that has landed.

    `journal`: chunks that landed before are not sent again, unless the ledger has lost them since. Raises PushFailed with the first refusal.
    """
    pushed = Pushed()
    with (
        Client(ledger_url, signed_in) as client,
        ThreadPoolExecutor(at_once) as senders,
    ):
        if journal is not None:
            journal.start_over_if_lost(client)
        for source in sources:
            chunks = islice(source.chunks(), journal.done(source) if journal else 0, None)
            for landed in senders.map(lambda chunk, of=source: _send(client, of, chunk, mode), chunks):
                pushed.add(source.resource, landed.receipt)
                told(landed)
                if journal is not None:
                    journal.note(landed)
    if journal is not None:
        journal.forget(sources)
    return pushed


def _send(client: Client, source: Source, chunk: Chunk, mode: Mode) -> Landed:
    try:
        receipt = client.send(source.resource, chunk.content, content_type=chunk.content_type, mode=mode)
    except NotSignedIn as problem:
        raise PushFailed(f"sign-in failed: {problem.detail}") from problem
    except Problem as problem:
        raise PushFailed(f"{source.path.name} ({source.resource}): {_said(source, chunk, problem)}") from problem
    except Unreachable as error:
        raise PushFailed(f"{source.path.name} ({source.resource}): {error}") from error
    return Landed(source, chunk, receipt)


def _said(source: Source, chunk: Chunk, problem: Problem) -> str:
    """A refusal in a line a place, as an operator reads it."""
    lines = [f"{_place_in(source, chunk, error)}: {error.detail}" for error in problem.errors[:20]]
    more = problem.error_count - len(lines)
    return "\n  ".join([problem.detail, *lines, *([f"and {more} more"] if more > 0 else [])])


def _place_in(source: Source, chunk: Chunk, error: RowError) -> str:
    """A place in a chunk as the line of the file, and the field."""
    if error.record is None:
        return f"{source.path.name} {error.pointer}"
    # Lines are counted from 1, and a table's first is its header.
    line = chunk.first_row + error.record + (2 if source.content_type == CSV else 1)
    field_of_record = error.pointer.removeprefix("/").partition("/")[2]
    return f"{source.path.name} line {line}{' ' + field_of_record if field_of_record else ''}"
