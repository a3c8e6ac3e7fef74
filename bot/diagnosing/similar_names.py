"""Suggest objects that a missing object's name may mean: the same name elsewhere or of another kind, similar names."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from rapidfuzz import fuzz

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, named_ref
from bot.kube.owners import generated_stem
from intents.domain import Json, ObjectRef

# So many objects are suggested, and so many of them for a similar name.
MOST_CANDIDATES: Final = 5
_MOST_SIMILAR: Final = 3
_CLOSE_ENOUGH: Final = 60.0
# So much a word must resemble a name to be a misspelling of it: "chekout", "checkuot", "checkouts" are of "checkout".
_MISSPELT: Final = 80.0
# The kinds that people ask about, those first that they most often mean by a name.
_KINDS: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Ingress", "HorizontalPodAutoscaler",
    "PersistentVolumeClaim", "ConfigMap", "Pod",
)  # fmt: skip


async def candidates(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> tuple[ObjectRef, ...]:
    """Return the objects that a missing object's name may mean, the likeliest first. Failed reads suggest nothing.

    Objects of exactly this name come first: of its kind in other namespaces, of other kinds in its namespace, the rest.
    """
    named, similar = await asyncio.gather(
        _of_that_name(snapshot, resource, target), _similar(snapshot, resource, target)
    )
    return tuple(dict.fromkeys((*named, *similar)))[:MOST_CANDIDATES]


async def is_almost_a_name(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> bool:
    """Tell whether a word is a misspelt name of an object, so that it is a name and no other word."""
    listed = await listed_anywhere(snapshot, resource, namespace=target.namespace)
    return any(_resemblance(name_of(item), target.name) >= _MISSPELT for item in listed)


async def listed_anywhere(
    snapshot: Snapshot, kind: str | Resource, *, namespace: str, fields: str = ""
) -> tuple[Json, ...]:
    """Return the objects of a kind: all, those of the namespace if only they can be listed, or none."""
    for place in dict.fromkeys(("", namespace)):
        with suppress(ClusterError):
            return (await snapshot.list(kind, namespace=place, fields=fields)).items
    return ()


async def _of_that_name(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> list[ObjectRef]:
    """Return the objects of the common kinds that have this name, or that of the workload if it is a pod's."""
    name = (target.kind == "Pod" and generated_stem(target.name)) or target.name

    async def of(kind: str | Resource) -> list[ObjectRef]:
        listed = await listed_anywhere(snapshot, kind, namespace=target.namespace, fields=f"metadata.name={name}")
        return [named_ref(item, kind if isinstance(kind, str) else kind.kind) for item in listed]

    kinds = (resource, *(kind for kind in _KINDS if kind != resource.kind))
    found = await asyncio.gather(*map(of, kinds), _namespace(snapshot, name))
    named = [one for refs in found for one in refs if not one.is_named_as(target)]
    if not named and target.kind != "Pod" and target.namespace:
        named = await _generated_pods(snapshot, target)
    named.sort(key=lambda one: (one.kind == "Namespace", one.kind != target.kind, one.namespace != target.namespace))
    return named


async def _namespace(snapshot: Snapshot, name: str) -> list[ObjectRef]:
    with suppress(ClusterError):
        return [named_ref(found, "Namespace")] if (found := await snapshot.find("Namespace", name)) else []
    return []


async def _generated_pods(snapshot: Snapshot, target: ObjectRef) -> list[ObjectRef]:
    """Return the pods of the namespace whose generated names begin with this name: no common kind controls them."""
    with suppress(ClusterError):
        pods = (await snapshot.list("Pod", namespace=target.namespace)).items
        return [named_ref(pod, "Pod") for pod in pods if generated_stem(name_of(pod)) == target.name]
    return []


async def _similar(snapshot: Snapshot, resource: Resource, target: ObjectRef) -> list[ObjectRef]:
    """Return the objects of the same kind whose names most resemble the requested one."""
    listed = await listed_anywhere(snapshot, resource, namespace=target.namespace)
    scored = sorted((-_likeness(one, target), one) for one in (named_ref(item, resource.kind) for item in listed))
    return [one for score, one in scored[:_MOST_SIMILAR] if -score >= _CLOSE_ENOUGH]


def _likeness(one: ObjectRef, target: ObjectRef) -> float:
    """Score how much a name resembles the requested one, 0 to 100; a requested namespace counts for a quarter."""
    resemblance = _resemblance(one.name, target.name)
    if not target.namespace:
        return resemblance
    return 0.75 * resemblance + 0.25 * fuzz.ratio(one.namespace, target.namespace)


def _resemblance(name: str, asked: str) -> float:
    """Score how much two names resemble, 0 to 100. People type the workload's name, the beginning of a pod's."""
    return max(fuzz.ratio(name, asked), fuzz.ratio(generated_stem(name) or name, asked))
