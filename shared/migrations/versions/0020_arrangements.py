"""What a school arranges: activities, agreements, provisions, measures, and when parents end their work."""

from shared.migrations import run_sql

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """What a school arranges: activities, agreements, provisions, measures, and when parents end their work."""
    run_sql("0020_arrangements.sql")
