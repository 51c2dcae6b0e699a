"""How people come to the page, and what its calendar of discipline reads."""

from shared.migrations import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """How people come to the page, and what its calendar of discipline reads."""
    run_sql("0017_sign_in.sql")
