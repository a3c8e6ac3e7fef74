"""Sum what DaemonSets request on each node, as the cluster autoscaler counts it before it removes a node.

It compares what the node's pods request with what is allocatable, CPU or memory, whichever is more; a node at or over
the threshold stays. Pods of DaemonSets count unless a flag excludes them, though they would go with the node. Of the
autoscaler the cluster shows its Deployment with flags, or only the status that it writes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from bot.cluster import owners
from bot.kube.containers import OFF, flag, template_containers
from bot.kube.objects import annotations_of, by_node, has_ended, name_of, named_ref, namespace_of, ref, spec_of
from bot.kube.owners import owner_of, workload_of
from bot.kube.quantities import CPU, MEMORY, Amounts, NodeUse, amounts, use_of
from bot.kube.services import is_control_plane
from bot.probes.contract import Look, RowValues, at_most, may, probe
from intents.domain import Json, ObjectRef, ProbeResult, Row
from intents.templates import bytes_, cpu

_DEFAULT_THRESHOLD: Final = Fraction(1, 2)
_IMAGE: Final = re.compile(r"(?i)cluster-autoscaler(?:-|:|@|$)")
_STATUS: Final = ("kube-system", "cluster-autoscaler-status")
_READS_AUTOSCALER: Final = (*may("list", "deployments.apps"), *may("get", "configmaps"))


class _OfAutoscaler(RowValues):
    """The cluster autoscaler as far as the cluster shows it."""

    autoscaler: str = ""  # what shows that there is one: Deployment ns/name, ConfigMap ns/name
    autoscaler_namespace: str = ""  # of its Deployment, "" where the provider runs it
    autoscaler_name: str = ""
    autoscaler_container: str = ""
    threshold_pct: int = int(_DEFAULT_THRESHOLD * 100)
    threshold_given: bool = False  # by a flag; else it is the default
    ignores: bool = False  # --ignore-daemonsets-utilization


@dataclass(frozen=True, slots=True, kw_only=True)
class _Autoscaler:
    """The cluster autoscaler, and the share of a node from which on it keeps that."""

    shown: _OfAutoscaler = field(default_factory=_OfAutoscaler)
    threshold: Fraction = _DEFAULT_THRESHOLD


async def _autoscaler_of(look: Look) -> _Autoscaler:
    """Return its Deployment with its flags; where the provider runs it out of sight, the status that it writes."""
    for deployment in sorted(await look.list("Deployment"), key=lambda each: str(ref(each))):
        for container in template_containers(deployment):
            if _IMAGE.search(str(container.get("image") or "")):
                return _deployed(deployment, container)
    status = await look.find("ConfigMap", _STATUS[1], namespace=_STATUS[0])
    return _Autoscaler(shown=_OfAutoscaler(autoscaler=f"ConfigMap {'/'.join(_STATUS)}" if status else ""))


def _deployed(deployment: Json, container: Mapping[str, Any]) -> _Autoscaler:
    given = _fraction(flag(container, "scale-down-utilization-threshold", takes_value=True))
    threshold = _DEFAULT_THRESHOLD if given is None else given
    shown = _OfAutoscaler(
        autoscaler=str(named_ref(deployment, "Deployment")),
        autoscaler_namespace=namespace_of(deployment),
        autoscaler_name=name_of(deployment),
        autoscaler_container=str(container.get("name") or ""),
        threshold_pct=_percent(threshold),
        threshold_given=given is not None,
        ignores=flag(container, "ignore-daemonsets-utilization") not in ("", OFF),
    )
    return _Autoscaler(shown=shown, threshold=threshold)


def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text) if len(text) <= 20 else None
    except (ValueError, ZeroDivisionError):
        return None


# So many nodes are shown, those of which DaemonSets request most.
MOST_NODES: Final = 100
_DISABLED: Final = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
# So many DaemonSets of a node are listed.
_LISTED: Final = 5
# A suggested request stays so far below the threshold.
_MARGIN: Final = Fraction(1, 20)


class _Largest(RowValues):
    """The DaemonSets of a node, the largest with its largest container."""

    daemonsets: tuple[str, ...]  # namespace/name and request, the largest first
    largest_namespace: str
    largest: str
    largest_container: str
    largest_request: str  # what that container requests of the resource
    suggested: str  # for that container, to stay below the threshold; "" where that cannot be


class _Requests(RowValues):
    """What DaemonSets and all pods request of a node."""

    of_subject = ("node",)

    of_autoscaler: _OfAutoscaler
    disabled: bool  # the node's annotation forbids to remove it
    resource: str  # cpu or memory: of which DaemonSets request the larger share
    daemonset_pct: int
    used_pct: int  # all pods, of the resource of which they request most
    others_pct: int  # the same without DaemonSets
    alone: bool  # DaemonSets alone reach the threshold
    decides: bool  # all pods reach the threshold, those of no DaemonSet do not
    of_largest: _Largest
    largest_top: str  # the kind of what manages this DaemonSet, DaemonSet if nothing does


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """A node with what its pods request of it."""

    use: NodeUse
    by_daemonset: Mapping[ObjectRef, tuple[Amounts, Json]]

    def of_daemonsets(self, resource: str) -> int:
        return sum(taken.get(resource, 0) for taken, _ in self.by_daemonset.values())

    def share(self, amount: int, resource: str) -> Fraction:
        allocatable = self.use.allocatable.get(resource, 0)
        return Fraction(amount, allocatable) if allocatable > 0 else Fraction(0)

    @property
    def resource(self) -> str:
        return max((CPU, MEMORY), key=lambda each: self.share(self.of_daemonsets(each), each))

    @property
    def daemonsets(self) -> Fraction:
        return self.share(self.of_daemonsets(self.resource), self.resource)

    @property
    def used(self) -> Fraction:
        return max(self.share(self.use.used.get(each, 0), each) for each in (CPU, MEMORY))

    @property
    def others(self) -> Fraction:
        return max(self.share(self.use.used.get(each, 0) - self.of_daemonsets(each), each) for each in (CPU, MEMORY))

    def largest_first(self) -> list[tuple[ObjectRef, Amounts, Json]]:
        """Return the node's DaemonSets, those that request most first."""
        found = [(owner, taken, pod) for owner, (taken, pod) in self.by_daemonset.items()]
        return sorted(found, key=lambda each: (-each[1].get(self.resource, 0), each[0]))


