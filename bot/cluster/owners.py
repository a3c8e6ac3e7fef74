"""From an object up to the one that people edit, through the controller references.

A change to anything below it would be written over by its controller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of, ref
from intents.domain import Gap, Json, ObjectRef, Permission

# A custom resource over a custom resource over a workload over a ReplicaSet over a pod; a loop would end here as well.
_HIGHEST: Final = 6

# What following owners reads. Other custom resources are reported by name alone where the role does not know them.
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
    """The controllers of an object, from the next to the topmost that is known.

    `manifests` has the same ones, but for the last if it could not be read: then `gap` says why.
    """

    refs: tuple[ObjectRef, ...] = ()
    manifests: tuple[Json, ...] = ()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The topmost owner that is known. `manifest` is None, with a gap that says why, if only its name is."""

    ref: ObjectRef
    manifest: Json | None = None
    gap: Gap | None = None


async def owners_of(snapshot: Snapshot, obj: Json) -> Owners:
    """Follow the controllers of an object upwards. Never raises ClusterError."""
    refs: list[ObjectRef] = []
    manifests: list[Json] = []
    current: Json = obj
    while len(refs) < _HIGHEST:
        owner = _controller(current)
        if owner is None or owner.get("kind") == "Node":
            break
        above = ObjectRef(
            kind=str(owner.get("kind", "")),
            namespace=namespace_of(obj),
            name=str(owner.get("name", "")),
            uid=str(owner.get("uid", "")),
        )
        try:
            current = await snapshot.get(_word(owner), above.name, namespace=above.namespace)
        except ClusterError as error:
            return Owners(refs=(*refs, above), manifests=tuple(manifests), gap=error.gap(str(above)))
        refs.append(ref(current, above.kind))
        manifests.append(current)
    return Owners(refs=tuple(refs), manifests=tuple(manifests))


async def topmost(snapshot: Snapshot, obj: Json) -> Top:
    """The last of the owners; an object without one is its own top. Never raises ClusterError."""
    owners = await owners_of(snapshot, obj)
    if not owners.refs:
        return Top(ref=ref(obj), manifest=obj)
    return Top(ref=owners.refs[-1], manifest=None if owners.gap else owners.manifests[-1], gap=owners.gap)


def _controller(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def _word(owner: Mapping[str, Any]) -> str:
    """How discovery is asked for exactly this kind: Kind.version.group."""
    group, _, version = str(owner.get("apiVersion", "")).rpartition("/")
    return f"{owner.get('kind', '')}.{version}.{group}".rstrip(".")
