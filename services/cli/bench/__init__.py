"""The benchmarks: each figure a ratio to a limit that is measured in the same run, on the same machine and table depth."""

from collections.abc import Iterator

from services.cli.bench.audit import bench_audit
from services.cli.bench.ingest import bench_ingest
from services.cli.bench.measure import Line

__all__ = ["UnknownBenchmark", "run_bench"]


class UnknownBenchmark(Exception):
    """There is no benchmark of that name; the message lists those there are."""


def run_bench(what: str, *, schools: int = 350, days: int = 21, rounds: int = 5) -> Iterator[Line]:
    """One line a figure. `schools`: the district's size; `days`: how many days the tables hold before.

    Raises UnknownBenchmark.
    """
    if what == "ingest":
        yield from bench_ingest(schools=schools, days_loaded=days, rounds=rounds)
    elif what == "audit":
        yield from bench_audit(schools=schools, days=days, rounds=rounds)
    else:
        raise UnknownBenchmark(f"there is no benchmark {what}: ingest, audit")
