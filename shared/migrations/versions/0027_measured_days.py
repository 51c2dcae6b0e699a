"""The planner is told of days that it has not seen."""

from shared.migrations import run_sql

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """The planner is told of days that it has not seen."""
    run_sql("0027_measured_days.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0027_measured_days_back.sql")
