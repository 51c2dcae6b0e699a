"""Alembic's door: runs the migrations over the connection that `migrate` hands in."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
# A migration that cannot get its lock gives up rather than queue every reader behind it.
connection.execute(text("set lock_timeout = '4s'"))
context.configure(connection=connection, version_table_schema="public", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
