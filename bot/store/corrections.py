"""Store corrections: what people said it was instead of an answer, one per person and answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import corrections
from intents.feedback import Correction


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
