"""Read what is unhealthy now in the clusters that a person may see: cheaply, from lists, without diagnoses.

People who may see the same part of a cluster and ask at the same time share one read; nothing is cached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

import structlog

from bot.cluster.errors import ClusterError
from bot.jobs import JobRun
from bot.kube.access import Access
from bot.overviews.overview import overview
from bot.workflows.job_payloads import OpenedJob
from bot.workflows.services import LimitReached, Requester, Services, retry_step
from intents.domain import Json, Language, Text
from intents.overview import Overview, without_muted
from responses import failures
from responses.overview import SafeOverview, gaps, scrubbed_overview
from responses.slack.home import CLUSTERS

_log: Final = structlog.get_logger(__name__)

# A person's places in Slack are filled again at most so often.
_EVERY: Final = timedelta(minutes=1)
# What comes later is of no use.
_PAUSES_S: Final = (2.0, 5.0)
P = TypeVar("P", bound=OpenedJob)


async def fill_page(
    services: Services, step: str, fill: Callable[[P], Awaitable[None]], run: JobRun, payload: P
) -> Json | None:
    """Fill a page of the app that a person opened, unless it was filled a moment ago."""

    async def due(payload: P) -> Json | None:
        return {"due": True} if await services.once(f"{payload.kind}/{payload.user}", within=_EVERY) else None

    if await retry_step(run, "due", due, payload, pauses=_PAUSES_S):
        await retry_step(run, step, fill, payload, pauses=_PAUSES_S)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFound:
    """The overviews that were read. `unread` names the clusters that failed and why, `refused` why none may be read.

    `further` counts clusters beyond those that are read at once.
    """

    clusters: Sequence[SafeOverview] = ()
    unread: Sequence[Text] = ()
    further: int = 0
    refused: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthNow:
    """Reads the clusters of a person."""

    services: Services
    _reading: dict[tuple[str, Access], asyncio.Task[Overview]] = field(default_factory=dict)

    async def of(self, requester: Requester) -> HealthFound:
        """Return what is unhealthy in the part of the clusters that this person may see."""
        services, scope = self.services, requester.scope
        if scope.text_only_reason is not None:
            return HealthFound(refused=scope.text_only_reason)
        names = scope.clusters(services.clusters.names)
        looks = await asyncio.gather(*(self._look(name, scope.access(name)) for name in names[:CLUSTERS]))
        mutes = await services.store.mutes.list(scope.who.channel, services.clock())
        found = [without_muted(each, [mute.muted for mute in mutes]) for each in looks if isinstance(each, Overview)]
        return HealthFound(
            clusters=[await asyncio.to_thread(scrubbed_overview, each) for each in found],
            unread=[each for each in looks if isinstance(each, Text)],
            further=max(0, len(names) - CLUSTERS),
        )

    async def _look(self, cluster: str, access: Access) -> Overview | Text:
        key = (cluster, access)
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(self._read(cluster, access))
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        try:
            found = await asyncio.shield(task)
        except LimitReached:
            return failures.cluster_busy(cluster)
        except ClusterError as error:
            _log.warning("health_read_failed", cluster=cluster, error=str(error))
            return failures.cluster_unreachable(cluster, error.reason)
        if found.gaps and not found.looked_at:
            return Text(en=_nothing_read(found, Language.EN), zh=_nothing_read(found, Language.ZH))
        return found

    async def _read(self, cluster: str, access: Access) -> Overview:
        services = self.services
        with services.concurrency.slot(cluster):
            connection = await services.clusters.get(cluster)
            try:
                return await overview(
                    "",
                    engine=services.engine(),
                    connection=connection,
                    deadline=services.deadline,
                    access=access,
                    diagnosed=0,
                )
            except ClusterError as error:
                services.clusters.give_up(connection, error)
                raise


def _nothing_read(found: Overview, language: Language) -> str:
    return f"{found.cluster}: {gaps(found, language)}"
