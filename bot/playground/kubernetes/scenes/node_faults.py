"""Apply faults of nodes (not ready, unreachable, under pressure, cordoned) and what the node controller does then."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.messages import PRESSURE_REASONS, PRESSURES
from bot.playground.kubernetes.scenes.nodes import LEASES, taint
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.wrong import WorldError

_STOPPED: Final = "Kubelet stopped posting node status."
_DEFAULT: Final = "10m"
_PREFIX: Final = "node.kubernetes.io"


def apply(node: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a node with a fault, and its pods as the node controller marks them."""
    check(fault, keys.NODE_FAULTS, keys.ANY_FAULTS, path=path)
    since = stage.when(fault.get("since", _DEFAULT), path=(*path, "since"))
    at = times.timestamp(since)
    conditions: list[Json] = list(node["status"].get("conditions") or ())
    taints: list[Json] = [taint(each, path=(*path, "taints")) for each in fault.get("taints") or ()]
    told: list[Json] = []
    name = node["metadata"]["name"]
    if "not_ready" in fault:
        said = {"status": "False", "reason": "KubeletNotReady", "message": fault["not_ready"], "lastTransitionTime": at}
        conditions = [each | (said if each["type"] == "Ready" else {}) for each in conditions]
        taints += [
            {"key": f"{_PREFIX}/not-ready", "effect": effect, "timeAdded": at} for effect in ("NoSchedule", "NoExecute")
        ]
    if fault.get("unreachable"):
        said = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": _STOPPED, "lastTransitionTime": at}
        conditions = [each | said | {"lastHeartbeatTime": at} for each in conditions]
        taints += [
            {"key": f"{_PREFIX}/unreachable", "effect": effect, "timeAdded": at}
            for effect in ("NoSchedule", "NoExecute")
        ]
        _stop_lease(name, since=since, stage=stage)
    if "not_ready" in fault or fault.get("unreachable"):
        told.append(
            {
                "reason": "NodeNotReady",
                "message": f"Node {name} status is now: NodeNotReady",
                "source": "node-controller",
            }
        )
    if fault.get("unreachable"):
        # While its kubelet still answers, that corrects what the node controller writes into its pods.
        _mark_pods(name, since=since, stage=stage)
    if "pressure" in fault:
        kind, reason, message = _pressure(fault["pressure"], path=(*path, "pressure"))
        said = {"status": "True", "reason": reason, "message": message, "lastTransitionTime": at}
        conditions = [each | (said if each["type"] == kind else {}) for each in conditions]
        key = f"{_PREFIX}/{fault['pressure'].lower()}-pressure"
        taints.append({"key": key, "effect": "NoSchedule", "timeAdded": at})
        told.append({"reason": f"NodeHas{kind}" if kind == "DiskPressure" else reason.replace("Kubelet", "Node"),
                     "message": f"Node {name} status is now: {reason.replace('Kubelet', 'Node')}"})  # fmt: skip
    spec = dict(node["spec"])
    if fault.get("cordoned"):
        spec["unschedulable"] = True
        taints.append({"key": f"{_PREFIX}/unschedulable", "effect": "NoSchedule", "timeAdded": at})
        told.append({"reason": "NodeNotSchedulable", "message": f"Node {name} status is now: NodeNotSchedulable"})
    if taints:
        spec["taints"] = [*(spec.get("taints") or ()), *taints]
    stage.put(node | {"spec": spec, "status": node["status"] | {"conditions": conditions}})
    if "events" not in fault:
        for event in told:
            told_by: Json = {"type": "Normal", "source": "kubelet"} | event
            stage.tell(node, first=since, **told_by)


def _pressure(written: str, *, path: tuple[str, ...]) -> tuple[str, str, str]:
    kind = PRESSURES.get(written.lower())
    if kind is None:
        raise WorldError(f"{'.'.join(path)}: expected one of {', '.join(PRESSURES)}, got {written!r}", path=path)
    return (kind, *PRESSURE_REASONS[kind])


def _stop_lease(name: str, *, since: datetime, stage: Stage) -> None:
    lease = stage.get("Lease", LEASES, name)
    if lease is not None:
        stage.put(lease | {"spec": lease["spec"] | {"renewTime": times.micro_timestamp(since)}})


def _mark_pods(name: str, *, since: datetime, stage: Stage) -> None:
    """Mark the pods of a node that is not ready: Ready is False, without a reason; their phase stays."""
    at = times.timestamp(since)
    for pod in stage.pods():
        if pod["spec"].get("nodeName") != name or stage.is_neighbour(pod):
            continue
        conditions = [
            each | ({"status": "False", "lastTransitionTime": at} if each["type"] == "Ready" else {})
            for each in pod["status"].get("conditions") or ()
        ]
        stage.put(pod | {"status": pod["status"] | {"conditions": conditions}})
        stage.tell(pod, reason="NodeNotReady", message="Node is not ready", first=since, source="node-controller")
