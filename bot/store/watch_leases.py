"""Store the leases of watches: one process watches a cluster, and another takes over when it stops renewing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import watch_leases

# Renewed every few seconds, so another process takes over well within a minute.
LEASE: Final = timedelta(seconds=45)


class WatchLeases:
    """Repository of the leases. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, cluster: str, holder: str, now: datetime, *, lasts: timedelta = LEASE) -> bool:
        """Take or renew the lease of a cluster. Return False while another process holds it.

        A lease that was not renewed for as long as it `lasts` is free.
        """

        async def body(connection: AsyncConnection) -> bool:
            query = select(watch_leases).where(watch_leases.c.cluster == cluster)
            lease = (await connection.execute(query)).one_or_none()
            if lease is not None and lease.holder != holder and now - lease.renewed < lasts:
                return False
            await upsert(connection, watch_leases, {"cluster": cluster, "holder": holder, "renewed": now})
            return True

        return await self._database.transact(body, "watch", cluster)

    async def release(self, cluster: str, holder: str) -> None:
        """Give the lease up, so that another process need not wait until it expires."""
        held = (watch_leases.c.cluster == cluster) & (watch_leases.c.holder == holder)
        async with self._database.write("watch", cluster) as connection:
            await connection.execute(delete(watch_leases).where(held))
