"""Suggest namespaces and objects while a person types a name: bounded, and as far as that person may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.reads import listed
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, named_ref
from intents.domain import ObjectRef

# A person who names no kind means one of these, in this order.
USUAL_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
MOST: Final = 5_000


async def objects(snapshot: Snapshot, kinds: Sequence[str], namespace: str, *, within: float) -> tuple[ObjectRef, ...]:
    """Return the objects of these kinds in a namespace, "" for all; lists that cannot be read in time are left out."""
    reads = [asyncio.ensure_future(_named(snapshot, kind, namespace)) for kind in kinds]
    try:
        await asyncio.wait(reads, timeout=within)
        return tuple(one for read in reads if read.done() for one in read.result())[:MOST]
    finally:
        for read in reads:
            read.cancel()


async def _named(snapshot: Snapshot, kind: str, namespace: str) -> list[ObjectRef]:
    return [named_ref(one, kind) for one in await listed(snapshot, kind, namespace) if name_of(one)]


def like(typed: str, found: Iterable[ObjectRef], *, most: int) -> list[ObjectRef]:
    """Return the objects whose namespace/name contains what was typed, those whose name begins so first."""
    space, slash, name = typed.strip().lower().rpartition("/")

    def fits(one: ObjectRef) -> bool:
        return name in one.name and one.namespace.startswith(space) if slash else name in f"{one.namespace} {one.name}"

    kept = sorted(filter(fits, found), key=lambda one: (not one.name.startswith(name), name not in one.name))
    return kept[:most]
