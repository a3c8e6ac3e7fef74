"""Store feedback: people's opinions of an answer, one per person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import feedback

# The opinion that an answer is wrong.
NOT_IT: Final = "not it"


class Feedback:
    """Repository of feedback. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, request_id: str, user: str, what: str, now: datetime) -> bool:
        """Save a person's opinion, replacing an earlier one. Return whether it changed."""
        async with self._database.write("feedback", request_id, user) as connection:
            mine = (feedback.c.request_id == request_id) & (feedback.c.user == user)
            if (await connection.execute(select(feedback.c.what).where(mine))).scalar_one_or_none() == what:
                return False
            await upsert(connection, feedback, {"request_id": request_id, "user": user, "what": what, "at": now})
            return True

    async def of(self, request_id: str) -> Mapping[str, int]:
        """Return the number of people per opinion."""
        async with self._database.read() as connection:
            query = (
                select(feedback.c.what, func.count())
                .where(feedback.c.request_id == request_id)
                .group_by(feedback.c.what)
                .order_by(feedback.c.what)
            )
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def has(self, request_id: str, user: str, what: str) -> bool:
        """Tell whether a person has this opinion of an answer."""
        async with self._database.read() as connection:
            mine = (feedback.c.request_id == request_id) & (feedback.c.user == user) & (feedback.c.what == what)
            return (await connection.execute(select(feedback.c.what).where(mine))).first() is not None