@probe(
    says="a row per node that the cluster autoscaler may remove, or for the one node the request is about: what"
    " DaemonSets request of it against the autoscaler's threshold",
    row=_Requests,
    permissions=(*_READS_AUTOSCALER, *owners.PERMISSIONS, *may("list", "nodes", "pods")),
)
async def read(look: Look) -> ProbeResult:
    """Read nodes, all pods and the autoscaler's own Deployment. A node that is named is the only row."""
    # With a part of the pods, shares would be too small.
    nodes, pods, scaler = await asyncio.gather(look.whole("Node"), look.whole("Pod"), _autoscaler_of(look))
    if nodes is None or pods is None:
        return ProbeResult()
    wanted = look.focus.named_node
    chosen = sorted((node for node in nodes if wanted in ("", name_of(node))), key=name_of)
    if wanted and not chosen:
        return ProbeResult(missing=f"Node {wanted}")
    on = by_node(pod for pod in pods if not has_ended(pod))
    loads = [_load(use_of(node, on[name_of(node)])) for node in chosen if wanted or not is_control_plane(node)]
    loads.sort(key=lambda load: (-load.daemonsets, load.use.name))
    shown = at_most(MOST_NODES, loads, what="all nodes", says="are shown, of which DaemonSets take most")
    return ProbeResult(rows=tuple(await asyncio.gather(*(_row(look, load, scaler) for load in shown))))


def _load(use: NodeUse) -> _Load:
    of = {workload_of(pod): (taken, pod) for pod, taken in use.requests if owner_of(pod).kind == "DaemonSet"}
    return _Load(use=use, by_daemonset=of)


async def _top(look: Look, load: _Load) -> str:
    """Return the kind of what manages the node's largest DaemonSet. An owner that cannot be read counts as well."""
    ordered = load.largest_first()
    return (await owners.topmost(look.snapshot, ordered[0][2])).ref.kind if ordered else ""


async def _row(look: Look, load: _Load, scaler: _Autoscaler) -> Row:
    resource = load.resource
    requests = _Requests(
        of_autoscaler=scaler.shown,
        disabled=annotations_of(load.use.obj).get(_DISABLED) == "true",
        resource=resource,
        daemonset_pct=_percent(load.daemonsets),
        used_pct=_percent(load.used),
        others_pct=_percent(load.others),
        alone=load.daemonsets >= scaler.threshold,
        decides=load.used >= scaler.threshold > load.others,
        of_largest=_largest(load, scaler),
        largest_top=await _top(look, load),
    )
    return requests.row(
        ref(load.use.obj, "Node"),
        quote=f"{resource}: DaemonSets {requests.daemonset_pct}%, all pods {requests.used_pct}% of allocatable",
    )


def _largest(load: _Load, scaler: _Autoscaler) -> _Largest:
    """Return the node's DaemonSets, the largest with its largest container, and a request that would do for that."""
    resource, ordered = load.resource, load.largest_first()
    in_units = cpu if resource == CPU else bytes_
    owner = ordered[0][0] if ordered else ObjectRef(kind="", name="")
    container, request = _container(ordered[0][2], resource) if ordered else ("", 0)
    return _Largest(
        daemonsets=tuple(
            f"{each.namespace}/{each.name} {in_units(amount)}"
            for each, taken, _ in ordered[:_LISTED]
            if (amount := taken.get(resource, 0))
        ),
        largest_namespace=owner.namespace,
        largest=owner.name,
        largest_container=container,
        largest_request=in_units(request) if request else "",
        suggested=_suggested(load, scaler.threshold, request),
    )


def _percent(share: Fraction) -> int:
    return int(share * 100)


def _container(pod: Json, resource: str) -> tuple[str, int]:
    """Return the container of a pod that requests most of a resource, and how much."""
    found = [
        (amounts((each.get("resources") or {}).get("requests")).get(resource, 0), str(each.get("name") or ""))
        for each in spec_of(pod).get("containers") or ()
    ]
    amount, name = max(found, default=(0, ""))
    return name, amount


def _suggested(load: _Load, threshold: Fraction, request: int) -> str:
    """Return a request for the largest container with which DaemonSets would stay below the threshold."""
    resource = load.resource
    over = load.of_daemonsets(resource) - load.use.allocatable.get(resource, 0) * (threshold - _MARGIN)
    step = 10 if resource == CPU else 1 << 20
    left = int((request - over) // step) * step
    if over <= 0 or left < step:
        return ""
    return cpu(left) if resource == CPU else f"{left >> 20}Mi"
