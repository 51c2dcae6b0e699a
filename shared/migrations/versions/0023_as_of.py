"""Reporting sees the ledger, its findings and no rollup as of the instant that a report is asked for."""

from shared.migrations import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Reporting sees the ledger, its findings and no rollup as of the instant that a report is asked for."""
    run_sql("0023_as_of.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0023_as_of_back.sql")
