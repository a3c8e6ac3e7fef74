"""Find the objects whose fields name an object: who needs one that does not exist."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.graph.edges import edges_of, key_of
from bot.kube.objects import named_ref
from bot.kube.owners import controller_of
from intents.domain import ObjectRef

_RUNNING: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
# Which kinds have fields that name an object of a kind; each is one list more.
_NAMED_BY: Final = {
    **dict.fromkeys(
        ("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "PriorityClass", "RuntimeClass"), _RUNNING
    ),
    "StorageClass": ("PersistentVolumeClaim", "PersistentVolume"),
    "Service": ("Ingress", "StatefulSet"),
    "IngressClass": ("Ingress",),
}


async def references_to(snapshot: Snapshot, target: ObjectRef) -> tuple[ObjectRef, ...]:
    """Return the objects that name an object, without what a controller made of them. A failed read finds none."""
    sought = key_of(target.kind, target.namespace, target.name)

    async def of(kind: str) -> list[ObjectRef]:
        with suppress(ClusterError):
            listed = (await snapshot.list(kind, namespace=target.namespace)).items
            own = (one for one in listed if controller_of(one) is None)
            return [named_ref(one, kind) for one in own if any(edge.target == sought for edge in edges_of(one))]
        return []

    found = await asyncio.gather(*map(of, _NAMED_BY.get(target.kind, ())))
    return tuple(one for refs in found for one in refs)
