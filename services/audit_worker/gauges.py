"""How the store stands, as gauges for Prometheus: read now and then by the worker, so that a scrape asks nothing of it."""

from pathlib import Path

import asyncpg
import msgspec

from shared import metrics
from shared.database import ACQUIRE_SECONDS, Statement

_STANDING = Statement.from_file(Path(__file__).with_suffix(".sql"))


async def measure_store(pool: asyncpg.Pool) -> None:
    """Set the gauges to what the database says now."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        (row,) = await _STANDING.fetch(connection)
        now = await connection.fetchval("select extract(epoch from clock_timestamp())")
    metrics.OUTBOX_ROWS.set(row["outbox_rows"])
    metrics.OUTBOX_OLDEST_SECONDS.set(max(0, row["outbox_oldest_seconds"]))
    metrics.PARKED_SCOPES.set(row["parked_scopes"])
    # A state that no finding is in any more is told as none.
    for known in metrics.FINDINGS.collect():
        for sample in known.samples:
            metrics.FINDINGS.labels(**sample.labels).set(0)
    for severity, state, number in msgspec.json.decode(row["findings"]):
        metrics.FINDINGS.labels(severity, state).set(number)
    metrics.QUEUES_WAITING.set(row["queues_waiting"])
    metrics.SUBSCRIPTIONS_DISABLED.set(row["subscriptions_disabled"])
    metrics.PARTITIONS_AHEAD_DAYS.set(row["partitions_ahead_days"])
    metrics.VERIFIED_AT.set(row["verified_at"])
    metrics.VERIFY_BROKEN.set(row["verify_broken"])
    metrics.STORE_MEASURED_AT.set(now)
