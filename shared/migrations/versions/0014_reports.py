"""What the reports read: rolls as of an instant, and a school's days and weeks in figures."""

from shared.migrations import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What the reports read: rolls as of an instant, and a school's days and weeks in figures."""
    run_sql("0014_reports.sql")
