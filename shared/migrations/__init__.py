"""The schema, step by step: Alembic versions that run the SQL beside them."""

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Bring the database at `database_url` to `revision`; creates the service roles and their grants.

    Raises sqlalchemy.exc.OperationalError when the database does not answer.
    """
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    config = Config()
    config.set_main_option("script_location", str(HERE))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def run_sql(name: str) -> None:
    """Run `sql/<name>`, many statements as they stand, inside the migration's transaction."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("a migration runs on a live connection, not offline")
    connection.execute((HERE / "sql" / name).read_text("utf-8"))
