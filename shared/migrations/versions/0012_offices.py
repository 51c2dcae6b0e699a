"""What the offices keep to themselves, and the papers that everybody keeps: chains of the offices, attachments."""

from shared.migrations import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """What the offices keep to themselves, and the papers that everybody keeps: chains of the offices, attachments."""
    run_sql("0012_offices.sql")
