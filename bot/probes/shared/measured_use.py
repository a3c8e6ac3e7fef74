"""Read from the metrics server how much cpu and memory pods use."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from bot.cluster.access import record_gap
from bot.kube.objects import place_of
from bot.probes.contract import Look, may
from intents.domain import Gap, GapReason, Json

_METRICS: Final = "podmetrics.metrics.k8s.io"
# For more namespaces the use of all pods is read at once.
_MOST_APART: Final = 5
READS_USE: Final = may("list", "pods.metrics.k8s.io")


async def measured_use(look: Look, namespaces: Collection[str]) -> Mapping[tuple[str, str], Json]:
    """Return what the pods of some namespaces use, by their place."""
    places = sorted(namespaces) if len(namespaces) <= _MOST_APART else [""]
    if await look.snapshot.served(_METRICS) is None:
        detail = "this cluster serves no metrics.k8s.io: install metrics-server"
        record_gap(Gap(what="the use of pods", reason=GapReason.NOT_CONFIGURED, detail=detail,
                       detail_zh="该集群没有提供 metrics.k8s.io：请安装 metrics-server"))  # fmt: skip
        return {}
    listings = await asyncio.gather(*(look.list(_METRICS, namespace=place) for place in places))
    return {place_of(item): item for items in listings for item in items}
