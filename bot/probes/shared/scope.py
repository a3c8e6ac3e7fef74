"""The pods in question: the one named, those of the owner named, or all of the namespace or cluster.

Shared by all probes that read pods, so that "about this StatefulSet" means the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.errors import ClusterError, Forbidden, NotFound
from bot.cluster.owned_pods import pods_below
from bot.cluster.repeated_jobs import is_repeated
from bot.cluster.resources import well_known
from bot.kube.job_runs import has_completed
from bot.kube.objects import label_selector, name_of, phase_of, place_of
from bot.kube.owners import generated_stem, owner_of
from bot.probes.contract import Look
from intents.domain import Gap, Json, ObjectRef, Permission

# The selector of these is a map of labels itself.
_BY_LABELS: Final = frozenset({"ReplicationController", "Service"})
_SELECTING_KINDS: Final = frozenset(
    {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "ReplicationController",
        "PodDisruptionBudget",
        "Service",
    }
)
# Pods, and the workloads whose selectors find them.
READS_PODS: Final = (
    Permission(verb="get", resource="pods"),
    Permission(verb="list", resource="pods"),
    Permission(verb="get", resource="replicationcontrollers"),
    Permission(verb="get", resource="services"),
    Permission(verb="get", group="apps", resource="daemonsets"),
    Permission(verb="get", group="apps", resource="deployments"),
    Permission(verb="get", group="apps", resource="replicasets"),
    Permission(verb="get", group="apps", resource="statefulsets"),
    Permission(verb="get", group="batch", resource="jobs"),
    Permission(verb="list", group="batch", resource="jobs"),
    Permission(verb="get", group="policy", resource="poddisruptionbudgets"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The pods in question, sorted by namespace and name; see ProbeResult for `missing` and `gaps`."""

    pods: tuple[Json, ...] = ()
    missing: str = ""
    gaps: tuple[Gap, ...] = ()


async def pods_of(look: Look) -> Suspects:
    """Read the pods in question.

    For a pod that is gone its successors are read: pods of the same owner, found by the generated name. They can
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
    """Return pods of a name in any namespace; where pods may not be listed, only in the context's own, with a gap."""
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
    labels = selector.get("matchLabels", selector if focus.kind in _BY_LABELS else {})
    if not labels:
        return await _owned(look)
    found = await _listed(look, namespace=focus.namespace, labels=label_selector(labels))
    if focus.kind == "Job" and (has_completed(owner) or await is_repeated(look.snapshot, owner)):
        # What its earlier pods did is history.
        return replace(found, pods=tuple(pod for pod in found.pods if phase_of(pod) != "Failed"))
    return found


async def _owned(look: Look) -> Suspects:
    """Return the pods whose own metadata names the owner in question, or that belong to a custom resource."""
    focus = look.focus
    listed = await _listed(look, namespace=focus.namespace)
    mine = [pod for pod in listed.pods if owner_of(pod).name == focus.name]
    if not mine and focus.namespace and well_known(focus.kind) is None:
        mine = list(await pods_below(look.snapshot, focus.ref, only=lambda _pod: True))
    return Suspects(pods=tuple(mine), missing="" if mine else str(look.focus), gaps=listed.gaps)


async def _listed(look: Look, *, namespace: str, labels: str = "", fields: str = "") -> Suspects:
    listing = await look.snapshot.list("Pod", namespace=namespace, labels=labels, fields=fields)
    gap = listing.gap(_pods_in(namespace))
    return Suspects(pods=_sorted(listing.items).pods, gaps=(gap,) if gap else ())


def _pods_in(namespace: str) -> str:
    return f"pods in {namespace}" if namespace else "pods in all namespaces"


def _sorted(pods: Any) -> Suspects:
    return Suspects(pods=tuple(sorted(pods, key=place_of)))
