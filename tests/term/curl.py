"""Stands in for `curl` where a machine has none: the options that the guide uses, and nothing else."""

import base64
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Send one request and write its answer, whatever its status; returns curl's exit code."""
    headers, data, method, after, url = {}, None, None, "", ""
    words = iter(arguments)
    for word in words:
        match word:
            case "-s":
                pass
            case "-H":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case "-u":
                headers["Authorization"] = "Basic " + base64.b64encode(next(words).encode()).decode()
            case "-d" | "--data-binary":
                given = next(words)
                data = _read(given[1:]) if given.startswith("@") else given.encode()
            case "-X":
                method = next(words)
            case "-w":
                after = next(words).replace("\\n", "\n")
            case _ if word.startswith("-"):
                sys.stderr.write(f"curl: option {word}: is unknown\n")
                return 2
            case _:
                url = word
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 the test's own services
    try:
        with opener.open(request, timeout=60) as answer:
            body = answer.read()
    except urllib.error.HTTPError as refused:
        body = refused.read()
    sys.stdout.buffer.write(body + after.encode())
    return 0


def _read(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
