"""Find objects of other kinds that carry a missing object's name: people type a workload's name for a pod."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.owners import generated_stem
from intents.domain import ObjectRef

_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Pod")
_MOST: Final = 3


async def of_other_kinds(snapshot: Snapshot, target: ObjectRef) -> tuple[ObjectRef, ...]:
    """Return objects of the target's namespace with its name, or whose generated name begins with it."""
    if not target.namespace:
        return ()
    found = await asyncio.gather(*(_named(snapshot, kind, target) for kind in _KINDS if kind != target.kind))
    return tuple(ref for refs in found for ref in refs)[:_MOST]


async def _named(snapshot: Snapshot, kind: str, target: ObjectRef) -> tuple[ObjectRef, ...]:
    try:
        resource = await snapshot.resource(kind)
        listing = await snapshot.list(resource, namespace=target.namespace)
    except ClusterError:
        return ()
    return tuple(
        ObjectRef(kind=kind, namespace=namespace_of(item), name=name_of(item))
        for item in sorted(listing.items, key=name_of)
        if _is_meant(name_of(item), target.name)
    )


def _is_meant(name: str, asked: str) -> bool:
    """Return whether the names are the same but for the parts that controllers generate."""
    return name == asked or generated_stem(name) == asked or name == generated_stem(asked)
