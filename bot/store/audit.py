"""The audit: what was done, by whom, to what. Append-only: the database itself refuses to change or delete an entry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.store.database import Database
from bot.store.rows import insert_once
from bot.store.tables import audit

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing done. `key`, where given, makes the entry of a step that runs twice one entry."""

    at: datetime
    actor: str
    team: str = ""
    channel: str = ""
    action: str
    cluster: str = ""
    target: str = ""
    plan_id: str = ""
    outcome: str
    detail: Json = field(default_factory=dict)
    key: str = ""


class Audit:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entry: AuditEntry) -> bool:
        """False: an entry with this key is there, and stands."""
        async with self._database.write() as connection:
            return await insert_once(connection, audit, {**asdict(entry), "key": entry.key or None})

    async def entries(self, *, since: datetime, limit: int) -> tuple[AuditEntry, ...]:
        """At most `limit` entries at or after `since`, newest first."""
        async with self._database.read() as connection:
            query = select(audit).where(audit.c.at >= since).order_by(audit.c.at.desc(), audit.c.id.desc())
            rows = await connection.execute(query.limit(limit))
            return tuple(_entry(dict(row._mapping)) for row in rows)


def _entry(values: Json) -> AuditEntry:
    del values["id"]
    return AuditEntry(**{**values, "key": values["key"] or ""})
