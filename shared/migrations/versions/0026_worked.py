"""Who worked on a school's day lies with the school."""

from shared.migrations import run_sql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Who worked on a school's day lies with the school."""
    run_sql("0026_worked.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0026_worked_back.sql")
