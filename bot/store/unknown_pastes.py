"""Store the texts that people asked about and no entry explains: candidates for entries."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.requests import RequestState
from bot.store.tables import requests, unknown_pastes
from bot.store.types import upsert
from intents.feedback import UnknownPaste

# Of more templates, the rarest go first, of those the oldest.
MOST_TEMPLATES: Final = 1_000


class UnknownPastes:
    """Repository of unknown pastes, one per request. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database, *, most: int = MOST_TEMPLATES) -> None:
        self._database = database
        self._most = most

    async def add(self, paste: UnknownPaste) -> bool:
        """Save what a request asked, replacing what it asked before. Return whether the request is counted first.

        A withdrawn request is not counted: its message was deleted.
        """

        async def body(connection: AsyncConnection) -> bool:
            state = select(requests.c.state).where(requests.c.id == paste.request)
            if (await connection.execute(state)).scalar_one_or_none() in (None, RequestState.WITHDRAWN.value):
                return False
            mine = select(unknown_pastes.c.request_id).where(unknown_pastes.c.request_id == paste.request)
            is_new = (await connection.execute(mine)).one_or_none() is None
            values = {
                "request_id": paste.request,
                "channel": paste.channel,
                "template": paste.template,
                "example": paste.example,
                "at": paste.at,
            }
            await upsert(connection, unknown_pastes, values)
            await self._bound(connection, paste.request)
            return is_new

        # The same lock as that of a withdrawal, which deletes this row.
        return await self._database.transact(body, "request", paste.request)

    async def forget(self, request_id: str) -> bool:
        """Delete what was kept of a request. Return whether there was something."""

        async def body(connection: AsyncConnection) -> bool:
            mine = delete(unknown_pastes).where(unknown_pastes.c.request_id == request_id)
            return (await connection.execute(mine)).rowcount > 0

        return await self._database.transact(body, "request", request_id)

    async def _bound(self, connection: AsyncConnection, newest: str) -> None:
        """Delete the rarest and oldest templates above the limit, but not the newest."""
        different = select(func.count(func.distinct(unknown_pastes.c.template)))
        excess = int((await connection.execute(different)).scalar_one()) - self._most
        if excess <= 0:
            return
        kept = select(unknown_pastes.c.template).where(unknown_pastes.c.request_id == newest).scalar_subquery()
        rarest = (
            select(unknown_pastes.c.template)
            .where(unknown_pastes.c.template != kept)
            .group_by(unknown_pastes.c.template)
            .order_by(func.count(), func.max(unknown_pastes.c.at), unknown_pastes.c.template)
            .limit(excess)
        )
        gone = [row[0] for row in await connection.execute(rarest)]
        await connection.execute(delete(unknown_pastes).where(unknown_pastes.c.template.in_(gone)))
