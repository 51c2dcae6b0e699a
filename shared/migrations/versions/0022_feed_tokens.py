"""Feeds in readers that can send no bearer token, and what owners of webhooks are told in theirs."""

from shared.migrations import run_sql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Feeds in readers that can send no bearer token, and what owners of webhooks are told in theirs."""
    run_sql("0022_feed_tokens.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0022_feed_tokens_back.sql")
