"""Keep a serving process in order: heartbeat, recovery of lost replicas' jobs, deletion of expired rows.

Scheduled reports start when due. It also updates the summaries of incident channels that a process recorded but did not
show, and reads what was posted while no process listened.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.common.background import in_background
from bot.jobs import JobPayload, Jobs, JobsUnavailable, ScopedJobs, StartJob
from bot.settings import Settings
from bot.settings.reports import ReportSchedule
from bot.store import Store, StoreUnavailable
from bot.surfaces.slack.health import MissedEvents
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.nudges import NudgeJobs
from bot.workflows.job_payloads import FeedbackReportJob, ReportJob
from bot.workflows.services import Services

_log: Final = structlog.get_logger(__name__)

BEAT_S: Final = 15.0
# After a failure: work may wait for a replica that has not been seen yet.
_AGAIN_S: Final = 1.0
# A replica that has missed four beats is gone: its jobs would otherwise wait for a restart that may never come.
_GONE_AFTER: Final = timedelta(seconds=4 * BEAT_S)
_PURGE_EVERY: Final = timedelta(hours=6)
# Records of an incident channel are kept this long after its last message, unless the retention is longer.
_CHRONICLES_KEPT: Final = timedelta(days=90)
# A report that was due while no process ran is still made within this time.
_REPORT_LATE: Final = timedelta(hours=1)
# It tells of a week, so that it is worth reading after an outage of a weekend too.
_FEEDBACK_LATE: Final = timedelta(days=3)


@dataclass(slots=True, kw_only=True)
class ReplicaUpkeep:
    """Runs the periodic upkeep of a serving process: its heartbeat, the jobs of lost replicas, finished jobs."""

    store: Store
    jobs: Jobs
    executor: str
    version: str
    kept: timedelta
    beat_s: float = BEAT_S
    _purged: datetime | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the upkeep in the background of the block."""
        try:
            async with in_background(repeated(self._once, self.beat_s)):
                yield
        finally:
            with contextlib.suppress(StoreUnavailable):
                await self.store.replicas.forget(self.executor)

    async def _once(self, now: datetime) -> None:
        await self.store.replicas.beat(self.executor, self.version, now)
        gone = [name for name in await self.store.replicas.gone(now, _GONE_AFTER) if name != self.executor]
        if gone and (taken := await self.jobs.adopt(gone)):
            _log.info("replica_jobs_recovered", replicas=gone, jobs=taken)
        if self._purged is None or now - self._purged > _PURGE_EVERY:
            self._purged = now
            _log.info("expired_jobs_deleted", jobs=await self.jobs.purge(now - self.kept))


async def repeated(do: Callable[[datetime], Awaitable[None]], every: float) -> None:
    """Do something once per beat, and sooner again after an outage."""
    while True:
        pause = every
        try:
            await do(datetime.now(UTC))
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.warning("upkeep_delayed", error=str(error))
            pause = min(pause, _AGAIN_S)
        await asyncio.sleep(pause)


@dataclass(slots=True, kw_only=True)
class Upkeep:
    """Runs the periodic upkeep of a workspace, once per beat."""

    services: Services
    settings: Settings
    jobs: ScopedJobs
    start: StartJob
    chronicles: ChronicleJobs
    nudges: NudgeJobs
    missed_events: MissedEvents
    team: str
    beat_s: float
    _reported: dict[str, str] = field(default_factory=dict)
    _counted: Mapping[str, int] = field(default_factory=dict)
    _read_on: bool = False
    _purged: datetime | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clean up what earlier processes left, then run the upkeep in the background of the block.

        Among several workspaces `TakenInTurn` calls `look` and `purge` in place of it.
        """
        with contextlib.suppress(StoreUnavailable, JobsUnavailable):
            await self._go_on_reading()
        try:
            async with in_background(repeated(self._once, self.beat_s)):
                yield
        finally:
            self.forget()

    def _count(self, channels: Mapping[str, int]) -> None:
        """Show the number of incident channels by state."""
        self.services.metrics.incident_channels(channels, before=self._counted)
        self._counted = channels

    async def _once(self, now: datetime) -> None:
        await self.look()
        await self.purge(now)

    async def look(self, *, channels: bool = True) -> None:
        """Do what is due. `channels`: incident channels may be kept. Raise StoreUnavailable, JobsUnavailable."""
        if channels:
            await self.chronicles.show_due()
            await self.nudges.look()
        await self._start_reports(self.services.clock())
        if channels:
            await self._go_on_reading()
            await self.missed_events.look(self._missed)
            self._count(await self.services.store.chronicles.count_by_state())
        else:
            # What a later channel needs is read when it is opened.
            self._read_on = True
            self.missed_events.pass_over()
            self._count({})

    async def purge(self, now: datetime) -> bool:
        """Delete expired rows unless it was done lately; return whether it was done now. Raise StoreUnavailable."""
        if self._purged is not None and now - self._purged <= _PURGE_EVERY:
            return False
        self._purged = now
        kept = timedelta(days=self.settings.retention_days)
        rows = await self.services.store.purge(now - kept, chronicles_before=now - max(kept, _CHRONICLES_KEPT))
        _log.info("expired_rows_deleted", rows=rows)
        return True

    def forget(self) -> None:
        """Count no channels of this workspace any more."""
        self._count({})

    async def _start_reports(self, now: datetime) -> None:
        """Start the reports that are due. Every replica does: a job of the same id runs once."""
        for report in self.settings.schedules:
            payload = ReportJob(
                key=report.key,
                team=self.team,
                channel=report.channel,
                namespaces=tuple(report.namespaces),
                cluster=report.cluster,
            )
            await self._start_due(report, now, payload, late=_REPORT_LATE)
        if feedback := self.settings.feedback_schedule:
            due = feedback.last_due(now)
            since = feedback.last_due(due)
            period = FeedbackReportJob(team=self.team, channel=feedback.channel, since=since, until=due)
            await self._start_due(feedback, now, period, late=_FEEDBACK_LATE)

    async def _start_due(self, report: ReportSchedule, now: datetime, payload: JobPayload, *, late: timedelta) -> None:
        """Start the job of a report once for each time that it is due."""
        due = report.last_due(now)
        name = f"{payload.kind}.{report.key}"
        id = f"{name}.{due:%Y%m%dT%H%MZ}"
        if now - due <= late and self._reported.get(name) != id:
            await self.start(id, payload)
            self._reported[name] = id

    async def _go_on_reading(self) -> None:
        """Resume the reading of incident channels, once: missed messages and unfinished histories."""
        if not self._read_on:
            await self.missed_events.begin(self._missed)
            backfills, rereads = await self.jobs.unfinished("backfill"), await self.jobs.unfinished("reread")
            await self.chronicles.read_on(backfills, rereads)
            self._read_on = True

    async def _missed(self, since: datetime | None) -> None:
        _log.info("missed_messages_scan_started", since=since and since.isoformat())
        await self.chronicles.missed(since, await self.jobs.unfinished("reread"))
