"""The benchmarks: each figure a ratio to a limit that is measured in the same run, on the same machine and table depth."""

from collections.abc import Iterator, Sequence

from services.cli.bench.accuracy import SCHOOLS, SEEDS, bench_accuracy
from services.cli.bench.audit import bench_audit
from services.cli.bench.feeds import bench_feeds
from services.cli.bench.ingest import bench_ingest
from services.cli.bench.measure import Line
from services.cli.bench.report import bench_report
from services.cli.bench.soak import bench_soak

# The schools of the district that the figures of ARCHITECTURE §6 are about.
DISTRICT = 350
# Of reports: a school is read after another, so that some show what all do. Their term is whole.
READ_SCHOOLS, TERM_DAYS = 60, 95
# Of ingest and audit: a month.
USUAL_DAYS = 21

__all__ = ["UnknownBenchmark", "run_bench"]


class UnknownBenchmark(Exception):
    """There is no benchmark of that name; the message lists those there are."""


def run_bench(
    what: str,
    *,
    schools: int | None = None,
    days: int | None = None,
    rounds: int = 5,
    seeds: Sequence[int] = (),
    weeks: int = 12,
    minutes: float = 60,
) -> Iterator[Line]:
    """One line a figure. `schools`: the district's size, if not the benchmark's own.

    `days`: how many days the tables hold before (a month; of report a term), and `rounds`, of which the median counts;
    `seeds` of the simulated districts, and the `weeks` that each serves, are of accuracy; the
    `minutes` of soak. Raises UnknownBenchmark.
    """
    if what == "ingest":
        yield from bench_ingest(
            schools=schools or DISTRICT, days_loaded=USUAL_DAYS if days is None else days, rounds=rounds
        )
    elif what == "audit":
        yield from bench_audit(schools=schools or DISTRICT, days=USUAL_DAYS if days is None else days, rounds=rounds)
    elif what == "report":
        yield from bench_report(
            schools=schools or READ_SCHOOLS, days=TERM_DAYS if days is None else days, rounds=rounds
        )
    elif what == "accuracy":
        yield from bench_accuracy(seeds or SEEDS, schools=schools or SCHOOLS, weeks=weeks)
    elif what == "feeds":
        yield from bench_feeds(rounds=rounds)
    elif what == "soak":
        yield from bench_soak(minutes=minutes, schools=schools or DISTRICT)
    else:
        raise UnknownBenchmark(f"there is no benchmark {what}: ingest, audit, report, accuracy, feeds, soak")
