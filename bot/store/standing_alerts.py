"""Store which alerts of other apps stand in a channel, so that a later post can close their answers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import standing_alerts
from bot.store.types import upsert


class StandingAlerts:
    """Repository of the alerts that stand. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, channel: str, identities: Collection[str], request_id: str, now: datetime) -> None:
        """Record that a request is about an alert, by each of its identities."""
        async with self._database.write("alert", request_id) as connection:
            for identity in identities:
                row = {"channel": channel, "identity": identity, "request_id": request_id, "at": now}
                await upsert(connection, standing_alerts, row)

    async def of(self, channel: str, identities: Collection[str]) -> tuple[str, ...]:
        """Return the requests about an alert with one of these identities, oldest first."""
        here = (standing_alerts.c.channel == channel) & standing_alerts.c.identity.in_(identities)
        query = select(standing_alerts.c.request_id).where(here).order_by(standing_alerts.c.at)

        async def body(connection: AsyncConnection) -> tuple[str, ...]:
            return tuple(dict.fromkeys((await connection.execute(query)).scalars()))

        return await self._database.query(body) if identities else ()

    async def end(self, request_id: str) -> None:
        """Forget a request whose alert is over."""
        async with self._database.write("alert", request_id) as connection:
            await connection.execute(delete(standing_alerts).where(standing_alerts.c.request_id == request_id))
