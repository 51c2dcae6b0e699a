"""The files of a simulated district, in the order in which they are posted."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from services.cli.simulator.days import Record

# Files are posted in the order of their names.
FILES = (
    "schools", "terms", "closures", "providers", "slots", "rooms", "staff", "students", "leaves", "consents",
    "allocation-plans", "sign-ins", "sessions", "attendance", "sessions-corrections", "duties", "days", "sessions-late",
    "deliberations", "publications", "submissions", "payments", "surveys", "evaluations", "patrols",
    "provider-invoices", "inspections", "reviews", "fund-lines", "disbursements", "plans",
    "review-schemes", "activities", "agreements", "provisions",
)  # fmt: skip
BY_MONTH = frozenset({"sessions", "attendance"})


class Files:
    """The NDJSON files of a district, opened when something is first written to them."""

    def __init__(self, out: Path) -> None:
        """`out`: the folder; it is made."""
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._open: dict[str, IO[bytes]] = {}
        self.records: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Nothing is open yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file."""
        for each in self._open.values():
            each.close()

    def write(self, name: str, records: Iterable[Record]) -> None:
        """Append records to the file of a resource; those of a month go to the month's own."""
        for record in records:
            month = f"-{record['service_date'][:7]}" if name in BY_MONTH else ""
            self._file(f"{FILES.index(name) + 1:02d}-{name}{month}.ndjson").write(msgspec.json.encode(record) + b"\n")
            resource = name.removesuffix("-corrections").removesuffix("-late")
            self.records[resource] = self.records.get(resource, 0) + 1

    def write_late_entries(self, entries: Sequence[Record]) -> None:
        """When days were entered, where that is not their own evening; no file that is pushed."""
        (self._out / "recorded.json").write_bytes(msgspec.json.encode(entries))

    def write_labels(self, labels: Iterable[Record]) -> None:
        """The truth about the district: planted frauds, and what looks odd and is right."""
        for label in labels:
            self._file("labels.ndjson").write(msgspec.json.encode(label) + b"\n")

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._open:
            self._open[name] = (self._out / name).open("wb")
        return self._open[name]
