"""Run the migrations for alembic, inside the transaction that `bot.store.migration` opened."""

from alembic import context

from bot.store.migration import VERSION_TABLE
from bot.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, version_table=VERSION_TABLE
)
context.run_migrations()
