"""Each service sees which version the schema has, and starts on none that it is too new for."""

from shared.migrations import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Each service sees which version the schema has, and starts on none that it is too new for."""
    run_sql("0020_deploy.sql")


def downgrade() -> None:
    """What the version before does without."""
    run_sql("0020_deploy_back.sql")
