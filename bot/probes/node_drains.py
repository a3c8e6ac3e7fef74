"""The pods that draino leaves on the nodes it drains, and whether its arguments say so.

draino (planetlabs) cordons and drains nodes that have one of the conditions in its arguments. Without its flag it skips
pods of StatefulSets and reports the drain as succeeded: no event names the pods that stay. A row joins the flag, the
node's conditions and the pod.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.containers import OFF, arguments, flag, template_containers
from bot.kube.objects import (
    annotations_of,
    by_node,
    condition,
    has_ended,
    is_terminating,
    name_of,
    namespace_of,
    node_name_of,
    place_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.owners import owner_of, owner_references
from bot.kube.placement import is_cordoned
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from intents.domain import Json, ObjectRef, ProbeResult, Row

_DRAINO: Final = re.compile(r"(?i)(?:^|[/_-])draino(?:[:@_-]|$)")
_PREFIX: Final = "DRAINO_"
EVICT_FLAG: Final = "evict-statefulset-pods"
# Forks replaced it by a list of kinds that stay; the default is StatefulSet and DaemonSet.
SPARE_FLAG: Final = "do-not-evict-pod-controlled-by"
_SCHEDULED: Final = "DrainScheduled"
_NOT_SAFE: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
# Flags whose value may be the next word: that word is no condition.
_TAKING_VALUES: Final = (
    "listen", "kubeconfig", "master", "max-grace-period", "eviction-headroom", "drain-buffer", "node-label",
    "node-label-expr", "namespace", "leader-election-lease-duration", "leader-election-renew-deadline",
    "leader-election-retry-period", "leader-election-token-name", "protected-pod-annotation", SPARE_FLAG,
)  # fmt: skip


class _Drain(RowValues):
    namespace: str  # draino's Deployment
    deployment: str
    container: str
    available: int
    arguments: str
    watches: tuple[str, ...]  # the node conditions in its arguments
    evicts: bool  # it evicts pods of StatefulSets
    spares: str  # the value of the forks' flag, "" where it is not given
    evicts_nothing: str  # --dry-run or --skip-drain, "" for neither
    node: str
    conditions: tuple[str, ...]  # those of the node that draino watches and that hold
    cordoned: bool
    drain: str  # scheduled, completed, failed; "" where draino has not marked the node
    drain_message: str
    pod_namespace: str
    pod: str  # "" for a node without a pod of a StatefulSet
    statefulset: str
    also: tuple[str, ...]  # other reasons for which draino does not evict this pod


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draino:
    """A Deployment of draino and its container, with what its flags mean."""

    deployment: Json
    container: Json

    @property
    def spares(self) -> str:
        return flag(self.container, SPARE_FLAG, takes_value=True, env_prefix=_PREFIX)

    @property
    def evicts(self) -> bool:
        if flag(self.container, EVICT_FLAG, env_prefix=_PREFIX) not in ("", OFF):
            return True
        # Only the last of the fork's flags is known, and any of them replaces the whole list.
        return bool(self.spares) and "StatefulSet" not in " ".join(_words(self.container))

    @property
    def evicts_nothing(self) -> str:
        given = (each for each in ("dry-run", "skip-drain") if flag(self.container, each, env_prefix=_PREFIX) == "true")
        return next((f"--{each}" for each in given), "")

    @property
    def watches(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arguments(self.container, _TAKING_VALUES)))

    def holds_of(self, node: Json) -> tuple[str, ...]:
        """Return the watched conditions that a node has; `Type=Status,10m` asks for another status than True."""
        held = []
        for watched in self.watches:
            kind, _, rest = watched.partition("=")
            if condition(node, kind).get("status") == (rest.partition(",")[0] or "True"):
                held.append(kind)
        return tuple(dict.fromkeys(held))


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for key in ("command", "args") for word in container.get(key) or ()]


@probe(
    says="a row per StatefulSet pod on a node that draino should drain, or for such a node without any",
    row=_Drain,
    permissions=may("list", "deployments.apps", "nodes", "pods"),
)
async def read(look: Look) -> ProbeResult:
    """Read draino's Deployments; where there is one, all nodes and the pods on those it should drain."""
    found = [each for item in await look.list("Deployment") for each in _drainos(item)]
    if not found:
        return ProbeResult(not_applicable="no Deployment of this cluster runs draino")
    # The pod that stays could be in a part that is missing.
    nodes, pods = await asyncio.gather(look.whole("Node"), look.whole("Pod"))
    if nodes is None or pods is None:
        return ProbeResult()
    wanted = _wanted_nodes(look, pods)
    if wanted is not None and not wanted & set(map(name_of, nodes)):
        return ProbeResult(missing=str(look.focus) if look.focus.name else f"Node {look.focus.node}")
    staying = by_node(pod for pod in pods if _is_skipped_kind(pod) and _is_meant(look, pod))
    rows = [row for draino in found for row in _drained(draino, nodes, wanted, staying)]
    return ProbeResult(rows=tuple(rows or [_row(draino, {}, None) for draino in found]))


