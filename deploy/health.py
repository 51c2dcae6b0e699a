"""Whether the service of this container is well: exit 0, or 1 with a line that says what is not.

`python health.py [api|worker|reporting]`; without an argument, the service that the container's first process runs. The
two HTTP services are asked whether they and their database can serve; the worker is asked when TAIZHANG_WORKER_PORT says
where it answers, else it is well for as long as it runs.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 4
PORTS = {
    "api": ("TAIZHANG_LEDGER_PORT", "8001"),
    "reporting": ("TAIZHANG_REPORTING_PORT", "8002"),
    "worker": ("TAIZHANG_WORKER_PORT", ""),
}


def url_of(service: str) -> str | None:
    """Where the service says whether it is ready; None where it answers nowhere, or is none of the three."""
    setting, usual = PORTS.get(service, ("", ""))
    port = os.environ.get(setting, usual)
    return f"http://127.0.0.1:{port}/readyz" if port else None


def main() -> int:
    """Ask once."""
    started_with = Path("/proc/1/cmdline")
    service = sys.argv[1] if len(sys.argv) > 1 else started_with.read_bytes().split(b"\0")[-2].decode()
    url = url_of(service)
    if url is None:
        return 0
    # Never by a proxy: it is this container that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError) as error:
        print(f"{service} is not ready at {url}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
