"""Watch the configured namespaces while this process holds their cluster's lease, and start a job for what lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.app.cluster_watch import ClusterWatch
from bot.cluster.clusters import Clusters
from bot.jobs import JobsUnavailable, StartJob
from bot.overviews.troubled_objects import Identity
from bot.overviews.watched_rows import WELL, LastingTrouble
from bot.settings.watch import WatchedPlace
from bot.store import Store, StoreUnavailable
from bot.store.watch_posts import LEASE
from bot.workflows.job_payloads import WatchJob, WatchOverJob

_log: Final = structlog.get_logger(__name__)

LOOK_S: Final = 5.0
# With trouble in more namespaces at once, one look at the whole cluster costs less and finds their common cause.
_MOST_LOOKS: Final = 3
# A look diagnoses fewer; the payload of its job stays small.
_MOST_TROUBLES: Final = 200
# An edit that failed for good, because Slack was away for long, is tried again.
_EDIT_AGAIN: Final = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Watcher:
    """Runs the watches of this process. `notes` say what cannot be watched and why."""

    store: Store
    start: StartJob
    clusters: Clusters
    places: Sequence[WatchedPlace]
    executor: str
    team: str
    clock: Callable[[], datetime]
    lasting: timedelta
    lease: timedelta = LEASE
    well: timedelta = WELL
    every: float = LOOK_S
    count: Callable[[str], None] = lambda _change: None
    notes: dict[str, str] = field(default_factory=dict)
    _watches: dict[str, ClusterWatch] = field(default_factory=dict)
    _edited: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled, then give the leases up."""
        if not self.places:
            return
        try:
            while True:
                for cluster in sorted({place.cluster for place in self.places}):
                    try:
                        await self._once(cluster, self.clock())
                    except (StoreUnavailable, JobsUnavailable) as error:
                        _log.warning("watch_delayed", error=str(error))
                    except Exception:  # noqa: BLE001 - logged; without this loop no trouble would ever be posted
                        _log.exception("watch_round_failed", cluster=cluster)
                await asyncio.sleep(self.every)
        finally:
            for cluster in list(self._watches):
                await self._stop(cluster)
                with contextlib.suppress(StoreUnavailable):
                    await self.store.watch_leases.release(cluster, self.executor)

    async def _once(self, cluster: str, now: datetime) -> None:
        if not await self.store.watch_leases.take(cluster, self.executor, now, lasts=self.lease):
            await self._stop(cluster)
            return
        watch = self._watches.get(cluster) or self._begin(cluster)
        due = watch.due(now)
        for place in [each for each in self.places if each.cluster == cluster]:
            for namespace in place.namespaces or ("",):
                await self._look(place, due.get(namespace) or {}, now)
        await self._end(cluster, watch, now)

    def _begin(self, cluster: str) -> ClusterWatch:
        namespaces = {name for place in self.places if place.cluster == cluster for name in place.namespaces or ("",)}
        watch = self._watches[cluster] = ClusterWatch(
            cluster=cluster,
            namespaces=sorted(namespaces),
            connect=partial(self.clusters.get, cluster),
            clock=self.clock,
            lasting=self.lasting,
            well=self.well,
            notes=self.notes,
            count=self.count,
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
        lasting = await self.store.watch_posts.lasting(cluster)
        for post in lasting:
            before = self._edited.get(post.key)
            recently = before is not None and now - before < _EDIT_AGAIN
            if not recently and watch.is_over((Identity(*each) for each in post.objects), now):
                self._edited[post.key] = now
                id = f"watch.over.{post.key}.{now:%Y%m%dT%H%M%S}"
                await self.start(id, WatchOverJob(post=post.key, at=now, channel=post.channel))
        for key in self._edited.keys() - {post.key for post in lasting}:
            del self._edited[key]
