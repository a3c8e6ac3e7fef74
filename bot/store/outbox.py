"""Store what is done once: messages that steps posted, jobs that were accepted, notices that were given.

Slack has no idempotency key. A step begins a posting here, posts, and saves the message's `ts`. A step that finds an
earlier start without an end searches the channel for its message before it posts again.

The engine has its own database and takes several transactions per job. An event is therefore acknowledged once its
request and its job are committed here, together; the job is handed to the engine afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import accepted_jobs, directory, notices, outbox, replicas, reports
from bot.store.types import insert_once, upsert, upsert_all


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingState:
    """The state of one posting: `ts` of the posted message or "", `again` if an earlier attempt's result is unknown."""

    ts: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One outbox entry; `ts` is "" while the posting is in flight."""

    key: str
    channel: str
    thread_ts: str
    ts: str


class Outbox:
    """Repository of the outbox. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key: str, channel: str, thread_ts: str, now: datetime) -> PostingState:
        """Begin a posting. Return the message already posted, or whether an earlier attempt began."""

        async def body(connection: AsyncConnection) -> PostingState:
            entry = {"key": key, "channel": channel, "thread_ts": thread_ts, "ts": "", "began": now}
            if await insert_once(connection, outbox, entry):
                return PostingState(ts="", again=False)
            ts = (await connection.execute(select(outbox.c.ts).where(outbox.c.key == key))).scalar_one()
            return PostingState(ts=ts, again=not ts)

        return await self._database.transact(body, "outbox", key)

    async def done(self, key: str, ts: str) -> None:
        """Save the `ts` of the posted or found message. An entry deleted in the meantime stays deleted."""

        async def body(connection: AsyncConnection) -> None:
            await connection.execute(update(outbox).where(outbox.c.key == key).values(ts=ts))

        await self._database.transact(body, "outbox", key)

    async def get(self, key: str) -> OutboxEntry | None:
        """Return the entry of a step, or None."""

        async def body(connection: AsyncConnection) -> OutboxEntry | None:
            row = (await connection.execute(select(outbox).where(outbox.c.key == key))).one_or_none()
            return OutboxEntry(key=row.key, channel=row.channel, thread_ts=row.thread_ts, ts=row.ts) if row else None

        return await self._database.query(body)

    async def by_message(self, channel: str, ts: str, *, since: datetime | None = None) -> str | None:
        """Return the key of the step that posted message `ts`, with `since` only of one that began after it."""
        if not ts:
            return None
        query = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts).limit(1)
        async with self._database.read() as connection:
            if since is not None:
                query = query.where(outbox.c.began >= since)
            return (await connection.execute(query)).scalar_one_or_none()

    async def forget(self, key: str, *, ts: str = "") -> bool:
        """Delete an entry whose message is gone, so that the step posts again. Return whether there was one.

        With `ts`, keep an entry of another message: it was posted in place of the one that is gone.
        """
        gone = delete(outbox).where(outbox.c.key == key)
        async with self._database.write("outbox", key) as connection:
            return (await connection.execute(gone.where(outbox.c.ts == ts) if ts else gone)).rowcount > 0


Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """A job to start: its kind, its id and its payload. `urgent`: somebody asked; started before the others."""

    id: str
    kind: str
    payload: Json
    at: datetime
    urgent: bool = False


class AcceptedJobs:
    """Repository of accepted jobs. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: AcceptedJob) -> None:
        """Store a job. The same id again changes nothing."""
        await self._database.transact(lambda connection: add_job(connection, job), "job", job.id)

    async def list(self, *, before: datetime, limit: int) -> tuple[AcceptedJob, ...]:
        """Return jobs accepted before a time, urgent ones first, then oldest first."""
        async with self._database.read() as connection:
            columns = accepted_jobs.c
            query = select(accepted_jobs).where(columns.at < before)
            rows = await connection.execute(query.order_by(columns.urgent.desc(), columns.at).limit(limit))
            return tuple(AcceptedJob(**row._mapping) for row in rows)

    async def has(self, id: str) -> bool:
        """Tell whether a job still waits for its start."""

        async def body(connection: AsyncConnection) -> bool:
            found = await connection.execute(select(accepted_jobs.c.id).where(accepted_jobs.c.id == id))
            return found.first() is not None

        return await self._database.query(body)

    async def has_jobs_of(self, request: str, *, besides: str) -> bool:
        """Tell whether a job of a request still waits for its start; those of the kind `besides` do not count.

        The id of such a job is that of the request, or begins with it and a dot.
        """
        columns = accepted_jobs.c
        same = or_(columns.id == request, columns.id.startswith(f"{request}.", autoescape=True))
        async with self._database.read() as connection:
            found = await connection.execute(select(columns.id).where(same, columns.kind != besides).limit(1))
            return found.first() is not None

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete jobs that the engine has recorded."""

        async def body(connection: AsyncConnection) -> None:
            await connection.execute(delete(accepted_jobs).where(accepted_jobs.c.id.in_(ids)))

        await self._database.transact(body, "jobs")


async def add_job(connection: AsyncConnection, job: AcceptedJob) -> None:
    """Store a job in the caller's transaction."""
    values = {"id": job.id, "kind": job.kind, "payload": job.payload, "at": job.at, "urgent": job.urgent}
    await insert_once(connection, accepted_jobs, values)


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
