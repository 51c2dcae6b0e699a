"""The work of schools packed by day and summed by month: what reports of pay and workload read."""

from shared.migrations import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """The work of schools packed by day and summed by month: what reports of pay and workload read."""
    run_sql("0015_work_rollups.sql")
