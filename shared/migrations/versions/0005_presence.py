"""What was seen, signed or billed beside the ledger's own records: patrols, inspections, sign-ins, invoices."""

from shared.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Views of patrols, inspections, sign-ins and providers' invoices."""
    run_sql("0005_presence.sql")
