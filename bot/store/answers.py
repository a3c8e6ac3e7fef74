"""Store answers: what was answered to a request, where, and what its message shows now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import answers

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """The answer to one revision of a request. `message` is its source document, `shown` holds later notes."""

    request_id: str
    revision: int
    channel: str
    ts: str
    incident: str
    verdict: str
    message: Json
    shown: Json
    saved: datetime


class Answers:
    """Repository of answers. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(
        self,
        request_id: str,
        revision: int,
        *,
        channel: str,
        ts: str,
        incident: str,
        verdict: str,
        message: Json,
        now: datetime,
    ) -> bool:
        """Save the answer and keep earlier notes. Return False if a later revision is already answered."""

        async def body(connection: AsyncConnection) -> bool:
            found = select(answers.c.revision).where(answers.c.request_id == request_id)
            before = (await connection.execute(found)).scalar_one_or_none()
            if before is not None and before > revision:
                return False
            values = {
                "revision": revision,
                "channel": channel,
                "ts": ts,
                "incident": incident,
                "verdict": verdict,
                "message": message,
                "saved": now,
            }
            if before is None:
                await connection.execute(insert(answers).values(request_id=request_id, shown={}, **values))
            else:
                await connection.execute(update(answers).where(answers.c.request_id == request_id).values(values))
            return True

        return await self._database.transact(body, "answer", request_id)

    async def get(self, request_id: str) -> StoredAnswer | None:
        """Return the answer to a request, or None."""
        return await self._one(answers.c.request_id == request_id)

    async def by_message(self, channel: str, ts: str) -> StoredAnswer | None:
        """Return the answer that message `ts` shows."""
        return await self._one((answers.c.channel == channel) & (answers.c.ts == ts)) if ts else None

    async def note(self, request_id: str, shown: Json) -> Json | None:
        """Merge `shown`, key by key, into what the message shows and return the result; None if there is no such
        answer.
        """

        async def body(connection: AsyncConnection) -> Json | None:
            found = select(answers.c.shown).where(answers.c.request_id == request_id)
            row = (await connection.execute(found)).one_or_none()
            if row is None:
                return None
            merged = {**row.shown, **shown}
            await connection.execute(update(answers).where(answers.c.request_id == request_id).values(shown=merged))
            return merged

        return await self._database.transact(body, "answer", request_id)

    async def delete(self, request_id: str) -> bool:
        """Delete the answer to a request. Return whether there was one."""
        async with self._database.write("answer", request_id) as connection:
            done = await connection.execute(delete(answers).where(answers.c.request_id == request_id))
            return done.rowcount > 0

    async def _one(self, which: ColumnElement[bool]) -> StoredAnswer | None:

        async def body(connection: AsyncConnection) -> StoredAnswer | None:
            query = select(answers).where(which).order_by(answers.c.saved.desc()).limit(1)
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _answer(row)

        return await self._database.query(body)


def _answer(row: Row[Any]) -> StoredAnswer:
    return StoredAnswer(**row._mapping)
