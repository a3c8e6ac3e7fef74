"""Store what is done once: messages that steps posted, jobs that were accepted, notices that were given.

Slack has no idempotency key. A step begins a posting here, posts, and saves the message's `ts`. A step that finds an
earlier start without an end searches the channel for its message before it posts again.

The engine has its own database and takes several transactions per job. An event is therefore acknowledged once its
request and its job are committed here, together; the job is handed to the engine afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import Repository, insert_once, read_as, row_of, upsert
from bot.store.tables import accepted_jobs, directory, notices, outbox, replicas, reports
from intents.domain import Json


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


class Outbox(Repository):
    """Repository of the outbox. All methods raise `StoreUnavailable`."""

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
        await self._change(update(outbox).where(outbox.c.key == key).values(ts=ts), "outbox", key)

    async def get(self, key: str) -> OutboxEntry | None:
        """Return the entry of a step, or None."""
        row = await self._row(select(outbox).where(outbox.c.key == key))
        return read_as(OutboxEntry, row) if row else None

    async def by_message(self, channel: str, ts: str, *, since: datetime | None = None) -> str | None:
        """Return the key of the step that posted message `ts`, with `since` only of one that began after it."""
        if not ts:
            return None
        query = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts)
        row = await self._row(query if since is None else query.where(outbox.c.began >= since))
        return row.key if row else None

    async def forget(self, key: str, *, ts: str = "") -> bool:
        """Delete an entry whose message is gone, so that the step posts again. Return whether there was one.

        With `ts`, keep an entry of another message: it was posted in place of the one that is gone.
        """
        gone = delete(outbox).where(outbox.c.key == key)
        return await self._change(gone.where(outbox.c.ts == ts) if ts else gone, "outbox", key) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """A job to start: its kind, its id and its payload. `urgent`: somebody asked; started before the others."""

    id: str
    kind: str
    payload: Json
    at: datetime
    urgent: bool = False


class AcceptedJobs(Repository):
    """Repository of accepted jobs. All methods raise `StoreUnavailable`."""

    async def add(self, job: AcceptedJob) -> None:
        """Store a job. The same id again changes nothing."""
        await self._database.transact(lambda connection: add_job(connection, job), "job", job.id)

    async def list(self, *, before: datetime, limit: int) -> tuple[AcceptedJob, ...]:
        """Return jobs accepted before a time, urgent ones first, then oldest first."""
        columns = accepted_jobs.c
        query = select(accepted_jobs).where(columns.at < before).order_by(columns.urgent.desc(), columns.at)
        return tuple(read_as(AcceptedJob, row) for row in await self._rows(query.limit(limit)))

    async def has(self, id: str) -> bool:
        """Tell whether a job still waits for its start."""
        return await self._row(select(accepted_jobs.c.id).where(accepted_jobs.c.id == id)) is not None

    async def has_jobs_of(self, request: str, *, besides: str) -> bool:
        """Tell whether a job of a request still waits for its start; those of the kind `besides` do not count.

        The id of such a job is that of the request, or begins with it and a dot.
        """
        columns = accepted_jobs.c
        same = or_(columns.id == request, columns.id.startswith(f"{request}.", autoescape=True))
        return await self._row(select(columns.id).where(same, columns.kind != besides)) is not None

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete jobs that the engine has recorded."""
        await self._change(delete(accepted_jobs).where(accepted_jobs.c.id.in_(ids)), "jobs")


async def add_job(connection: AsyncConnection, job: AcceptedJob) -> None:
    """Store a job in the caller's transaction."""
    await insert_once(connection, accepted_jobs, row_of(job))


class Notices(Repository):
    """Repository of notices. All methods raise `StoreUnavailable`."""

    async def once(self, key: str, *, within: timedelta, now: datetime) -> bool:
        """Record a notice. Return whether none was recorded in the time `within` before `now`."""
        return await self._noted(key, now, lambda before: now - before < within)

    async def note(self, key: str, at: datetime) -> None:
        """Record a notice, unless a later one is recorded."""
        await self._noted(key, at, lambda before: before >= at)

    async def last(self, key: str) -> datetime | None:
        """Return when the notice was last recorded, or None."""
        row = await self._row(select(notices.c.at).where(notices.c.key == key))
        return row.at if row else None

    async def _noted(self, key: str, at: datetime, suffices: Callable[[datetime], bool]) -> bool:
        """Record a notice unless the last one suffices. Return whether it was recorded."""

        async def body(connection: AsyncConnection) -> bool:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is not None and suffices(before):
                return False
            await upsert(connection, notices, {"key": key, "at": at})
            return True

        return await self._database.transact(body, "notice", key)


class Heartbeats(Repository):
    """Repository of heartbeats. All methods raise `StoreUnavailable`."""

    async def beat(self, executor: str, version: str, now: datetime) -> None:
        """Record that a process is alive."""
        await self._upsert(replicas, [{"executor": executor, "version": version, "beat": now}], "replica", executor)

    async def gone(self, now: datetime, within: timedelta) -> tuple[str, ...]:
        """Return the processes without a heartbeat in that time, by name: their jobs may be adopted."""
        query = select(replicas.c.executor).where(replicas.c.beat < now - within).order_by(replicas.c.executor)
        return tuple(row.executor for row in await self._rows(query))

    async def forget(self, executor: str) -> bool:
        """Delete a process that stopped cleanly or whose jobs were adopted. Return whether it was known."""
        return await self._change(delete(replicas).where(replicas.c.executor == executor), "replica", executor) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """The findings of a report: what each says in one sentence, by what identifies it in later reports."""

    at: datetime
    findings: Mapping[str, str] = field(default_factory=dict)


class Reports(Repository):
    """Repository of reports. All methods raise `StoreUnavailable`."""

    async def last(self, key: str) -> StoredReport | None:
        """Return the last report, None if there was none."""
        row = await self._row(select(reports).where(reports.c.key == key))
        return read_as(StoredReport, row) if row else None

    async def save(self, key: str, report: StoredReport) -> None:
        """Replace the last report."""
        await self._upsert(reports, [{"key": key, "findings": dict(report.findings), "at": report.at}], "report", key)


class StoredDirectory(Repository):
    """Repository of users and channels. All methods raise `StoreUnavailable`."""

    async def load(self, kind: str, *, since: datetime) -> Mapping[str, tuple[Json, datetime]]:
        """Return the entries of a kind that were read since then, each with that time."""
        query = select(directory).where(directory.c.kind == kind, directory.c.read >= since)
        return {row.id: (row.document, row.read) for row in await self._rows(query)}

    async def save(self, kind: str, entries: Mapping[str, Json], *, at: datetime) -> None:
        """Store entries that were read at that time."""
        rows = [{"kind": kind, "id": id, "document": each, "read": at} for id, each in entries.items()]
        await self._upsert(directory, rows, "directory", kind)
