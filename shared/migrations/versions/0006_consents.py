"""What families chose, and how the school asked them and itself: consents, surveys, evaluations."""

from shared.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What families chose, and how the school asked them and itself: consents, surveys, evaluations."""
    run_sql("0006_consents.sql")
