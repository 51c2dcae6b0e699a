"""A day of work is packed by columns."""

from shared.migrations import run_sql

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """A day of work is packed by columns."""
    run_sql("0028_work_by_columns.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0028_work_by_columns_back.sql")
