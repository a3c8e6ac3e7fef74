"""The HorizontalPodAutoscalers of a workload."""

from __future__ import annotations

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from intents.domain import Json, ObjectRef


async def autoscalers_of(snapshot: Snapshot, workload: ObjectRef) -> tuple[Json, ...]:
    """Return the HorizontalPodAutoscalers that scale a workload, by name. Raises ClusterError."""
    listing = await snapshot.list("HorizontalPodAutoscaler", namespace=workload.namespace)
    return tuple(sorted((each for each in listing.items if _scales(each, workload)), key=name_of))


def _scales(autoscaler: Json, workload: ObjectRef) -> bool:
    scaled = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (scaled.get("kind"), scaled.get("name")) == (workload.kind, workload.name)
