"""What the real processes log names no pupil, no member of staff, and no secret: asked of every log that a test leaves."""

import re
from pathlib import Path

import psycopg

# A token of ours, a webhook's secret, a password in an address, a private key, what a client proves itself with.
_SECRETS = re.compile(
    r"eyJ[\w-]{10,}\.|whsec_\w+|://[^/\s:@]+:[^/\s:@]+@|PRIVATE KEY|[Bb]earer \S{20,}|client_secret=\S"
)


def assert_lines_name_nobody(lines: Path, database_url: str) -> None:
    """`lines`: a file of what services logged over this database."""
    text = lines.read_text("utf-8", errors="replace")
    assert secrets_in(text) == []
    assert people_in(text, database_url) == []


def secrets_in(text: str) -> list[str]:
    """What looks like one."""
    return _SECRETS.findall(text)


def people_in(text: str, database_url: str) -> list[str]:
    """The ids and names of this database's pupils and staff that stand in the text."""
    with psycopg.connect(database_url) as connection:
        people = connection.execute("select person_id from ledger.person").fetchall()
        names = connection.execute(
            "select distinct content ->> 'name' from ledger.entry where resource in ('staff', 'students') and content ->> 'name' is not null"
        ).fetchall()
    # A word of its own: an id is found as such, and not inside another.
    words = set(re.findall(r"[\w.:-]+", text)) | set(re.findall(r"\w+", text))
    return [*({person for (person,) in people} & words), *(name for (name,) in names if name in text)]
