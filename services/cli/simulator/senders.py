"""A simulated district's files to the ledger API, each by the client that keeps such records."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from services.cli.clients import NewClient, create_client
from services.cli.push import Pushed, push_sources
from services.cli.sources import sources_of
from taizhang.client import SignedIn

# What the bureau keeps; the schools' systems send the rest.
OF_THE_BUREAU = frozenset(
    {"schools", "terms", "closures", "providers", "inspections", "reviews", "review-schemes", "disbursements"}
)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of an NDJSON file."""
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def school_ids_in(folder: Path) -> list[str]:
    """The schools of the district, as its files name them."""
    return [school["school_id"] for school in read_lines(folder / "01-schools.ndjson")]


def sign_in(ledger_url: str, database_url: str, folder: Path, bureau: NewClient) -> Mapping[str, SignedIn]:
    """The bureau, and one information system that all schools have; by the kind of client."""
    vendor = create_client(database_url, kind="school", schools=school_ids_in(folder), name="demo school system")
    return {client.kind: SignedIn(ledger_url, client.client_id, client.client_secret) for client in (bureau, vendor)}


def sender_of(resource: str, signed_in: Mapping[str, SignedIn]) -> SignedIn:
    """Who keeps such records."""
    return signed_in["bureau" if resource in OF_THE_BUREAU else "school"]


def push_district(
    ledger_url: str,
    signed_in: Mapping[str, SignedIn],
    folder: Path,
    told: Callable[[int], None] = lambda _bytes: None,
) -> Pushed:
    """Push the files in the order of their names; `told` hears how many bytes have landed. Raises PushFailed."""
    pushed = Pushed()
    for source in sources_of([folder]):
        sender = sender_of(source.resource, signed_in)
        pushed.include(push_sources(ledger_url, sender, [source], told=lambda landed: told(len(landed.chunk.content))))
    return pushed
