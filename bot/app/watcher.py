"""Watch the configured namespaces while this process holds their cluster's lease, and start a job for what lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.app.runtime_options import RuntimeOptions
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.resources import well_known
from bot.cluster.watching import Watching
from bot.jobs import JobsUnavailable, StartJob
from bot.overviews.troubled_objects import Identity
from bot.overviews.watched_rows import WARNINGS, WATCHED, LastingTrouble, WatchedRows
from bot.settings import Settings
from bot.settings.reports import WatchedPlace
from bot.store import StoreUnavailable
from bot.workflows.job_payloads import WatchJob, WatchOverJob
from bot.workflows.services import Services
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class ClusterWatch:
    """The watches of a cluster; `namespaces` has "" for all. `notes` say what cannot be watched and why."""

    cluster: str
    namespaces: Iterable[str]
    connect: Callable[[], Awaitable[Connection]]
    clock: Callable[[], datetime]
    lasting: timedelta
    well: timedelta
    notes: dict[str, str]
    count: Callable[[str], None]
    _rows: dict[str, WatchedRows] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Start the tasks."""
        for namespace in self.namespaces:
            rows = WatchedRows(clock=self.clock, lasting=self.lasting, well=self.well, kinds=frozenset(WATCHED))
            self._rows[namespace] = rows
            self._tasks += [asyncio.create_task(self._watching(kind, namespace, rows).run()) for kind in WATCHED]
        _log.info("watch_started", cluster=self.cluster, namespaces=len(self._rows))

    async def stop(self) -> None:
        """Stop the tasks and forget their notes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for namespace in self._rows:
            for kind in WATCHED:
                self.notes.pop(self._note(kind, namespace), None)

    def due(self, now: datetime) -> Mapping[str, Mapping[str, tuple[LastingTrouble, ...]]]:
        """Return the trouble that is due for a look, by watched and by own namespace."""
        return {namespace: rows.due(now) for namespace, rows in self._rows.items()}

    def is_over(self, owners: Iterable[Identity], now: datetime) -> bool:
        """Tell whether these owners are known to be well; what is not watched any more is not known."""
        by_rows: defaultdict[str, list[Identity]] = defaultdict(list)
        for owner in owners:
            place = owner.namespace if owner.namespace in self._rows else ""
            if place in self._rows:
                by_rows[place].append(owner)
        return bool(by_rows) and all(self._rows[place].is_over(each, now) for place, each in by_rows.items())

    def _watching(self, kind: str, namespace: str, rows: WatchedRows) -> Watching:
        resource = well_known(kind)
        assert resource is not None
        return Watching(
            connect=self.connect,
            resource=resource,
            namespace=namespace,
            fields=WARNINGS if kind == "Event" else "",
            follower=rows,
            tell=partial(self._tell, self._note(kind, namespace)),
            count=self.count,
        )

    def _note(self, kind: str, namespace: str) -> str:
        """Return the key of the note about one watch."""
        resource = well_known(kind)
        assert resource is not None
        return f"watch {resource.plural} {self.cluster} {namespace}".strip()

    def _tell(self, about: str, error: Exception | None) -> None:
        if error is None:
            self.notes.pop(about, None)
            return
        # Others are our own mistakes, and logged where they were caught.
        says = str(error) if isinstance(error, ClusterError) else f"internal error: {type(error).__name__}"
        if about not in self.notes:
            _log.warning("watch_unavailable", about=about, error=says)
        self.notes[about] = safe_line(says)


# With trouble in more namespaces at once, one look at the whole cluster costs less and finds their common cause.
_MOST_LOOKS: Final = 3
# A look diagnoses fewer; the payload of its job stays small.
_MOST_TROUBLES: Final = 200
# An edit that failed for good, because Slack was away for long, is tried again.
_EDIT_AGAIN: Final = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Watcher:
    """Runs the watches of this process. `notes` say what cannot be watched and why."""

    services: Services
    settings: Settings
    options: RuntimeOptions
    start: StartJob
    team: str
    notes: dict[str, str] = field(default_factory=dict)
    _watches: dict[str, ClusterWatch] = field(default_factory=dict)
    _edited: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled, then give the leases up."""
        if not self.settings.watched:
            return
        try:
            while True:
                for cluster in sorted({place.cluster for place in self.settings.watched}):
                    try:
                        await self._once(cluster, self.services.clock())
                    except (StoreUnavailable, JobsUnavailable) as error:
                        _log.warning("watch_delayed", error=str(error))
                    except Exception:  # noqa: BLE001 - logged; without this loop no trouble would ever be posted
                        _log.exception("watch_round_failed", cluster=cluster)
                await asyncio.sleep(self.options.watch_look_s)
        finally:
            for cluster in list(self._watches):
                await self._stop(cluster)
                with contextlib.suppress(StoreUnavailable):
                    await self.services.store.watch_leases.release(cluster, self.settings.replica)

    async def _once(self, cluster: str, now: datetime) -> None:
        if not await self.services.store.watch_leases.take(
            cluster, self.settings.replica, now, lasts=self.options.watch_lease
        ):
            await self._stop(cluster)
            return
        watch = self._watches.get(cluster) or self._begin(cluster)
        due = watch.due(now)
        for place in [each for each in self.settings.watched if each.cluster == cluster]:
            for namespace in place.namespaces or ("",):
                await self._look(place, due.get(namespace) or {}, now)
        await self._end(cluster, watch, now)

    def _begin(self, cluster: str) -> ClusterWatch:
        namespaces = {
            name for place in self.settings.watched if place.cluster == cluster for name in place.namespaces or ("",)
        }
        watch = self._watches[cluster] = ClusterWatch(
            cluster=cluster,
            namespaces=sorted(namespaces),
            connect=partial(self.services.clusters.get, cluster),
            clock=self.services.clock,
            lasting=timedelta(minutes=self.settings.watch_after),
            well=self.options.watch_well,
            notes=self.notes,
            count=self.services.metrics.watch_changed,
        )
        watch.start()
        return watch

    async def _stop(self, cluster: str) -> None:
        if (watch := self._watches.pop(cluster, None)) is not None:
            await watch.stop()

    async def _look(self, place: WatchedPlace, due: Mapping[str, tuple[LastingTrouble, ...]], now: datetime) -> None:
        """Start a look at each namespace with trouble that is due."""
        if len(due) > _MOST_LOOKS:
            due = {"": tuple(each for troubles in due.values() for each in troubles)}
        for namespace, troubles in due.items():
            payload = WatchJob(
                team=self.team,
                channel=place.channel,
                namespace=namespace,
                cluster=place.cluster,
                lasting=tuple(sorted(troubles, key=lambda each: each.since)[:_MOST_TROUBLES]),
            )
            id = f"watch.{place.channel}/{place.cluster}/{namespace}.{now:%Y%m%dT%H%M%S.%fZ}"
            await self.start(id, payload)

    async def _end(self, cluster: str, watch: ClusterWatch, now: datetime) -> None:
        """Start the edits of the posts whose objects have all been well for a minute."""
        lasting = await self.services.store.watch_posts.lasting(cluster)
        for post in lasting:
            before = self._edited.get(post.key)
            recently = before is not None and now - before < _EDIT_AGAIN
            if not recently and watch.is_over((Identity(*each) for each in post.objects), now):
                self._edited[post.key] = now
                id = f"watch.over.{post.key}.{now:%Y%m%dT%H%M%S}"
                await self.start(id, WatchOverJob(post=post.key, at=now, channel=post.channel))
        for key in self._edited.keys() - {post.key for post in lasting}:
            del self._edited[key]
