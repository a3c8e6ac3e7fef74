"""Stand for the schema of 0.1.0. An empty database gets the newest schema, see `bot.store.migration`."""

revision = "0001"
down_revision = None
