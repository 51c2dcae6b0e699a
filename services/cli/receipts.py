"""Receipts in clients' hands against a ledger's chains: what was acknowledged and is no longer there, or is another."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg


class ReceiptsUnreadable(Exception):
    """A file of receipts has a line that is none; the message names it."""


@dataclass(frozen=True)
class NotHeld:
    """A head that a receipt names and the school's chain does not have; `length`: how long the chain is now."""

    school_id: str
    seq: int
    head: str
    batch_id: str
    length: int
    what: str


def not_held(database_url: str, receipts: Path) -> list[NotHeld]:
    """The heads of a file of receipts that are not where they say, in the file's order. Raises ReceiptsUnreadable."""
    found = []
    with psycopg.connect(database_url) as connection:
        for batch_id, chain in _chains_in(receipts):
            length, head = connection.execute(_HEAD, chain).fetchone() or (0, None)
            if head != chain["head"]:
                what = (
                    "the chain ends before it: what it acknowledged was lost; send it again"
                    if chain["seq"] > length
                    else "another batch stands there: the chain was cut off before it and went on differently"
                )
                found.append(NotHeld(chain["school_id"], chain["seq"], chain["head"], batch_id, length, what))
    return found


_HEAD = """
    select chain_head.seq, encode(chain_entry.head, 'hex')
    from ledger.chain_head
    left join ledger.chain_entry on chain_entry.school_id = chain_head.school_id and chain_entry.seq = %(seq)s
    where chain_head.school_id = %(school_id)s
"""


def _chains_in(receipts: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The batch and each chain position of each line; a line without chains (the totals that push prints) says nothing."""
    for number, line in enumerate(receipts.read_text("utf-8").splitlines(), start=1):
        try:
            receipt = json.loads(line)
            for chain in receipt.get("chains", ()):
                yield receipt["batch_id"], {name: chain[name] for name in ("school_id", "seq", "head")}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReceiptsUnreadable(f"{receipts} line {number} is no receipt: {error!r}") from error
