"""What the stage centres and the bureau's offices do, in the reading layer: for the rules of family G."""

from shared.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """What the stage centres and the bureau's offices do, in the reading layer: for the rules of family G."""
    run_sql("0010_oversight.sql")
