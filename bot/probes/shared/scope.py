"""Which pods a look is about: the one named, those of the owner named, or all that fit.

Shared by the probes that read pods, so that "about this StatefulSet" means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError, Forbidden, NotFound
from bot.probes.contract import Look
from intents.domain import Gap, Json, ObjectRef, Permission

# Pods of ReplicaSets, DaemonSets and Jobs end in a suffix from this alphabet (apimachinery's rand.SafeEncodeString).
_SUFFIX: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_HASH: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}$")

_SELECTING_KINDS: Final = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"}
)
# What `pods_of` reads: the pods, and what selects them where that is asked about.
READS_PODS: Final = (
    Permission(verb="get", resource="pods"),
    Permission(verb="list", resource="pods"),
    Permission(verb="get", resource="replicationcontrollers"),
    Permission(verb="get", group="apps", resource="daemonsets"),
    Permission(verb="get", group="apps", resource="deployments"),
    Permission(verb="get", group="apps", resource="replicasets"),
    Permission(verb="get", group="apps", resource="statefulsets"),
    Permission(verb="get", group="batch", resource="jobs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The pods a look is about, sorted by namespace and name; see Reading for `missing` and `gaps`."""

    pods: tuple[Json, ...] = ()
    missing: str = ""
    gaps: tuple[Gap, ...] = ()


async def pods_of(look: Look) -> Suspects:
    """Read the pods that the look's focus means.

    A pod that is gone is stood in for by its successors: pods of the same owner, told by the generated name. They can
    support; `missing` keeps them from refuting anything about the pod that was named.
    """
    focus = look.focus
    try:
        if focus.kind in ("Pod", "") and focus.name:
            return await _named(look)
        if focus.kind == "Node" and focus.name:
            return await _listed(look, fields=f"spec.nodeName={focus.name}", namespace="")
        if focus.kind in _SELECTING_KINDS and focus.name and focus.namespace:
            return await _selected(look)
        if focus.name:
            return await _owned(look)
        return await _listed(look, namespace=focus.namespace)
    except ClusterError as error:
        return Suspects(gaps=(error.gap(f"pods of {focus}" if focus.name else _pods_in(focus.namespace)),))


async def _named(look: Look) -> Suspects:
    focus = look.focus
    found: tuple[Json, ...]
    if focus.namespace:
        pod = await look.snapshot.find("Pod", focus.name, namespace=focus.namespace)
        found = (pod,) if pod else ()
    else:
        found, gaps = await _anywhere(look)
        if gaps:
            return Suspects(pods=_sorted(found).pods, gaps=gaps)
    if found:
        return _sorted(found)
    missing = str(ObjectRef(kind="Pod", namespace=focus.namespace, name=focus.name))
    stem = generated_stem(focus.name)
    if not stem or not focus.namespace:
        return Suspects(missing=missing)
    listing = await look.snapshot.list("Pod", namespace=focus.namespace)
    successors = [pod for pod in listing.items if generated_stem(name_of(pod)) == stem]
    return Suspects(pods=_sorted(successors).pods, missing=missing)


async def _anywhere(look: Look) -> tuple[tuple[Json, ...], tuple[Gap, ...]]:
    """Pods of a name in any namespace; with rights in one namespace only, the context's own, and a gap for the rest."""
    name = look.focus.name
    try:
        return (await look.snapshot.list("Pod", fields=f"metadata.name={name}")).items, ()
    except Forbidden as error:
        pod = await look.snapshot.find("Pod", name, namespace=look.snapshot.default_namespace)
        return (pod,) if pod else (), (error.gap(_pods_in("")),)


async def _selected(look: Look) -> Suspects:
    focus = look.focus
    try:
        owner = await look.snapshot.get(focus.kind, focus.name, namespace=focus.namespace)
    except NotFound:
        return Suspects(missing=str(focus))
    selector = owner.get("spec", {}).get("selector") or {}
    labels = selector.get("matchLabels", selector if focus.kind == "ReplicationController" else {})
    if not labels:
        return await _owned(look)
    return await _listed(look, namespace=focus.namespace, labels=selecting(labels))


async def _owned(look: Look) -> Suspects:
    """Pods whose owner, as far as their own metadata tells it, is the one named."""
    listed = await _listed(look, namespace=look.focus.namespace)
    mine = [pod for pod in listed.pods if owner_of(pod).name == look.focus.name]
    return Suspects(pods=tuple(mine), missing="" if mine else str(look.focus), gaps=listed.gaps)


async def _listed(look: Look, *, namespace: str, labels: str = "", fields: str = "") -> Suspects:
    listing = await look.snapshot.list("Pod", namespace=namespace, labels=labels, fields=fields)
    gap = listing.gap(_pods_in(namespace))
    return Suspects(pods=_sorted(listing.items).pods, gaps=(gap,) if gap else ())


def selecting(labels: Mapping[str, Any]) -> str:
    """The label selector that asks for objects with all these labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _pods_in(namespace: str) -> str:
    return f"pods in {namespace}" if namespace else "pods in all namespaces"


def _sorted(pods: Any) -> Suspects:
    return Suspects(pods=tuple(sorted(pods, key=lambda pod: (namespace_of(pod), name_of(pod)))))


def name_of(obj: Mapping[str, Any]) -> str:
    return str(obj.get("metadata", {}).get("name", ""))


def namespace_of(obj: Mapping[str, Any]) -> str:
    return str(obj.get("metadata", {}).get("namespace", ""))


def ref(obj: Mapping[str, Any], kind: str = "") -> ObjectRef:
    """The reference of a plain JSON object."""
    return ObjectRef(
        kind=kind or str(obj.get("kind", "")),
        namespace=namespace_of(obj),
        name=name_of(obj),
        uid=str(obj.get("metadata", {}).get("uid", "")),
    )


def generated_stem(pod_name: str) -> str:
    """The part of a pod's name that its successor keeps: `api-7d9fcb6d5-x2x4z` → `api`, `agent-x2x4z` → `agent`.

    Empty for a name that no controller generated.
    """
    stem = _SUFFIX.sub("", pod_name)
    return "" if stem == pod_name else _HASH.sub("", stem)


def owner_of(pod: Mapping[str, Any]) -> ObjectRef:
    """The workload a pod belongs to, from its own metadata, without another read.

    A ReplicaSet's name is its Deployment's with the pod-template-hash, a CronJob's Job ends in the schedule's minutes,
    a static pod's name ends in its node's. A pod without an owner is its own.
    """
    metadata = pod.get("metadata", {})
    owners = metadata.get("ownerReferences") or []
    owner = next((entry for entry in owners if entry.get("controller")), owners[0] if owners else None)
    if owner is None:
        return ref(pod, "Pod")
    kind, name = str(owner.get("kind", "")), str(owner.get("name", ""))
    if kind == "ReplicaSet" and (hash_ := (metadata.get("labels") or {}).get("pod-template-hash")):
        stem = name.removesuffix(f"-{hash_}")
        if stem != name:
            kind, name = "Deployment", stem
    elif kind == "Job" and re.search(r"-\d{8,}$", name):
        kind, name = "CronJob", re.sub(r"-\d{8,}$", "", name)
    elif kind == "Node":
        kind, name = "StaticPod", name_of(pod).removesuffix(f"-{name}")
    return ObjectRef(kind=kind, namespace=namespace_of(pod), name=name)
