"""What an open case needs is neither erased nor archived."""

from shared.migrations import run_sql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """What an open case needs is neither erased nor archived."""
    run_sql("0024_open_cases.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0024_open_cases_back.sql")
