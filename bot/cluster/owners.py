"""Follow the controllers of an object up to the one that people edit.

A change to anything below that would be overwritten by its controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.job_runs import has_failed, success_after
from bot.kube.objects import namespace_of, ref
from bot.kube.owners import controller_of, controller_reference
from intents.domain import Gap, Json, ObjectRef, Permission

# Custom resource, custom resource, workload, ReplicaSet, pod: more is a loop.
_HIGHEST: Final = 6

# Owners of other kinds are reported by name alone, unless the role grants to read them.
PERMISSIONS: Final = (
    Permission(verb="get", group="apps", resource="daemonsets"),
    Permission(verb="get", group="apps", resource="deployments"),
    Permission(verb="get", group="apps", resource="replicasets"),
    Permission(verb="get", group="apps", resource="statefulsets"),
    Permission(verb="get", group="batch", resource="cronjobs"),
    Permission(verb="get", group="batch", resource="jobs"),
    Permission(verb="get", group="pingcap.com", resource="tidbclusters"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The controllers of an object, from the next one up to the topmost that is known.

    `manifests` has the same objects; without the last one if it could not be read, and `gap` says why.
    """

    refs: tuple[ObjectRef, ...] = ()
    manifests: tuple[Json, ...] = ()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The topmost owner that is known. `manifest` is None, with a gap that says why, if only its name is known."""

    ref: ObjectRef
    manifest: Json | None = None
    gap: Gap | None = None


async def owners_of(snapshot: Snapshot, obj: Json) -> Owners:
    """Follow the controllers of an object upwards. Never raises ClusterError."""
    refs: list[ObjectRef] = []
    manifests: list[Json] = []
    current: Json = obj
    while len(refs) < _HIGHEST:
        above = controller_of(current)
        if above is None or above.kind == "Node":
            break
        above = replace(above, namespace=namespace_of(obj))
        try:
            kind = _kind_word(controller_reference(current))
            current = await snapshot.get(kind, above.name, namespace=above.namespace)
        except ClusterError as error:
            return Owners(refs=(*refs, above), manifests=tuple(manifests), gap=error.gap(str(above)))
        refs.append(ref(current, above.kind))
        manifests.append(current)
    return Owners(refs=tuple(refs), manifests=tuple(manifests))


async def topmost(snapshot: Snapshot, obj: Json) -> Top:
    """Return the last of the owners; an object without one is its own top. Never raises ClusterError."""
    owners = await owners_of(snapshot, obj)
    if not owners.refs:
        return Top(ref=ref(obj), manifest=obj)
    return Top(ref=owners.refs[-1], manifest=None if owners.gap else owners.manifests[-1], gap=owners.gap)


def _kind_word(owner: Mapping[str, Any]) -> str:
    """Return the word by which discovery finds exactly this kind: Kind.version.group."""
    group, _, version = str(owner.get("apiVersion", "")).rpartition("/")
    return f"{owner.get('kind', '')}.{version}.{group}".rstrip(".")


PERMISSIONS_BELOW: Final = (*PERMISSIONS, Permission(verb="list", resource="pods"))
# Each controller of pods costs a few reads, which all pods of it share.
_MOST_CONTROLLERS: Final = 20


async def pods_below(snapshot: Snapshot, owner: ObjectRef, *, only: Callable[[Json], bool]) -> tuple[Json, ...]:
    """Return the pods of an object, of those that `only` accepts, by name. Raise ClusterError if pods cannot be read.

    An object outside namespaces owns no pods that could be found.
    """
    namespace = owner.namespace
    if not namespace:
        return ()
    belongs: dict[str, bool] = {}
    found = []
    for pod in (await snapshot.list("Pod", namespace=namespace)).items:
        controller = controller_of(pod)
        if controller is None or not only(pod):
            continue
        if controller.uid not in belongs and len(belongs) < _MOST_CONTROLLERS:
            above = (controller, *(await owners_of(snapshot, pod)).refs)
            belongs[controller.uid] = any(each.is_named_as(owner) for each in above)
        if belongs.get(controller.uid):
            found.append(pod)
    return tuple(found)


async def is_repeated(snapshot: Snapshot, job: Json) -> bool:
    """Tell whether a Job has failed and a later one has succeeded; False where Jobs cannot be read."""
    if not has_failed(job):
        return False
    try:
        listing = await snapshot.list("Job", namespace=namespace_of(job))
    except ClusterError:
        return False
    return success_after(job, listing.items) != ""
