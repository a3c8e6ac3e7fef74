"""What draino leaves on the nodes it was to drain, and whether its arguments say so.

draino (planetlabs) cordons and drains nodes that have one of the conditions in its arguments. Without its flag it
passes over pods of StatefulSets and reports the drain as succeeded: no event names what stays. So the flag, the node's
conditions and the pods are joined here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.flags import OFF, arguments, flag
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.placement import is_cordoned
from bot.probes.contract import Look, Probe
from intents.declaring import FormerNames
from intents.domain import Gap, Json, ObjectRef, Permission, ProbeDeclaration, Reading, Row, RowType, Value

_DRAINO: Final = re.compile(r"(?i)(?:^|[/_-])draino(?:[:@_-]|$)")
_PREFIX: Final = "DRAINO_"
EVICT_FLAG: Final = "evict-statefulset-pods"
# Forks replaced it by a list of kinds that stay; it begins as StatefulSet and DaemonSet.
SPARE_FLAG: Final = "do-not-evict-pod-controlled-by"
_SCHEDULED: Final = "DrainScheduled"
_NOT_SAFE: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
# Flags that may stand apart from their value: that value is no condition.
_TAKING_VALUES: Final = (
    "listen", "kubeconfig", "master", "max-grace-period", "eviction-headroom", "drain-buffer", "node-label",
    "node-label-expr", "namespace", "leader-election-lease-duration", "leader-election-renew-deadline",
    "leader-election-retry-period", "leader-election-token-name", "protected-pod-annotation", SPARE_FLAG,
)  # fmt: skip

DECLARATION: Final = ProbeDeclaration(
    name="node-drains",
    says="a row per StatefulSet pod on a node that draino was to drain, or for such a node without any",
    rows={
        "namespace": RowType.STRING,  # draino's Deployment
        "deployment": RowType.STRING,
        "container": RowType.STRING,
        "available": RowType.INTEGER,
        "arguments": RowType.STRING,
        "watches": RowType.STRINGS,  # the node conditions in its arguments
        "evicts": RowType.BOOLEAN,  # it evicts pods of StatefulSets
        "spares": RowType.STRING,  # what the flag of the forks says, "" where it is not given
        "evicts_nothing": RowType.STRING,  # --dry-run or --skip-drain, "" for neither
        "node": RowType.STRING,
        "conditions": RowType.STRINGS,  # those of the node that draino watches and that hold
        "cordoned": RowType.BOOLEAN,
        "drain": RowType.STRING,  # scheduled, completed, failed; "" where draino has not marked the node
        "drain_message": RowType.STRING,
        "pod_namespace": RowType.STRING,
        "pod": RowType.STRING,  # "" for a node without a pod of a StatefulSet
        "statefulset": RowType.STRING,
        "also": RowType.STRINGS,  # what else keeps draino from evicting this pod
    },
    permissions=(
        Permission(verb="list", group="apps", resource="deployments"),
        Permission(verb="list", resource="nodes"),
        Permission(verb="list", resource="pods"),
    ),
    formerly=(FormerNames(probe="draino"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draino:
    """A Deployment of draino and its container."""

    deployment: Json
    container: Json

    @property
    def spares(self) -> str:
        return flag(self.container, SPARE_FLAG, takes_value=True, env_prefix=_PREFIX)

    @property
    def evicts(self) -> bool:
        if flag(self.container, EVICT_FLAG, env_prefix=_PREFIX) not in ("", OFF):
            return True
        # The last of the fork's flags is known, and any of them replaces the whole list.
        return bool(self.spares) and "StatefulSet" not in " ".join(_words(self.container))

    @property
    def evicts_nothing(self) -> str:
        said = (name for name in ("dry-run", "skip-drain") if flag(self.container, name, env_prefix=_PREFIX) == "true")
        return next((f"--{name}" for name in said), "")

    @property
    def watches(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arguments(self.container, _TAKING_VALUES)))

    def holds_of(self, node: Json) -> tuple[str, ...]:
        """The watched conditions that a node has; `Type=Status,10m` asks for another status than True."""
        held = []
        for watched in self.watches:
            kind, _, rest = watched.partition("=")
            if condition(node, kind).get("status") == (rest.partition(",")[0] or "True"):
                held.append(kind)
        return tuple(dict.fromkeys(held))


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for key in ("command", "args") for word in container.get(key) or ()]


async def read(look: Look) -> Reading:
    """Read draino's Deployments; where there is one, all nodes and the pods on those it was to drain."""
    try:
        deployments = await look.snapshot.list("Deployment")
    except ClusterError as error:
        return Reading(gaps=(error.gap("Deployments, to find draino"),))
    gap = deployments.gap("Deployments")
    found = [each for item in deployments.items for each in _drainos(item)]
    if not found:
        return Reading(gaps=(gap,)) if gap else Reading(not_applicable="no Deployment of this cluster runs draino")
    nodes, pods = await asyncio.gather(_list(look, "Node"), _list(look, "Pod"))
    gaps = [each for each in (gap, nodes, pods) if isinstance(each, Gap)]
    if isinstance(nodes, Gap) or isinstance(pods, Gap):
        return Reading(gaps=tuple(gaps))
    wanted = _wanted_nodes(look, pods)
    if wanted is not None and not wanted & set(map(name_of, nodes)):
        return Reading(gaps=tuple(gaps), missing=str(look.focus) if look.focus.name else f"Node {look.focus.node}")
    staying = [pod for pod in pods if _is_of_statefulset(pod) and _is_meant(look, pod)]
    rows = [
        row
        for draino in found
        for node in sorted(nodes, key=name_of)
        if (name_of(node) in wanted if wanted is not None else draino.holds_of(node) or _drain(node))
        for row in _rows(draino, node, [pod for pod in staying if _node_of(pod) == name_of(node)])
    ]
    return Reading(rows=tuple(rows or [_row(draino, {}, None) for draino in found]), gaps=tuple(gaps))


