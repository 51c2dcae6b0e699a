"""A thousand listeners to the stream of one reporting process: how long after its commit each hears of a change, and memory."""

import asyncio
import resource
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg

from services.audit_worker.engine import CHANNEL
from services.cli.bench.measure import Line
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, running_services
from services.cli.up import signing_key_of
from services.ledger_api.app import read_signing_key
from shared.migrations import migrate
from shared.settings import Settings, read_settings
from shared.tokens import issue

LISTENERS = 1000
# In the mixed crowd so many are schools, each with a view of its own; the others see the district.
SCHOOLS = 350
OPENED_AT_ONCE = 50
PATIENCE_SECONDS = 60.0
_SCHOOL_THAT_CHANGES = "3101100000"
_CHANGE = """
    insert into audit.finding_event (position, finding_id, change, school_id, rule, severity, state, at, finding)
    select
        coalesce(max(position), 0) + 1, 'A12-bench', 'updated', $1, 'A12', 'high', 'open', now(),
        jsonb_build_object(
            'finding_id', 'A12-bench', 'rule', 'A12', 'rule_version', 1, 'severity', 'high', 'state', 'open',
            'school_id', $1::text, 'subject_kind', 'session', 'subject', 'h1', 'service_date', '2025-09-08',
            'expected', '0', 'found', '1.5', 'hours_at_risk_hundredths', 150, 'amount_at_risk_fen', 12000,
            'parameters', '{}'::jsonb, 'related', '[]'::jsonb, 'wording', jsonb_build_object(
                'title', jsonb_build_object('zh', '无学生而计课时', 'en', 'Class hours claimed without pupils'),
                'explanation', jsonb_build_object('zh', repeat('说明', 40), 'en', repeat('explained ', 20)),
                'clause', '["一(二)1"]'::jsonb
            )
        )
    from audit.finding_event
"""


class ListenerLost(Exception):
    """A listener was refused, or its stream ended."""


def bench_feeds(*, rounds: int) -> Iterator[Line]:
    """One line a crowd: all auditors, and a third of them schools. `rounds`: twenty changes each, some four a second."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * LISTENERS)), hard))
    data_dir = Path(mkdtemp(prefix="taizhang-bench-"))
    data_dir.chmod(0o755)
    settings = read_settings(data_dir=data_dir, ledger_port=0, reporting_port=0)
    try:
        with embedded_stores(data_dir) as stores:
            migrate(stores.database_url)
            for name, schools in (("sse_1000_auditors", 0), ("sse_1000_mixed", SCHOOLS)):
                yield _crowd(name, settings, stores, schools, changes=20 * rounds)
    finally:
        shutil.rmtree(data_dir)


def _crowd(name: str, settings: Settings, stores: Stores, schools: int, *, changes: int) -> Line:
    """A crowd's figures, over a reporting process of its own."""
    key = signing_key_of(settings)
    with running_services(
        settings, stores, key, commands=("api", "reporting"), lines_to=settings.data_dir / "services.log"
    ) as running:
        before = _resident_mib(running)
        delays, listening, peak = asyncio.run(_measure(running, stores.database_url, _tokens(key, schools), changes))
    cuts = quantiles(delays, n=100)
    return {
        "name": name,
        "unit": "ms from the commit to the listener",
        "listeners": LISTENERS,
        "views": 1 + schools,
        "heard": len(delays),
        "missed": 0,
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "max_ms": round(max(delays), 1),
        "resident_mib_before": round(before),
        "resident_mib_listening": round(listening),
        "resident_mib_after": round(peak),
        "kib_a_listener": round((listening - before) * 1024 / LISTENERS),
    }


def _tokens(key: str, schools: int) -> Sequence[str]:
    """A token for each listener: of the district, and of so many schools one each."""
    signing_key = read_signing_key(key)
    auditor = issue(signing_key, client_id="bench", kind="auditor", schools=(), stage=None)
    own = [
        issue(signing_key, client_id=f"bench-{number}", kind="school", schools=[f"31011{number:05}"], stage=None)
        for number in range(schools)
    ]
    return [auditor] * (LISTENERS - schools) + own


async def _measure(
    running: Running, database_url: str, tokens: Sequence[str], changes: int
) -> tuple[list[float], float, float]:
    """Milliseconds of each change at each listener that may see it; MiB while all listen, and at the end."""
    connection = await asyncpg.connect(database_url)
    last = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
    address = urlsplit(running.reporting_url)
    turns = asyncio.Semaphore(OPENED_AT_ONCE)
    heard: list[float] = []
    # Of the district's listeners everyone hears each change; of the schools one.
    expected = sum(token == tokens[0] for token in tokens) + (tokens[-1] != tokens[0])
    everybody = asyncio.Condition()

    async def listen(token: str) -> None:
        async with turns:
            stream = _open(str(address.hostname), int(address.port or 80), token, last)
            reader = await stream.__aenter__()
        try:
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    heard.append(perf_counter())
                    async with everybody:
                        everybody.notify_all()
            raise ListenerLost(running.lines_in)
        finally:
            await stream.__aexit__(None, None, None)

    listeners = [asyncio.create_task(listen(token)) for token in tokens]
    await _all_listening(turns, listeners)
    listening = _resident_mib(running)
    delays: list[float] = []
    for _number in range(changes):
        heard.clear()
        async with connection.transaction():
            await connection.execute(_CHANGE, _SCHOOL_THAT_CHANGES)
            await connection.execute("select pg_notify($1, '')", CHANNEL)
            committed_at = perf_counter()
        async with asyncio.timeout(PATIENCE_SECONDS), everybody:
            await everybody.wait_for(lambda: len(heard) >= expected)
        delays += [(at - committed_at) * 1000 for at in heard]
        await asyncio.sleep(0.2)
    at_the_end = _resident_mib(running)
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    await connection.close()
    return delays, listening, at_the_end


async def _all_listening(turns: asyncio.Semaphore, listeners: Sequence["asyncio.Task[None]"]) -> None:
    """Wait until every stream is open and at the feed's end."""
    await asyncio.sleep(0)
    for _each in range(OPENED_AT_ONCE):
        await turns.acquire()
    for listener in listeners:
        if listener.done():
            listener.result()
    await asyncio.sleep(2)


@asynccontextmanager
async def _open(host: str, port: int, token: str, after: int) -> AsyncIterator[asyncio.StreamReader]:
    """An open stream behind its greeting."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(
            f"GET /v1/findings/stream?after={after} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b": findings\n\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ListenerLost(head.decode(errors="replace"))
        yield reader
    finally:
        writer.close()


def _resident_mib(running: Running) -> float:
    """What the reporting process has resident now (Linux)."""
    status = Path(f"/proc/{running.processes['reporting'].pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
