"""The audit: findings, their events, rollups."""

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The audit: findings, their events, rollups."""
    run_sql("0003_audit.sql")