def _drained(
    draino: _Draino, nodes: Iterable[Json], wanted: set[str] | None, staying: Mapping[str, Sequence[Json]]
) -> Iterator[Row]:
    """Yield the rows of the nodes in question, else of those that draino should drain."""
    for node in sorted(nodes, key=name_of):
        meant = name_of(node) in wanted if wanted is not None else draino.holds_of(node) or _drain(node)
        if meant:
            for pod in sorted(staying.get(name_of(node), ()), key=place_of) or (None,):
                yield _row(draino, node, pod)


def _drainos(deployment: Json) -> Iterable[_Draino]:
    containers = template_containers(deployment)
    return [
        _Draino(deployment=deployment, container=each)
        for each in containers
        if _DRAINO.search(str(each.get("image") or ""))
        or (len(containers) == 1 and _DRAINO.search(name_of(deployment)))
    ]


def _wanted_nodes(look: Look, pods: Iterable[Json]) -> set[str] | None:
    """Return the nodes that the request is about, None for all."""
    focus = look.focus
    if focus.name and focus.kind != "Node":
        return {node_name_of(pod) for pod in pods if _is_meant(look, pod)} - {""}
    return {focus.named_node} if focus.named_node else None


def _is_meant(look: Look, pod: Json) -> bool:
    focus = look.focus
    if focus.namespace and focus.kind != "Node" and namespace_of(pod) != focus.namespace:
        return False
    if not focus.name or focus.kind == "Node":
        return True
    return focus.name == (name_of(pod) if focus.kind in ("Pod", "") else owner_of(pod).name)


def _is_skipped_kind(pod: Json) -> bool:
    """Tell whether draino skips the pod by default: it belongs to a StatefulSet, has not ended and is not deleted."""
    owned = any(each.get("kind") == "StatefulSet" for each in owner_references(pod))
    return owned and not is_terminating(pod) and not has_ended(pod)


def _drain(node: Json) -> str:
    """Return how far the drain of a node is, by the condition that draino writes."""
    scheduled = condition(node, _SCHEDULED)
    message = str(scheduled.get("message") or "")
    if "Completed" in message:
        return "completed"
    if "Failed" in message:
        return "failed"
    return "scheduled" if scheduled.get("status") == "True" else ""


def _row(draino: _Draino, node: Json, pod: Json | None) -> Row:
    container, name = draino.container, name_of(draino.deployment)
    conditions = draino.holds_of(node)
    words = " ".join(_words(container))
    return _Drain(
        namespace=namespace_of(draino.deployment),
        deployment=name,
        container=str(container.get("name") or ""),
        available=int(status_of(draino.deployment).get("availableReplicas") or 0),
        arguments=words,
        watches=draino.watches,
        evicts=draino.evicts,
        spares=draino.spares,
        evicts_nothing=draino.evicts_nothing,
        node=name_of(node),
        conditions=conditions,
        cordoned=is_cordoned(node),
        drain=_drain(node),
        drain_message=str(condition(node, _SCHEDULED).get("message") or ""),
        pod_namespace=namespace_of(pod or {}),
        pod=name_of(pod or {}),
        statefulset=owner_of(pod).name if pod else "",
        also=_also(draino, pod) if pod else (),
    ).row(
        _subject(draino, node, pod),
        quote=f"{name}: {words}",
        reproduce=manifest_of(ref(draino.deployment, "Deployment")),
    )


def _subject(draino: _Draino, node: Json, pod: Json | None) -> ObjectRef:
    """Return the nearest object that a row is about."""
    if pod:
        return ref(pod, "Pod")
    return ref(node, "Node") if node else ref(draino.deployment, "Deployment")


def _also(draino: _Draino, pod: Json) -> tuple[str, ...]:
    """Return draino's other reasons to skip a pod."""
    volumes = spec_of(pod).get("volumes") or ()
    ignores = flag(draino.container, "ignore-safe-to-evict-annotation", env_prefix=_PREFIX) == "true"
    local = flag(draino.container, "evict-emptydir-pods", env_prefix=_PREFIX) not in ("", OFF)
    found = []
    if not local and any("emptyDir" in volume for volume in volumes):
        found.append("it has an emptyDir volume and --evict-emptydir-pods is not set")
    if not ignores and annotations_of(pod).get(_NOT_SAFE) == "false":
        found.append(f"its annotation {_NOT_SAFE} is false")
    return tuple(found)