async def _list(look: Look, kind: str) -> Sequence[Json] | Gap:
    """A whole list: what is missing of one could be the pod that stays."""
    try:
        listing = await look.snapshot.list(kind)
    except ClusterError as error:
        return error.gap()
    return listing.gap(f"all {kind}s") or listing.items


def _drainos(deployment: Json) -> Iterable[_Draino]:
    template = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = template.get("containers") or ()
    return [
        _Draino(deployment=deployment, container=each)
        for each in containers
        if _DRAINO.search(str(each.get("image") or ""))
        or (len(containers) == 1 and _DRAINO.search(name_of(deployment)))
    ]


def _wanted_nodes(look: Look, pods: Iterable[Json]) -> set[str] | None:
    """The nodes that the request is about, None for all."""
    focus = look.focus
    if focus.kind == "Node" and focus.name:
        return {focus.name}
    if focus.name:
        return {_node_of(pod) for pod in pods if _is_meant(look, pod)} - {""}
    return {focus.node} if focus.node else None


def _is_meant(look: Look, pod: Json) -> bool:
    focus = look.focus
    if focus.namespace and focus.kind != "Node" and namespace_of(pod) != focus.namespace:
        return False
    if not focus.name or focus.kind == "Node":
        return True
    return focus.name == (name_of(pod) if focus.kind in ("Pod", "") else owner_of(pod).name)


def _is_of_statefulset(pod: Json) -> bool:
    """Whether it is one that draino passes over: running, not leaving, controlled by a StatefulSet."""
    owners = (pod.get("metadata") or {}).get("ownerReferences") or ()
    leaving = (pod.get("metadata") or {}).get("deletionTimestamp")
    done = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not leaving and not done and any(each.get("kind") == "StatefulSet" for each in owners)


def _node_of(pod: Json) -> str:
    return str((pod.get("spec") or {}).get("nodeName") or "")


def _drain(node: Json) -> str:
    """How far draino is with a node, as the condition says that it writes."""
    scheduled = condition(node, _SCHEDULED)
    message = str(scheduled.get("message") or "")
    if "Completed" in message:
        return "completed"
    if "Failed" in message:
        return "failed"
    return "scheduled" if scheduled.get("status") == "True" else ""


def _rows(draino: _Draino, node: Json, pods: Sequence[Json]) -> list[Row]:
    ordered = sorted(pods, key=lambda pod: (namespace_of(pod), name_of(pod)))
    return [_row(draino, node, pod) for pod in ordered] or [_row(draino, node, None)]


def _row(draino: _Draino, node: Json, pod: Json | None) -> Row:
    container, name = draino.container, name_of(draino.deployment)
    conditions = draino.holds_of(node)
    values: dict[str, Value] = {
        "namespace": namespace_of(draino.deployment),
        "deployment": name,
        "container": str(container.get("name") or ""),
        "available": int((draino.deployment.get("status") or {}).get("availableReplicas") or 0),
        "arguments": " ".join(_words(container)),
        "watches": draino.watches,
        "evicts": draino.evicts,
        "spares": draino.spares,
        "evicts_nothing": draino.evicts_nothing,
        "node": name_of(node),
        "conditions": conditions,
        "cordoned": is_cordoned(node),
        "drain": _drain(node),
        "drain_message": str(condition(node, _SCHEDULED).get("message") or ""),
        "pod_namespace": namespace_of(pod or {}),
        "pod": name_of(pod or {}),
        "statefulset": owner_of(pod).name if pod else "",
        "also": _also(draino, pod) if pod else (),
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod") if pod else ref(node, "Node") if node else _of_deployment(draino.deployment),
        quote=f"{name}: {values['arguments']}",
        reproduce=f"kubectl -n {values['namespace']} get deployment {name} -o yaml",
    )


def _of_deployment(deployment: Json) -> ObjectRef:
    return ref(deployment, "Deployment")


def _also(draino: _Draino, pod: Json) -> tuple[str, ...]:
    """draino's other reasons to pass over a pod."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    ignores = flag(draino.container, "ignore-safe-to-evict-annotation", env_prefix=_PREFIX) == "true"
    local = flag(draino.container, "evict-emptydir-pods", env_prefix=_PREFIX) not in ("", OFF)
    found = []
    if not local and any("emptyDir" in volume for volume in volumes):
        found.append("it has an emptyDir volume and --evict-emptydir-pods is not set")
    if not ignores and annotations.get(_NOT_SAFE) == "false":
        found.append(f"its annotation {_NOT_SAFE} is false")
    return tuple(found)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
