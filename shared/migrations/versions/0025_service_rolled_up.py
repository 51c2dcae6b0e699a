"""Days are in the reports' rollups before the whole audit looks at them."""

from shared.migrations import run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Days are in the reports' rollups before the whole audit looks at them."""
    run_sql("0025_service_rolled_up.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0025_service_rolled_up_back.sql")
