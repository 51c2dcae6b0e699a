"""What the indicators of over-reporting read: a school's days in figures, sessions with their rolls."""

from shared.migrations import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """What the indicators of over-reporting read: a school's days in figures, sessions with their rolls."""
    run_sql("0009_statistics.sql")
