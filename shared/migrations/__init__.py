"""The schema, step by step: Alembic versions that run the SQL beside them."""

import time
from pathlib import Path

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

HERE = Path(__file__).parent
# A step that did not get its lock within env.py's time has let everybody pass who stood behind it; then it asks again, for
# longer than any statement of a request may take (shared/database.py).
ATTEMPTS, PAUSE_SECONDS = 40, 1.0
AGAIN = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class SchemaMismatch(Exception):
    """The database's schema and this code do not go together; the message says what to do."""


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Bring the database at `database_url` to `revision`; creates the service roles and their grants.

    The services may run meanwhile: each step is a transaction that waits for a lock less than a second, and is tried
    again; the audit waits its turn. Raises sqlalchemy.exc.OperationalError when the database does not answer, or a lock is not to be had; SchemaMismatch
    when the schema is of a version that this code does not know: nothing is touched.
    """
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    move = command.downgrade if revision.startswith("-") else command.upgrade
    try:
        if _require_known(engine) == _versions()[0] and revision == "head":
            return
        for left in reversed(range(ATTEMPTS)):
            try:
                with engine.connect() as connection:
                    move(_config(connection), revision)
                    connection.commit()
                break
            except (OperationalError, *AGAIN) as error:
                # Steps that are done stay done: the next attempt goes on behind them. What run_sql raises is psycopg's own.
                if not left or not isinstance(getattr(error, "orig", error), AGAIN):
                    raise
                time.sleep(PAUSE_SECONDS)
    finally:
        engine.dispose()


def go_back(database_url: str) -> None:
    """Take the newest step back, for the code of the version before; what the step added goes.

    Raises as `migrate` does; SchemaMismatch, too, where the step itself says why it cannot go.
    """
    try:
        migrate(database_url, revision="-1")
    except psycopg.errors.RaiseException as error:
        raise SchemaMismatch(str(error.diag.message_primary)) from error


def require_newest(database_url: str) -> None:
    """Raise SchemaMismatch when the database lacks a step that this code knows.

    Steps that it does not know do no harm: a version adds what the one before does without. Raises psycopg.OperationalError
    when the database does not answer.
    """
    newest, known = _versions()
    with psycopg.connect(database_url) as connection:
        try:
            row = connection.execute("select version_num from public.alembic_version").fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            row = None
    found = row[0] if row else None
    if found is None or (found != newest and found in known):
        raise SchemaMismatch(
            f"the database's schema is {found or 'missing or too old to tell'}, and this version needs {newest}: "
            "run `taizhang migrate` first"
        )


def _require_known(engine: Engine) -> str | None:
    """The step that the database is at; raises SchemaMismatch when a newer version has migrated it."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"version_table_schema": "public"}).get_current_revision()
    newest, known = _versions()
    if found is not None and found not in known:
        raise SchemaMismatch(
            f"the database's schema is {found}, which this version does not know (its newest is {newest}): migrate with "
            "the version that brought it there, or go back with that version's `taizhang migrate --back`"
        )
    return found


def _versions() -> tuple[str | None, set[str]]:
    """The newest step that this code knows, and all of them."""
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head(), {each.revision for each in scripts.walk_revisions()}


def _config(connection: object = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def run_sql(name: str) -> None:
    """Run `sql/<name>`, many statements as they stand, inside the migration's transaction."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("a migration runs on a live connection, not offline")
    connection.execute((HERE / "sql" / name).read_text("utf-8"))
