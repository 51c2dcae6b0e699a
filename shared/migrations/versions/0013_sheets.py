"""The key that seals the codes on printed sheets (/verify/{code})."""

from shared.migrations import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """The key that seals the codes on printed sheets (/verify/{code})."""
    run_sql("0013_sheets.sql")
