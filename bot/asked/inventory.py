"""Find what a question names in a cluster, and suggest names while a person types one: as far as they may see it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, named_ref
from bot.probes.contract import may
from intents.domain import ObjectRef
from intents.talk.mentions import BY_NAME, Inventory, Mentions, mentions, places_in

_NODE: Final = "Node"
PERMISSIONS: Final = may("list", "Namespace", _NODE, *BY_NAME, "Pod")
# A person who names no kind means one of these, in this order.
USUAL_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
_MOST: Final = 5_000


async def inventory_of(
    snapshot: Snapshot, text: str, *, near: Iterable[str] = (), kinds: Sequence[str] = BY_NAME
) -> Inventory:
    """Return what the cluster has: of namespaces that the text names, or that are `near`, else of all of them.

    What cannot be read is left out. Raise no ClusterError.
    """
    spaces, nodes = await asyncio.gather(snapshot.list_readable("Namespace"), snapshot.list_readable(_NODE))
    known = frozenset(map(name_of, spaces))
    places = [*dict.fromkeys((*places_in(text, known), *(one for one in near if one in known)))] or [""]
    found = await asyncio.gather(*(snapshot.list_readable(kind, place) for kind in kinds for place in places))
    of_list = [kind for kind in kinds for _ in places]
    objects: defaultdict[str, list[ObjectRef]] = defaultdict(list)
    for kind, items in [*zip(of_list, found, strict=True), (_NODE, nodes)]:
        for one in items:
            objects[name_of(one)].append(named_ref(one, kind))
    return Inventory(namespaces=known, objects={name: tuple(of_name) for name, of_name in objects.items()})


async def mentioned(snapshot: Snapshot, text: str, *, home: str = "", near: Sequence[ObjectRef] = ()) -> Mentions:
    """Return what a question names, first in the namespaces that it or its thread names, then anywhere.

    `home` is the asker's namespace, `near` what the thread is about. Raise no ClusterError.
    """
    places = tuple(dict.fromkeys(filter(None, (home, *(one.namespace for one in near)))))
    found = mentions(text, await inventory_of(snapshot, text, near=places), home=home, near=near)
    kinds = ("Pod", *BY_NAME) if found.pods else BY_NAME
    if found.first is None or found.unknown or found.misspelt:
        return mentions(text, await inventory_of(snapshot, "", kinds=kinds), home=home, near=near)
    if found.pods:
        return mentions(text, await inventory_of(snapshot, text, near=places, kinds=kinds), home=home, near=near)
    return found


async def objects_of(
    snapshot: Snapshot, kinds: Sequence[str], namespace: str, *, within: float
) -> tuple[ObjectRef, ...]:
    """Return the objects of these kinds in a namespace, "" for all; lists that cannot be read in time are left out."""
    reads = [asyncio.ensure_future(_named(snapshot, kind, namespace)) for kind in kinds]
    try:
        await asyncio.wait(reads, timeout=within)
        return tuple(one for read in reads if read.done() for one in read.result())[:_MOST]
    finally:
        for read in reads:
            read.cancel()


async def _named(snapshot: Snapshot, kind: str, namespace: str) -> list[ObjectRef]:
    return [named_ref(one, kind) for one in await snapshot.list_readable(kind, namespace) if name_of(one)]


def like_typed(typed: str, found: Iterable[ObjectRef], *, most: int) -> list[ObjectRef]:
    """Return the objects whose namespace/name contains what was typed, those whose name begins so first."""
    space, slash, name = typed.strip().lower().rpartition("/")

    def fits(one: ObjectRef) -> bool:
        return name in one.name and one.namespace.startswith(space) if slash else name in f"{one.namespace} {one.name}"

    kept = sorted(filter(fits, found), key=lambda one: (not one.name.startswith(name), name not in one.name))
    return kept[:most]
