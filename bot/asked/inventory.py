"""List what a question may name: namespaces, nodes, and the objects of the namespaces that it names."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.reads import listed
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, named_ref
from bot.probes.contract import may
from intents.domain import ObjectRef
from intents.talk.mentions import BY_NAME, Inventory, places_in

_NODE: Final = "Node"
PERMISSIONS: Final = may(
    "list", "namespaces", "nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch",
    "jobs.batch", "services", "ingresses.networking.k8s.io", "horizontalpodautoscalers.autoscaling",
    "persistentvolumeclaims", "pods",
)  # fmt: skip


async def inventory_of(
    snapshot: Snapshot, text: str, *, near: Iterable[str] = (), kinds: Sequence[str] = BY_NAME
) -> Inventory:
    """Return what the cluster has: of namespaces that the text names, or that are `near`, else of all of them.

    What cannot be read is left out. Raise no ClusterError.
    """
    spaces, nodes = await asyncio.gather(listed(snapshot, "Namespace"), listed(snapshot, _NODE))
    known = frozenset(map(name_of, spaces))
    places = [*dict.fromkeys((*places_in(text, known), *(one for one in near if one in known)))] or [""]
    found = await asyncio.gather(*(listed(snapshot, kind, place) for kind in kinds for place in places))
    of_list = [kind for kind in kinds for _ in places]
    objects: defaultdict[str, list[ObjectRef]] = defaultdict(list)
    for kind, items in [*zip(of_list, found, strict=True), (_NODE, nodes)]:
        for one in items:
            objects[name_of(one)].append(named_ref(one, kind))
    return Inventory(namespaces=known, objects={name: tuple(of_name) for name, of_name in objects.items()})
