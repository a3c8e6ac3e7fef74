"""Suggest objects that a missing object's name may mean: similar names, and the same name of another kind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from rapidfuzz import fuzz

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.owners import generated_stem
from intents.domain import Json, ObjectRef

_MOST: Final = 3
_CLOSE_ENOUGH: Final = 60.0
# So much a word must resemble a name to be a misspelling of it: "chekout", "checkuot", "checkouts" are of "checkout".
_MISSPELT: Final = 80.0
_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Pod")


async def closest(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> tuple[str, ...]:
    """Return existing names that resemble the requested one: in its namespace, or the same name elsewhere."""
    listed = await _listed(snapshot, resource, namespace=target.namespace)
    scored = sorted((-_likeness(item, target), place(item)) for item in listed)
    return tuple(place for score, place in scored[:_MOST] if -score >= _CLOSE_ENOUGH)


async def is_almost_a_name(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> bool:
    """Tell whether a word is a misspelt name of an object, so that it is a name and no other word."""
    listed = await _listed(snapshot, resource, namespace=target.namespace)
    return any(_resemblance(name_of(item), target.name) >= _MISSPELT for item in listed)


async def _listed(snapshot: Snapshot, resource: Resource, *, namespace: str) -> tuple[Json, ...]:
    """Return the objects of a kind: all, those of the namespace if only they can be listed, or none."""
    for place in dict.fromkeys(("", namespace)):
        with suppress(ClusterError):
            return (await snapshot.list(resource, namespace=place)).items
    return ()


def _likeness(item: Mapping[str, object], target: ObjectRef) -> float:
    """Score how much an object's name resembles the requested one, 0 to 100; the namespace counts for a quarter."""
    namespaces = fuzz.ratio(namespace_of(item), target.namespace) if target.namespace else 100.0
    return 0.75 * _resemblance(name_of(item), target.name) + 0.25 * namespaces


def _resemblance(name: str, asked: str) -> float:
    """Score how much two names resemble, 0 to 100. People type the workload's name, the beginning of a pod's."""
    return max(fuzz.ratio(name, asked), fuzz.ratio(generated_stem(name) or name, asked))


def place(item: Mapping[str, object]) -> str:
    """Return namespace/name of an object, its name alone outside namespaces."""
    return f"{namespace_of(item)}/{name_of(item)}".lstrip("/")


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
