"""Webhooks: who subscribes where, how far each school's events have been delivered, and the log of it."""

from shared.migrations import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Webhooks: who subscribes where, how far each school's events have been delivered, and the log of it."""
    run_sql("0016_subscriptions.sql")
