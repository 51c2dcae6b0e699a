"""What of a school's day is in the ledger, and who came late."""

from shared.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What of a school's day is in the ledger, and who came late."""
    run_sql("0004_school_days.sql")
