"""Store feedback: people's opinions of an answer, one per person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, select

from bot.store.database import Database
from bot.store.tables import corrections, feedback
from bot.store.types import upsert
from intents.feedback import Correction

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


class Corrections:
    """Repository of corrections. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, correction: Correction) -> bool:
        """Save a person's correction, replacing an earlier one. Return False, without a change, if it is not newer."""
        async with self._database.write("correction", correction.request, correction.user) as connection:
            mine = (corrections.c.request_id == correction.request) & (corrections.c.user == correction.user)
            before = (await connection.execute(select(corrections.c.at).where(mine))).scalar_one_or_none()
            if before is not None and before >= correction.at:
                return False
            values = asdict(correction)
            await upsert(connection, corrections, {"request_id": values.pop("request"), **values})
            return True

    async def of(self, request_id: str, user: str) -> Correction | None:
        """Return a person's correction of an answer, or None."""
        async with self._database.read() as connection:
            mine = (corrections.c.request_id == request_id) & (corrections.c.user == user)
            row = (await connection.execute(select(corrections).where(mine))).one_or_none()
            return None if row is None else correction_of(row)

    async def forget(self, request_id: str) -> int:
        """Delete the corrections of an answer. Return their number."""
        async with self._database.write("correction", request_id) as connection:
            return (
                await connection.execute(delete(corrections).where(corrections.c.request_id == request_id))
            ).rowcount


def correction_of(row: Row[Any]) -> Correction:
    """Return a row of the table as a correction."""
    names = ("user", "channel", "incident", "verdict", "entry", "says", "at")
    return Correction(request=row.request_id, **{name: getattr(row, name) for name in names})
