"""Alembic's door: runs the migrations over the connection that `migrate` hands in."""

from alembic import context
from sqlalchemy import text

from shared.database import TURN_LOCK

connection = context.config.attributes["connection"]
# Whoever migrates at the same time waits here, until the connection of the first one ends.
connection.execute(text("select pg_advisory_lock(hashtext('taizhang.migrate'))"))
# And for the audit that is at work, which reads everything for as long as it takes; the next one waits for the migration.
connection.execute(text(f"select pg_advisory_lock({TURN_LOCK})"))
# A step that cannot get its lock gives up rather than queue every reader behind it; and sooner than PostgreSQL looks for a
# deadlock (1 s), so that where a step and a request wait for each other it is the step that begins again.
connection.execute(text("set lock_timeout = '800ms'"))
# Ended here, so that Alembic opens a transaction of its own for each version: no lock is held for longer than its step.
connection.commit()
context.configure(connection=connection, version_table_schema="public", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
