"""What the guides ask of curl, for a machine without it: `-sS -f`, `-u`, `-d`, `-H`, `--data-binary @FILE`, one URL."""

import argparse
import sys
from pathlib import Path

import httpx


def main() -> None:
    """Send the request that the arguments say; exit 22, as curl does, when the answer is an error."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-s", "-S", "-f", action="store_true")
    parser.add_argument("-u")
    parser.add_argument("-d")
    parser.add_argument("--data-binary")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("url")
    asked = parser.parse_args()
    content = Path(asked.data_binary.removeprefix("@")).read_bytes() if asked.data_binary else (asked.d or "").encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if asked.d else {}
    headers |= {name: text.strip() for name, _, text in (header.partition(":") for header in asked.H)}
    answer = httpx.request(
        "POST" if content else "GET",
        asked.url,
        content=content,
        headers=headers,
        auth=tuple(asked.u.split(":", 1)) if asked.u else None,
        trust_env=False,
        timeout=60,
    )
    if answer.is_error:
        sys.exit(22)
    sys.stdout.buffer.write(answer.content)


if __name__ == "__main__":
    main()
