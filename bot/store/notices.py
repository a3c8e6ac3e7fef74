"""Store small facts: remarks made once, the last report, heartbeats of processes, names of users and channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import directory, notices, replicas, reports
from bot.store.types import upsert, upsert_all


class Notices:
    """Repository of notices. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(self, key: str, *, within: timedelta, now: datetime) -> bool:
        """Record a notice. Return whether none was recorded in the time `within` before `now`."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is not None and now - before < within:
                return False
            await upsert(connection, notices, {"key": key, "at": now})
            return True

    async def note(self, key: str, at: datetime) -> None:
        """Record a notice, unless a later one is recorded."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is None or before < at:
                await upsert(connection, notices, {"key": key, "at": at})

    async def last(self, key: str) -> datetime | None:
        """Return when the notice was last recorded, or None."""
        async with self._database.read() as connection:
            query = select(notices.c.at).where(notices.c.key == key)
            return (await connection.execute(query)).scalar_one_or_none()


class Heartbeats:
    """Repository of heartbeats. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, executor: str, version: str, now: datetime) -> None:
        """Record that a process is alive."""
        async with self._database.write("replica", executor) as connection:
            await upsert(connection, replicas, {"executor": executor, "version": version, "beat": now})

    async def gone(self, now: datetime, within: timedelta) -> tuple[str, ...]:
        """Return the processes without a heartbeat in that time, by name: their jobs may be adopted."""
        async with self._database.read() as connection:
            query = select(replicas.c.executor).where(replicas.c.beat < now - within).order_by(replicas.c.executor)
            return tuple((await connection.execute(query)).scalars())

    async def forget(self, executor: str) -> bool:
        """Delete a process that stopped cleanly or whose jobs were adopted. Return whether it was known."""
        async with self._database.write("replica", executor) as connection:
            return (await connection.execute(delete(replicas).where(replicas.c.executor == executor))).rowcount > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """The findings of a report: what each says in one sentence, by what identifies it in later reports."""

    at: datetime
    findings: Mapping[str, str] = field(default_factory=dict)


class Reports:
    """Repository of reports. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, key: str) -> StoredReport | None:
        """Return the last report, None if there was none."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(reports).where(reports.c.key == key))).one_or_none()
            return None if row is None else StoredReport(at=row.at, findings=row.findings)

    async def save(self, key: str, report: StoredReport) -> None:
        """Replace the last report."""
        async with self._database.write("report", key) as connection:
            values = {"key": key, "findings": dict(report.findings), "at": report.at}
            await upsert(connection, reports, values)


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
