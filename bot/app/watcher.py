"""Watch the configured namespaces while this process holds their cluster's lease, and start a job for what lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.cluster.clusters import Clusters
from bot.cluster.resources import well_known
from bot.cluster.watching import Watching
from bot.jobs import Jobs, JobsUnavailable
from bot.overviews.troubled_objects import Identity
from bot.overviews.watched_rows import WatchedRows
from bot.settings.watch import WatchedPlace
from bot.store import Store, StoreUnavailable
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)

KINDS: Final = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "PersistentVolumeClaim")
LASTING: Final = timedelta(minutes=3)
# What is well for this long is over.
_WELL: Final = timedelta(minutes=1)
LOOK_S: Final = 5.0
_Place = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Watcher:
    """Runs the watches of this process. `notes` say what cannot be watched and why."""

    store: Store
    jobs: Jobs
    clusters: Clusters
    places: Sequence[WatchedPlace]
    executor: str
    team: str
    clock: Callable[[], datetime]
    every: float = LOOK_S
    notes: dict[str, str] = field(default_factory=dict)
    _tasks: dict[str, list[asyncio.Task[None]]] = field(default_factory=dict)
    _rows: dict[_Place, WatchedRows] = field(default_factory=dict)
    _well: dict[str, datetime] = field(default_factory=dict)

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
            for cluster in list(self._tasks):
                await self._stop(cluster)
                with contextlib.suppress(StoreUnavailable):
                    await self.store.watch_leases.release(cluster, self.executor)

    async def _once(self, cluster: str, now: datetime) -> None:
        if not await self.store.watch_leases.take(cluster, self.executor, now):
            await self._stop(cluster)
            return
        namespaces = sorted({name for place in self._of(cluster) for name in place.namespaces or ("",)})
        if cluster not in self._tasks:
            self._tasks[cluster] = [task for name in namespaces for task in self._start(cluster, name)]
            _log.info("watch_started", cluster=cluster, namespaces=len(namespaces))
        for name in namespaces:
            await self._look(cluster, name, now)
            await self._end(cluster, name, now)

    def _of(self, cluster: str) -> list[WatchedPlace]:
        return [place for place in self.places if place.cluster == cluster]

    def _start(self, cluster: str, namespace: str) -> list[asyncio.Task[None]]:
        rows = WatchedRows(clock=self.clock, lasting=LASTING, kinds=frozenset(KINDS))
        self._rows[cluster, namespace] = rows
        tasks = []
        for kind in KINDS:
            resource = well_known(kind)
            assert resource is not None
            watching = Watching(
                connect=partial(self.clusters.get, cluster),
                resource=resource,
                namespace=namespace,
                follower=rows,
                tell=partial(self._tell, f"watch {resource.plural} {cluster} {namespace}".strip()),
            )
            tasks.append(asyncio.create_task(watching.run()))
        return tasks

    async def _stop(self, cluster: str) -> None:
        tasks = self._tasks.pop(cluster, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, about: str, error: Exception | None) -> None:
        if error is None:
            self.notes.pop(about, None)
            return
        if about not in self.notes:
            _log.warning("watch_unavailable", about=about, error=str(error))
        self.notes[about] = safe_line(str(error))

    async def _look(self, cluster: str, namespace: str, now: datetime) -> None:
        lasting = self._rows[cluster, namespace].due(now)
        for place in self._of(cluster) if lasting else ():
            if namespace in (place.namespaces or ("",)):
                payload = {
                    "team": self.team,
                    "channel": place.channel,
                    "namespace": namespace,
                    "cluster": cluster,
                    "lasting": [list(each) for each in lasting],
                }
                id = f"watch.{place.channel}/{cluster}/{namespace}.{now:%Y%m%dT%H%M%S.%fZ}"
                await self.jobs.start("watch", id, payload)

    async def _end(self, cluster: str, namespace: str, now: datetime) -> None:
        """Start the edits of the posts whose objects are all well, and have been for a minute."""
        rows = self._rows[cluster, namespace]
        if not rows.complete:
            return
        for post in await self.store.watch_posts.of(cluster, namespace):
            if any(Identity(*each) in rows for each in post.objects):
                self._well.pop(post.key, None)
            elif now - self._well.setdefault(post.key, now) >= _WELL:
                await self.jobs.start("watch", f"watch.over.{post.key}.{post.since:%Y%m%dT%H%M%S}", {"over": post.key})
