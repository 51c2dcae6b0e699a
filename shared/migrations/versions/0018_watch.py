"""Who read pupils' records, and when the ledger was last verified."""

from shared.migrations import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Who read pupils' records, and when the ledger was last verified."""
    run_sql("0018_watch.sql")
