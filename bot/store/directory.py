"""Store what Slack returned about users and channels, so that a new process need not look all of them up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.row_writes import upsert_all
from bot.store.tables import directory

Json = dict[str, Any]


class StoredDirectory:
    """Repository of users and channels. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, kind: str, *, since: datetime) -> Mapping[str, tuple[Json, datetime]]:
        """Return the entries of a kind that were read since then, each with that time."""
        async with self._database.read() as connection:
            query = select(directory).where(directory.c.kind == kind, directory.c.read >= since)
            return {row.id: (row.document, row.read) for row in await connection.execute(query)}

    async def save(self, kind: str, entries: Mapping[str, Json], *, at: datetime) -> None:
        """Store entries that were read at that time."""
        rows = [{"kind": kind, "id": id, "document": each, "read": at} for id, each in entries.items()]

        async def body(connection: AsyncConnection) -> None:
            await upsert_all(connection, directory, rows)

        await self._database.transact(body, "directory", kind)
