"""The steps of documents: found by their document, and in the reading layer."""

from shared.migrations import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """The steps of documents: found by their document, and in the reading layer."""
    run_sql("0011_steps.sql")
