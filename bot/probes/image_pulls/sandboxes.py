"""Pods that lack their sandbox because the node's container runtime cannot get its pause image.

A row has the runtime of the node and the images that the node lists. A node lists no more than 50 images, the largest
first, and a pause image is the smallest of all: that it is not listed proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen, involved_object
from bot.kube.containers import containers_in
from bot.kube.images import normalized, registry_of
from bot.kube.objects import has_ended, name_of, namespace_of, node_name_of, place_of, ref, status_of, uid_of
from bot.kube.pull_failures import classify
from bot.kube.sandbox_messages import REASON, is_like_pause, sandbox_image
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

MOST_PODS: Final = 40
_LONGEST: Final = 1000
# Reasons of events that follow only once a pod has its sandbox.
_LATER: Final = frozenset({"Pulling", "Pulled", "Created", "Started"})

KEYS: Final[Mapping[str, RowType]] = {
    "registry": RowType.STRING,
    "failure": RowType.STRING,  # as for pulls: unreachable, not-found, unauthorized …
    "last_s": RowType.INTEGER,
    "current": RowType.BOOLEAN,  # the pod has no sandbox yet, and nothing happened since that needs one
    "runtime": RowType.STRING,  # containerd://1.7.24; "" where the node could not be read
    "containerd": RowType.BOOLEAN,
    "listed": RowType.INTEGER,  # images that the node's status lists, -1 unknown
    "present": RowType.BOOLEAN,  # the sandbox image is among them
    "other_pause": RowType.STRINGS,  # images among them that look like pause images under another name or tag
    "pods_there": RowType.INTEGER,  # pods in question that lack the sandbox image on this node now
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """A pod with the newest event that says its sandbox image could not be pulled."""

    pod: Json
    event: Json
    current: bool

    @property
    def node(self) -> str:
        return node_name_of(self.pod)


async def read(look: Look) -> ProbeResult:
    """Read the pods in question, the events about their sandboxes, and their nodes."""
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if look.focus.node in ("", node_name_of(pod))]
    gaps = list(suspects.gaps)
    if not pods:
        return ProbeResult(gaps=tuple(gaps), missing=suspects.missing)
    try:
        events = await look.snapshot.events_in(_home(look, pods))
    except ClusterError as error:
        return ProbeResult(gaps=(*gaps, error.gap("events about sandboxes")), missing=suspects.missing)
    lacks = _lacks(pods, events)
    nodes, gap = await _nodes(look) if lacks else ({}, None)
    gaps += [gap] if gap else []
    there = [lack.node for lack in lacks if lack.current]
    rows = [_row(look, lack, nodes.get(lack.node), pods_there=there.count(lack.node)) for lack in lacks[:MOST_PODS]]
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing, looked_at=len(pods))


def _home(look: Look, pods: Sequence[Json]) -> str:
    namespaces = {namespace_of(pod) for pod in pods}
    return look.focus.namespace or (namespaces.pop() if len(namespaces) == 1 else "")


def _lacks(pods: Iterable[Json], events: Iterable[Json]) -> list[_Lack]:
    """Return pods that lack the image now first, then by node, namespace and name. `events` come oldest first."""
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
        if (uid := uid_of(pod)) in failed
    ]
    return sorted(lacks, key=lambda lack: (not lack.current, lack.node, *place_of(lack.pod)))


def _is_without_sandbox(pod: Mapping[str, Any]) -> bool:
    """Tell whether no container of the pod runs or has run since."""
    if has_ended(pod):
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
    message = str(event.get("message") or "")[:_LONGEST]
    image, seen = sandbox_image(str(event.get("message") or "")), event_last_seen(event)
    values: dict[str, Value] = {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "node": lack.node,
        "image": image,
        "registry": registry_of(image),
        "failure": str(classify(str(event.get("message") or ""))),
        "last_s": UNKNOWN if seen is None else max(int((look.now - seen).total_seconds()), 0),
        "current": lack.current,
        **_of_node(node, image),
        "pods_there": pods_there,
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message,
        reproduce=f"kubectl -n {namespace_of(pod)} describe pod {name_of(pod)}",
    )


def _of_node(node: Json | None, image: str) -> dict[str, Value]:
    """Return the runtime of the node, and which of its images may be the sandbox image."""
    status = status_of(node or {})
    runtime = str((status.get("nodeInfo") or {}).get("containerRuntimeVersion") or "")
    listed = status.get("images") or ()
    names = [str(name) for each in listed for name in each.get("names") or ()]
    return {
        "runtime": runtime,
        "containerd": runtime.startswith("containerd://"),
        "listed": UNKNOWN if node is None else len(listed),
        "present": normalized(image) in map(normalized, names),
        "other_pause": _other_pause(names, image),
    }


def _other_pause(names: Iterable[str], image: str) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if is_like_pause(name) and normalized(name) != normalized(image)}))
