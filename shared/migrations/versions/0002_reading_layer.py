"""The reading layer: the ledger in the words of the field, for rules and reports."""

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The reading layer: the ledger in the words of the field, for rules and reports."""
    run_sql("0002_reading_layer.sql")
