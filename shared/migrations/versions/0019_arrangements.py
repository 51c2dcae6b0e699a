"""What a school arranges: activities, agreements, provisions, measures, and when parents end their work."""

from shared.migrations import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """What a school arranges: activities, agreements, provisions, measures, and when parents end their work."""
    run_sql("0019_arrangements.sql")
