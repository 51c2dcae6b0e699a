"""Remuneration and funds: what a term's statement says, what the subsidy's book says."""

from shared.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Views of the term's statements and of the special subsidy."""
    run_sql("0008_funds.sql")
