"""The ledger: chains, entries, sessions, rolls, outbox, roles and tenancy; and the functions that append."""

from shared.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The ledger: chains, entries, sessions, rolls, outbox, roles and tenancy; and the functions that append."""
    run_sql("0001_ledger.sql")
    run_sql("append.sql")
