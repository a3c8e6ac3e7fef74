"""Search the cluster for the object of a kind and name, or suggest objects with a similar name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError, Forbidden
from bot.cluster.object_lists import ObjectList
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.graph.edges import edges_of, key_of
from bot.kube.objects import name_of, named_ref, ref, spec_of, status_of
from bot.kube.owners import controller_of, generated_stem, ordinal_of, workload_of
from bot.kube.rollouts import replicas_of
from bot.kube.services import ip_in
from intents.domain import Existence, Focus, Json, NamedObject, ObjectRef
from intents.spelling import likeness

# A name may be that of another kind: people say "pod checkout" of a Deployment.
_CUSTOM: Final = ("TidbCluster",)
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", *_CUSTOM)
ANY_KIND: Final = ("Pod", *_WORKLOADS, "Service")
_GENERATING: Final = ("ReplicaSet", "DaemonSet", "Job")
_CUT: Final = "…"
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


class IncompleteList(Exception):
    """Error: a list lacks objects, so nothing can be said about what is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of a search: the objects of that name, or one object to diagnose `instead`.

    `candidates` are the objects whose names begin with a cut name, if there are several.
    """

    objects: tuple[Json, ...] = ()
    instead: ObjectRef | None = None
    existence: Existence = Existence.EXISTS
    candidates: tuple[ObjectRef, ...] = ()


async def find(snapshot: Snapshot, asked: Focus) -> Found:
    """Find an object by kind and name, by the beginning of a cut name, or by its address. Raise ClusterError."""
    resource = await snapshot.resource(asked.kind)
    if not resource.namespaced:
        asked = replace(asked, namespace="")
    if asked.name.endswith(_CUT):
        return await _by_beginning(snapshot, resource, asked)
    if found := await exact(snapshot, resource, asked):
        return Found(objects=found)
    if ip_in(asked.name):
        return await _by_address(snapshot, resource, asked)
    if owner := await _owner(snapshot, asked):
        return Found(instead=owner, existence=Existence.REPLACED)
    if resource.namespaced and (other := await _of_another_kind(snapshot, asked)):
        return Found(instead=other)
    return Found(existence=Existence.MISSING)


async def readable(snapshot: Snapshot, kind: str, name: str, *, namespace: str = "") -> Json | None:
    """Return an object, None if it does not exist or cannot be read."""
    with suppress(ClusterError):
        return await snapshot.find(kind, name, namespace=namespace)
    return None


async def exact(snapshot: Snapshot, resource: Resource, asked: Focus) -> tuple[Json, ...]:
    """Return the objects of exactly this name. Raise ClusterError."""
    if asked.namespace or not resource.namespaced:
        found = await snapshot.find(resource, asked.name, namespace=asked.namespace)
        return (found,) if found else ()
    return _complete(await snapshot.list(resource, fields=f"metadata.name={asked.name}"))


def _complete(listing: ObjectList) -> tuple[Json, ...]:
    """Return the items of a list. Raise IncompleteList if it lacks some: they may be what is sought."""
    if listing.truncated:
        raise IncompleteList
    return listing.items


async def _by_beginning(snapshot: Snapshot, resource: Resource, asked: Focus) -> Found:
    beginning = asked.name.removesuffix(_CUT).rstrip("-.")
    listed = _complete(await snapshot.list(resource, namespace=asked.namespace))
    found = [item for item in listed if name_of(item).startswith(beginning)]
    if len(found) == 1:
        return Found(instead=ref(found[0], resource.kind))
    if resource.kind == "Pod" and len(owners := {workload_of(pod) for pod in found}) == 1:
        return Found(instead=owners.pop())
    several = tuple(named_ref(item, resource.kind) for item in found[:MOST_CANDIDATES])
    return Found(existence=Existence.MISSING, candidates=several)


async def _by_address(snapshot: Snapshot, resource: Resource, asked: Focus) -> Found:
    listed = _complete(await snapshot.list(resource, namespace=asked.namespace))
    found = [item for item in listed if asked.name in _addresses(item)]
    if len(found) != 1:
        return Found(existence=Existence.MISSING)
    return Found(instead=ref(found[0], resource.kind))


def _addresses(obj: Json) -> frozenset[str]:
    status, spec = status_of(obj), spec_of(obj)
    of_host = spec.get("hostNetwork") and status.get("podIP") == status.get("hostIP")
    own = () if of_host else (status.get("podIP"), spec.get("clusterIP"))
    listed = (each.get("address") for each in status.get("addresses") or ())
    return frozenset(str(address) for address in (*own, *listed) if address)


async def _owner(snapshot: Snapshot, asked: Focus) -> ObjectRef | None:
    """Return the owner of a pod that is gone: of the pods that share its stem, or the StatefulSet of its ordinal."""
    if asked.kind != "Pod":
        return None
    if (ordinal := ordinal_of(asked.name)) >= 0:
        stem = asked.name.rpartition("-")[0]
        sets = await exact(snapshot, await snapshot.resource("StatefulSet"), replace(asked, name=stem))
        # Each ordinal is a pod of its own: beyond the replicas, the others say nothing about it.
        wanted = [one for one in sets if ordinal < replicas_of(one).desired]
        return ref(wanted[0], "StatefulSet") if len(wanted) == 1 else None
    stem = generated_stem(asked.name)
    if not stem:
        return None
    pods = (await snapshot.list("Pod", namespace=asked.namespace)).items
    owners = {workload_of(pod) for pod in pods if generated_stem(name_of(pod)) == stem}
    if owners:
        return owners.pop() if len(owners) == 1 else None
    return await _owner_without_pods(snapshot, replace(asked, name=asked.name.rpartition("-")[0]))


async def _owner_without_pods(snapshot: Snapshot, asked: Focus) -> ObjectRef | None:
    """Return the workload that generates pods of this name and has none: the API server may refuse them."""
    for kind in _GENERATING:
        made = await exact(snapshot, await snapshot.resource(kind), asked)
        wanting = [one for one in made if replicas_of(one).created < replicas_of(one).desired]
        if len(wanting) == 1:
            owner = controller_of(wanting[0])
            return replace(owner, uid="") if owner and kind == "ReplicaSet" else ref(wanting[0], kind)
    return None


async def _of_another_kind(snapshot: Snapshot, asked: Focus) -> ObjectRef | None:
    """Return the one workload or pod that has this name although the text says another kind."""
    if asked.kind not in (*ANY_KIND, "ReplicaSet") or asked.kind == "Service":
        return None
    found = await _of_kinds(snapshot, asked, [kind for kind in (*_WORKLOADS, "Pod") if kind != asked.kind])
    return found[0] if len(found) == 1 else None


async def _of_kinds(snapshot: Snapshot, asked: Focus, kinds: Sequence[str]) -> tuple[ObjectRef, ...]:
    """Return the objects of these kinds that have this name. A kind that cannot be read has none."""

    async def of(kind: str) -> tuple[ObjectRef, ...]:
        try:
            return await _readable(snapshot, await snapshot.resource(kind), asked)
        except ClusterError:
            return ()

    answers = await asyncio.gather(*map(of, kinds))
    return tuple(one for answer in answers for one in answer)


# --- the object of a request ----------------------------------------------------------------------------------------


async def sought(snapshot: Snapshot, resource: Resource, asked: Focus) -> NamedObject:
    """Find the object that a request names: it is `instead`. If none or several fit, the `candidates` may be meant.

    In the place of an object that does not exist is the owner of a pod that was replaced, the object of that address,
    or the workload of that name. Without a namespace all readable ones are searched. Raise ClusterError.
    """
    about = NamedObject(
        target=asked.ref, existence=Existence.EXISTS, everywhere=resource.namespaced and not asked.namespace
    )
    found = await _readable(snapshot, resource, asked)
    if not found and (instead := await _in_place_of(snapshot, resource, asked)) is not None:
        return replace(about, existence=instead.existence, instead=instead.instead)
    found = found or await _of_kinds(snapshot, asked, _said_as(resource.kind))
    if len(found) == 1:
        return replace(about, instead=found[0])
    if found:
        return replace(about, candidates=found[:MOST_CANDIDATES])
    alike, named_by = await asyncio.gather(
        candidates(snapshot, resource, asked.ref), references_to(snapshot, asked.ref)
    )
    return replace(about, existence=Existence.MISSING, candidates=alike, named_by=named_by)


async def exists(snapshot: Snapshot, resource: Resource, asked: Focus, *, as_workload: bool = False) -> bool:
    """Tell whether an object of this kind and name exists, or `as_workload` a workload of it. Raise ClusterError."""
    if as_workload:
        return bool(await _of_kinds(snapshot, asked, _said_as(resource.kind)))
    return bool(await _readable(snapshot, resource, asked))


def _said_as(kind: str) -> Sequence[str]:
    """Return the kinds of objects that people name with this one: a workload as a pod, a custom resource as either."""
    if kind == "Pod":
        return _WORKLOADS
    return _CUSTOM if kind in (*_WORKLOADS, "ReplicaSet") else ()


async def _readable(snapshot: Snapshot, resource: Resource, asked: Focus) -> tuple[ObjectRef, ...]:
    """Return the objects of exactly this kind and name that may be read. Raise ClusterError."""
    items: Sequence[Json | None]
    if asked.namespace or not resource.namespaced:
        items = [await snapshot.find(resource, asked.name, namespace=asked.namespace)]
    else:
        try:
            items = (await snapshot.list(resource, fields=f"metadata.name={asked.name}")).items
        except Forbidden:
            # Casebook may be limited to its own namespace.
            items = [await snapshot.find(resource, asked.name)]
            if items == [None]:
                raise
    return tuple(named_ref(item, resource.kind) for item in items if item)


async def _in_place_of(snapshot: Snapshot, resource: Resource, asked: Focus) -> Found | None:
    """Return the object of that address, or the owner of a pod that was replaced."""
    try:
        if ip_in(asked.name):
            found = await _by_address(snapshot, resource, asked)
            return found if found.instead else None
        owner = await _owner(snapshot, asked)
    except (ClusterError, IncompleteList):
        return None
    return Found(instead=owner, existence=Existence.REPLACED) if owner else None


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
    found = await readable(snapshot, "Namespace", name)
    return [named_ref(found, "Namespace")] if found else []


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
    return 0.75 * resemblance + 0.25 * likeness(one.namespace, target.namespace)


def _resemblance(name: str, asked: str) -> float:
    """Score how much two names resemble, 0 to 100. People type the workload's name, the beginning of a pod's."""
    return max(likeness(name, asked), likeness(generated_stem(name) or name, asked))


# --- who names it ---------------------------------------------------------------------------------------------------


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
