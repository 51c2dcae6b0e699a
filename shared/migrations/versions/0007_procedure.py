"""The procedure around the figures: deliberations, objections, archives, signatures, reviews, in the reading layer."""

from shared.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The procedure around the figures: deliberations, objections, archives, signatures, reviews, in the reading layer."""
    run_sql("0007_procedure.sql")
