"""Many clients at once: how long a request takes; and the memory that a service comes to."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlsplit

from services.cli.bench.clients import RequestRefused
from services.cli.bench.measure import Line

CROWD = 64


def crowd_line(url: str, bodies: Sequence[tuple[str, bytes]]) -> Line:
    """Sixty-four keep-alive clients post rolls (token, lines), each the next as soon as it is answered; none is refused."""
    shares = [bodies[number::CROWD] for number in range(CROWD)]
    started = perf_counter()
    with ThreadPoolExecutor(CROWD) as threads:
        taken = [ms for each in threads.map(lambda share: _post_each(url, share), shares) for ms in each]
    seconds = perf_counter() - started
    cuts = quantiles(taken, n=100)
    return {
        "name": "clients_64",
        "unit": "ms a request",
        "clients": CROWD,
        "requests": len(taken),
        "errors": 0,
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "requests_a_second": round(len(taken) / seconds),
    }


def _post_each(url: str, bodies: Sequence[tuple[str, bytes]]) -> list[float]:
    """Milliseconds of each request. Raises RequestRefused."""
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port or 80)
    taken = []
    for token, body in bodies:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        started = perf_counter()
        connection.request("POST", "/v1/attendance", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        taken.append((perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RequestRefused(f"attendance: {answer.status} {said[:500].decode(errors='replace')}")
    connection.close()
    return taken


def peak_mib(process_id: int) -> float:
    """The most memory that a process has had resident (Linux)."""
    status = Path(f"/proc/{process_id}/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
