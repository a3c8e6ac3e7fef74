"""Which pods lack their sandbox, because the node's container runtime cannot get its pause image.

Joined with the runtime of the node and the images it lists. A node lists no more than 50 images, the largest first, and
a pause image is the smallest of all: that it is not listed proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_count, event_last_seen, involved_object
from bot.kube.images import normalized, registry_of
from bot.kube.pull_failures import classify
from bot.kube.sandbox_messages import REASON, is_like_pause, sandbox_image
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.runs import containers_in
from bot.probes.shared.scope import READS_PODS, name_of, namespace_of, owner_of, pods_of, ref
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

MOST_PODS: Final = 40
_LONGEST: Final = 1000
# What the kubelet does only once a pod has its sandbox.
_LATER: Final = frozenset({"Pulling", "Pulled", "Created", "Started"})

DECLARATION: Final = ProbeDeclaration(
    name="sandbox-image",
    says="a row per pod in question whose sandbox image the node's runtime could not get",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "node": RowType.STRING,
        "image": RowType.STRING,
        "registry": RowType.STRING,
        "failure": RowType.STRING,  # as for pulls: unreachable, not-found, unauthorized …
        "message": RowType.STRING,
        "count": RowType.INTEGER,
        "last_s": RowType.INTEGER,
        "current": RowType.BOOLEAN,  # the pod has no sandbox yet, and nothing happened since that needs one
        "runtime": RowType.STRING,  # containerd://1.7.24; "" where the node could not be read
        "containerd": RowType.BOOLEAN,
        "listed": RowType.INTEGER,  # images that the node's status lists, -1 unknown
        "present": RowType.BOOLEAN,  # the sandbox image is among them
        "other_pause": RowType.STRINGS,  # images among them that look like pause images under another name or tag
        "pods_there": RowType.INTEGER,  # pods in question that lack the sandbox image on this node now
    },
    permissions=(
        *READS_PODS,
        Permission(verb="list", resource="events"),
        Permission(verb="list", resource="nodes"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """A pod with the newest event that its sandbox image could not be had."""

    pod: Json
    event: Json
    current: bool

    @property
    def node(self) -> str:
        return str((self.pod.get("spec") or {}).get("nodeName") or "")


async def read(look: Look) -> Reading:
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if look.focus.node in ("", (pod.get("spec") or {}).get("nodeName"))]
    gaps = list(suspects.gaps)
    if not pods:
        return Reading(gaps=tuple(gaps), missing=suspects.missing)
    try:
        events = await look.snapshot.events_in(_home(look, pods))
    except ClusterError as error:
        return Reading(gaps=(*gaps, error.gap("events about sandboxes")), missing=suspects.missing)
    lacks = _lacks(pods, events)
    nodes, gap = await _nodes(look) if lacks else ({}, None)
    gaps += [gap] if gap else []
    there = [lack.node for lack in lacks if lack.current]
    rows = [_row(look, lack, nodes.get(lack.node), pods_there=there.count(lack.node)) for lack in lacks[:MOST_PODS]]
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _home(look: Look, pods: Sequence[Json]) -> str:
    namespaces = {namespace_of(pod) for pod in pods}
    return look.focus.namespace or (namespaces.pop() if len(namespaces) == 1 else "")


def _lacks(pods: Iterable[Json], events: Iterable[Json]) -> list[_Lack]:
    """Those that hold now first, then by node, namespace and name. `events` come oldest first."""
    failed: dict[str, Json] = {}
    went_on: set[str] = set()
    for event in events:
        uid = involved_object(event).uid
        if event.get("reason") == REASON and sandbox_image(str(event.get("message") or "")):
            failed[uid] = event
            went_on.discard(uid)
        elif event.get("reason") in _LATER:
            went_on.add(uid)
    lacks = [
        _Lack(pod=pod, event=failed[uid], current=uid not in went_on and _is_without_sandbox(pod))
        for pod in pods
        if (uid := str((pod.get("metadata") or {}).get("uid", ""))) in failed
    ]
    return sorted(lacks, key=lambda lack: (not lack.current, lack.node, namespace_of(lack.pod), name_of(lack.pod)))


def _is_without_sandbox(pod: Mapping[str, Any]) -> bool:
    """Whether no container of it runs or has run since."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return False
    return all(each.state in ("waiting", "") and not each.ready for each in containers_in(dict(pod)))


async def _nodes(look: Look) -> tuple[Mapping[str, Json], Gap | None]:
    try:
        listing = await look.snapshot.list("Node", fresh=False)
    except ClusterError as error:
        return {}, error.gap("the nodes")
    return {name_of(node): node for node in listing.items}, listing.gap("the nodes")


def _row(look: Look, lack: _Lack, node: Json | None, *, pods_there: int) -> Row:
    pod, event = lack.pod, lack.event
    message = str(event.get("message") or "")
    image, owner, seen = sandbox_image(message), owner_of(pod), event_last_seen(event)
    status = (node or {}).get("status") or {}
    runtime = str((status.get("nodeInfo") or {}).get("containerRuntimeVersion") or "")
    names = [str(name) for each in status.get("images") or () for name in each.get("names") or ()]
    values: dict[str, Value] = {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "node": lack.node,
        "image": image,
        "registry": registry_of(image),
        "failure": str(classify(message)),
        "message": message[:_LONGEST],
        "count": event_count(event),
        "last_s": UNKNOWN if seen is None else max(int((look.snapshot.now - seen).total_seconds()), 0),
        "current": lack.current,
        "runtime": runtime,
        "containerd": runtime.startswith("containerd://"),
        "listed": UNKNOWN if node is None else len(status.get("images") or ()),
        "present": normalized(image) in map(normalized, names),
        "other_pause": _other_pause(names, image),
        "pods_there": pods_there,
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message[:_LONGEST],
        reproduce=f"kubectl -n {namespace_of(pod)} describe pod {name_of(pod)}",
    )


def _other_pause(names: Iterable[str], image: str) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if is_like_pause(name) and normalized(name) != normalized(image)}))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
