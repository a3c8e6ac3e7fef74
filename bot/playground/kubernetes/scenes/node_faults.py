"""Apply faults to nodes, and mark the pods of a node that no longer answers as the node controller does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, single_pods
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.messages import PRESSURE_REASONS, PRESSURES
from bot.playground.kubernetes.scenes.nodes import LEASES, taint
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.world_checks import WorldError

_STOPPED: Final = "Kubelet stopped posting node status."
_DEFAULT: Final = "10m"
_PREFIX: Final = "node.kubernetes.io"


@dataclass(slots=True, kw_only=True)
class _Marks:
    """Collects what a fault changes of a node: its conditions, its taints and the events about it."""

    name: str
    at: str
    conditions: list[Json]
    taints: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)

    def condition(self, kind: str, **changes: str) -> None:
        """Change the condition of a kind, or every one if the kind is empty."""
        self.conditions = [
            each | changes | {"lastTransitionTime": self.at} if kind in ("", each["type"]) else each
            for each in self.conditions
        ]

    def taint(self, key: str, *effects: str) -> None:
        """Add a taint of the node controller with each of these effects."""
        self.taints += [{"key": f"{_PREFIX}/{key}", "effect": effect, "timeAdded": self.at} for effect in effects]

    def event(self, reason: str, status: str, *, source: str = "kubelet") -> None:
        """Add the event about a new status."""
        message = f"Node {self.name} status is now: {status}"
        self.events.append({"reason": reason, "message": message, "type": "Normal", "source": source})


def apply(node: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a node with a fault, and its pods as the node controller marks them."""
    check(fault, keys.NODE_FAULTS, keys.ANY_FAULTS, path=path)
    since = stage.when(fault.get("since", _DEFAULT), path=(*path, "since"))
    name = node["metadata"]["name"]
    marks = _Marks(name=name, at=times.timestamp(since), conditions=list(node["status"].get("conditions") or ()))
    marks.taints += [taint(each, path=(*path, "taints")) for each in fault.get("taints") or ()]
    if "not_ready" in fault:
        marks.condition("Ready", status="False", reason="KubeletNotReady", message=fault["not_ready"])
        marks.taint("not-ready", "NoSchedule", "NoExecute")
        marks.event("NodeNotReady", "NodeNotReady", source="node-controller")
    if fault.get("unreachable"):
        marks.condition("", status="Unknown", reason="NodeStatusUnknown", message=_STOPPED, lastHeartbeatTime=marks.at)
        marks.taint("unreachable", "NoSchedule", "NoExecute")
        marks.event("NodeNotReady", "NodeNotReady", source="node-controller")
        _stop_lease(name, since=since, stage=stage)
        # A kubelet that still answers corrects the status that the node controller writes into its pods.
        _mark_pods(name, since=since, stage=stage)
    if "pressure" in fault:
        _press(marks, fault["pressure"], path=(*path, "pressure"))
    spec = dict(node["spec"])
    metadata = node["metadata"]
    if fault.get("cordoned"):
        spec["unschedulable"] = True
        metadata = (
            _written_by(metadata, str(fault["cordoned"]), at=marks.at) if fault["cordoned"] is not True else metadata
        )
        marks.taint("unschedulable", "NoSchedule")
        marks.event("NodeNotSchedulable", "NodeNotSchedulable")
    if marks.taints:
        spec["taints"] = [*(spec.get("taints") or ()), *marks.taints]
    stage.put(node | {"metadata": metadata, "spec": spec, "status": node["status"] | {"conditions": marks.conditions}})
    for event in marks.events if "events" not in fault else ():
        stage.tell(node, first=since, **event)


def _written_by(metadata: Json, manager: str, *, at: str) -> Json:
    """Return the metadata with what the API server notes of the manager that cordoned the node."""
    fields: Json = {"f:spec": {"f:unschedulable": {}}}
    entry: Json = {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": at}
    entry |= {"fieldsType": "FieldsV1", "fieldsV1": fields}
    return metadata | {"managedFields": [*(metadata.get("managedFields") or ()), entry]}


def _press(marks: _Marks, written: str, *, path: tuple[str, ...]) -> None:
    kind = PRESSURES.get(written.lower())
    if kind is None:
        raise WorldError(f"{'.'.join(path)}: expected one of {', '.join(PRESSURES)}, got {written!r}", path=path)
    reason, message = PRESSURE_REASONS[kind]
    marks.condition(kind, status="True", reason=reason, message=message)
    marks.taint(f"{written.lower()}-pressure", "NoSchedule")
    status = reason.replace("Kubelet", "Node")
    marks.event(status, status)


def _stop_lease(name: str, *, since: datetime, stage: Stage) -> None:
    lease = stage.get("Lease", LEASES, name)
    if lease is not None:
        stage.put(lease | {"spec": lease["spec"] | {"renewTime": times.micro_timestamp(since)}})


def _mark_pods(name: str, *, since: datetime, stage: Stage) -> None:
    """Let the pods of a node not be ready, without a reason; their phase stays."""
    at = times.timestamp(since)
    for pod in stage.pods():
        if pod["spec"].get("nodeName") != name or stage.is_neighbour(pod):
            continue
        conditions = single_pods.conditions_with(pod, "Ready", status="False", lastTransitionTime=at)
        stage.put(pod | {"status": pod["status"] | {"conditions": conditions}})
        stage.tell(pod, reason="NodeNotReady", message="Node is not ready", first=since, source="node-controller")
