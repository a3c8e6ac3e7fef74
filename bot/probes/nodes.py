"""The nodes: their conditions, taints and software, and whether they had disk pressure lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.evictions import DISK, parse_eviction
from bot.kube.objects import name_of, ref
from bot.kube.placement import is_cordoned, taints_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from intents.domain import Json, ObjectRef, Permission, ProbeDeclaration, Reading, Row, RowType, Value

DISK_TAINT: Final = "node.kubernetes.io/disk-pressure"
_ROLE: Final = "node-role.kubernetes.io/"
_ZONES: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
# A new node reports its conditions for the first time within this many seconds: that is no change.
_REGISTERING_S: Final = 300

DECLARATION: Final = ProbeDeclaration(
    name="nodes",
    says="a row per node, or for the one node the request is about",
    rows={
        "name": RowType.STRING,
        "ready": RowType.STRING,  # conditions: True, False or Unknown
        "disk_pressure": RowType.STRING,
        "disk_pressure_since_s": RowType.INTEGER,  # since when the condition has its status
        "disk_message": RowType.STRING,
        "disk_cleared_s": RowType.INTEGER,  # -1 unless it had disk pressure before and has none now
        "disk_taint": RowType.BOOLEAN,
        "memory_pressure": RowType.STRING,
        "pid_pressure": RowType.STRING,
        "network_unavailable": RowType.STRING,
        "unschedulable": RowType.BOOLEAN,
        "taints": RowType.STRINGS,  # key=value:effect
        "kernel": RowType.STRING,
        "os_image": RowType.STRING,
        "kubelet": RowType.STRING,
        "runtime": RowType.STRING,
        "architecture": RowType.STRING,
        "zone": RowType.STRING,
        "roles": RowType.STRINGS,
        "evictions": RowType.INTEGER,  # its pods evicted for disk that are still listed; -1 where not looked for
    },
    permissions=(
        Permission(verb="list", resource="nodes"),
        Permission(verb="list", resource="pods"),
    ),
)


async def read(look: Look) -> Reading:
    """Read the nodes; evicted pods only where a node has disk pressure."""
    try:
        listing = await look.snapshot.list("Node")
    except ClusterError as error:
        return Reading(gaps=(error.gap("the nodes"),))
    wanted = look.focus.name if look.focus.kind == "Node" else look.focus.node
    nodes = sorted((item for item in listing.items if wanted in ("", name_of(item))), key=name_of)
    gaps = [gap] if (gap := listing.gap("the nodes")) else []
    missing = str(ObjectRef(kind="Node", name=wanted)) if wanted and not nodes and not gaps else ""
    evictions: Mapping[str, int] | None = None
    if any(_status(node, "DiskPressure") == "True" for node in nodes):
        try:
            evictions = await _evictions(look)
        except ClusterError as error:
            gaps.append(error.gap("evicted pods"))
    return Reading(rows=tuple(_row(look, node, evictions) for node in nodes), gaps=tuple(gaps), missing=missing)


async def _evictions(look: Look) -> Mapping[str, int]:
    """How many pods of each node were evicted for its disk."""
    failed = await look.snapshot.list("Pod", fields="status.phase=Failed")
    return Counter(
        str((pod.get("spec") or {}).get("nodeName") or "")
        for pod in failed.items
        if (status := pod.get("status") or {}).get("reason") == "Evicted"
        and parse_eviction(str(status.get("message") or "")) in DISK
    )


def _status(node: Json, kind: str) -> str:
    return str(condition(node, kind).get("status") or "Unknown")


def _row(look: Look, node: Json, evictions: Mapping[str, int] | None) -> Row:
    name = name_of(node)
    disk = condition(node, "DiskPressure")
    info = (node.get("status") or {}).get("nodeInfo") or {}
    labels = (node.get("metadata") or {}).get("labels") or {}
    taints = taints_of(node)
    values: dict[str, Value] = {
        "name": name,
        "ready": _status(node, "Ready"),
        "disk_pressure": _status(node, "DiskPressure"),
        "disk_pressure_since_s": age_s(look.snapshot, disk.get("lastTransitionTime")),
        "disk_message": str(disk.get("message") or ""),
        "disk_cleared_s": _cleared_s(look, node),
        "disk_taint": any(taint.key == DISK_TAINT for taint in taints),
        "memory_pressure": _status(node, "MemoryPressure"),
        "pid_pressure": _status(node, "PIDPressure"),
        "network_unavailable": str(condition(node, "NetworkUnavailable").get("status") or "False"),
        "unschedulable": is_cordoned(node),
        "taints": tuple(map(str, taints)),
        "kernel": str(info.get("kernelVersion") or ""),
        "os_image": str(info.get("osImage") or ""),
        "kubelet": str(info.get("kubeletVersion") or ""),
        "runtime": str(info.get("containerRuntimeVersion") or ""),
        "architecture": str(info.get("architecture") or ""),
        "zone": next((str(labels[key]) for key in _ZONES if key in labels), ""),
        "roles": tuple(sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))),
        "evictions": UNKNOWN if evictions is None else evictions.get(name, 0),
    }
    quote = (
        f"{disk.get('type')}={disk.get('status')} {disk.get('reason', '')}: {disk.get('message', '')}" if disk else ""
    )
    pressed = disk.get("status") == "True"
    return Row(
        values=values,
        subject=ref(node, "Node"),
        quote=quote,
        reproduce=f"kubectl describe node {name}",
        at=moment(look.snapshot, age_s(look.snapshot, disk.get("lastTransitionTime"))) if pressed else None,
        lasts=pressed,
    )


def _cleared_s(look: Look, node: Json) -> int:
    """Seconds since disk pressure ended; -1 where it has not, or where the node never had it as far as it tells."""
    disk = condition(node, "DiskPressure")
    since = age_s(look.snapshot, disk.get("lastTransitionTime"))
    if disk.get("status") != "False" or since == UNKNOWN:
        return UNKNOWN
    alive = age_s(look.snapshot, (node.get("metadata") or {}).get("creationTimestamp"))
    return UNKNOWN if alive - since < _REGISTERING_S else since


PROBE: Final = Probe(declaration=DECLARATION, read=read)
