"""What is kept how long: school years that lie in an archive, pupils whose identity was erased."""

from shared.migrations import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """What is kept how long: school years that lie in an archive, pupils whose identity was erased."""
    run_sql("0021_retention.sql")


def downgrade() -> None:
    """Refused while a year lies in an archive: the version before can neither prove it nor bring it back."""
    run_sql("0021_retention_back.sql")
