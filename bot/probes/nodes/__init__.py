"""Nodes: their disk pressure, and how much of them DaemonSets request, as the cluster autoscaler counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.cluster import owners
from bot.kube.objects import condition, created_at, name_of, node_name_of, ref
from bot.kube.placement import is_cordoned, taints_of
from bot.kube.pod_states import DISK, eviction_cause
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, Shown, may, probe
from bot.probes.nodes import requests
from bot.probes.nodes.requests import NodeRow
from bot.probes.rows import RowValues
from intents.domain import Json, ObjectRef, ProbeResult, Row

DISK_TAINT: Final = "node.kubernetes.io/disk-pressure"
# A new node reports its conditions for the first time within this many seconds: that is no change.
_REGISTERING_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conditions(RowValues):
    """The disk pressure of a node, now and lately."""

    disk_pressure: str  # True, False or Unknown
    disk_pressure_since_s: int  # since when the condition has its status
    disk_message: str
    disk_cleared_s: int  # -1 unless it had disk pressure before and has none now
    disk_taint: bool
    evictions: int  # its pods evicted for disk that are still listed; -1 where not looked for


async def _read_conditions(look: Look) -> ProbeResult:
    """Read the nodes; evicted pods only where a node has disk pressure."""
    listing = await look.snapshot.list("Node")
    wanted = look.focus.name if look.focus.kind == "Node" else look.focus.node
    nodes = sorted((item for item in listing.items if wanted in ("", name_of(item))), key=name_of)
    missing = str(ObjectRef(kind="Node", name=wanted)) if wanted and not nodes and not listing.truncated else ""
    evictions: Mapping[str, int] | None = None
    if any(_status(node, "DiskPressure") == "True" for node in nodes):
        evictions = await look.unless_refused(_evictions(look), None)
    return ProbeResult(rows=tuple(_row(look, node, evictions) for node in nodes), missing=missing)


async def _evictions(look: Look) -> Mapping[str, int]:
    """Return how many pods of each node were evicted for its disk. Raise ClusterError."""
    failed = await look.snapshot.list("Pod", fields="status.phase=Failed")
    return Counter(node_name_of(pod) for pod in failed.items if eviction_cause(pod) in DISK)


def _status(node: Json, kind: str) -> str:
    return str(condition(node, kind).get("status") or "Unknown")


def _row(look: Look, node: Json, evictions: Mapping[str, int] | None) -> Row:
    name, disk = name_of(node), condition(node, "DiskPressure")
    since_s = look.age_s(disk.get("lastTransitionTime"))
    pressed = disk.get("status") == "True"
    conditions = _Conditions(
        disk_pressure=_status(node, "DiskPressure"),
        disk_pressure_since_s=since_s,
        disk_message=str(disk.get("message") or ""),
        disk_cleared_s=_cleared_s(look, node),
        disk_taint=any(taint.key == DISK_TAINT for taint in taints_of(node)),
        evictions=UNKNOWN if evictions is None else evictions.get(name, 0),
    )
    text = f"{disk.get('type')}={disk.get('status')} {disk.get('reason', '')}: {disk.get('message', '')}"
    return NodeRow(node=name, unschedulable=is_cordoned(node)).row(
        ref(node, "Node"),
        quote=text if disk else "",
        reproduce=f"kubectl describe node {name}",
        at=look.moment(since_s) if pressed else None,
        lasts=pressed,
        more=conditions.values(),
    )


def _cleared_s(look: Look, node: Json) -> int:
    """Return seconds since disk pressure ended; -1 where it has not, or where the node never reported any.

    All conditions change together when a node registers, and when its kubelet reports again: that ends no pressure.
    """
    disk = condition(node, "DiskPressure")
    since_s = look.age_s(disk.get("lastTransitionTime"))
    if disk.get("status") != "False" or since_s == UNKNOWN:
        return UNKNOWN
    others_s = [
        look.age_s(condition(node, kind).get("lastTransitionTime"))
        for kind in ("MemoryPressure", "PIDPressure", "Ready")
    ]
    alive_s = look.age_s(created_at(node))
    together = any(abs(other_s - since_s) < _REGISTERING_S for other_s in (alive_s, *others_s) if other_s != UNKNOWN)
    return UNKNOWN if together or alive_s < since_s else since_s


PROBE: Final = probe(
    name="nodes",
    says="a row per node, or for the one node the request is about",
    row=NodeRow,
    shows={
        "conditions": Shown(says="disk pressure, and pods evicted for it", row=_Conditions, read=_read_conditions),
        "requests": Shown(
            says="on nodes that the cluster autoscaler may remove, what DaemonSets request against its threshold",
            row=requests.Requests,
            read=requests.read,
        ),
    },
    permissions=(*requests.READS_AUTOSCALER, *owners.PERMISSIONS, *may("list", "nodes", "pods")),
)
