"""Alembic's door: runs the migrations over the connection that `migrate` hands in."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
# Whoever migrates at the same time waits here, until the connection of the first one ends.
connection.execute(text("select pg_advisory_lock(hashtext('taizhang.migrate'))"))
# A step that cannot get its lock gives up rather than queue every reader behind it; and sooner than PostgreSQL looks for a
# deadlock (1 s), so that where a step and a request wait for each other it is the step that begins again.
connection.execute(text("set lock_timeout = '800ms'"))
# Ended here, so that Alembic opens a transaction of its own for each version: no lock is held for longer than its step.
connection.commit()
context.configure(connection=connection, version_table_schema="public", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
