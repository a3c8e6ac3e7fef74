"""Pods that lack their sandbox because the node's container runtime cannot get its pause image.

A row has the runtime of the node and the images that the node lists. A node lists no more than 50 images, the largest
first, and a pause image is the smallest of all: that it is not listed proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.events import involved_object
from bot.kube.containers import containers_in
from bot.kube.objects import has_ended, name_of, node_name_of, place_of, ref, status_of, uid_of
from bot.kube.pull_failures import REASON, classify, is_like_pause, normalized, registry_of, sandbox_image
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, probe
from bot.probes.image_pulls.surroundings import ImageRow, home_of
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ProbeResult, Row

MOST_PODS: Final = 40
_LONGEST: Final = 1000
# Reasons of events that follow only once a pod has its sandbox.
_LATER: Final = frozenset({"Pulling", "Pulled", "Created", "Started"})


class _Runtime(RowValues):
    """The runtime of a node, and which of its images may be the sandbox image."""

    runtime: str  # containerd://1.7.24; "" where the node could not be read
    containerd: bool
    listed: int  # images that the node's status lists, -1 unknown
    present: bool  # the sandbox image is among them
    other_pause: tuple[str, ...]  # images among them that look like pause images under another name or tag


class SandboxShown(ImageRow):
    """A pod whose sandbox image the runtime of its node could not get."""

    registry: str
    failure: str  # as for pulls: unreachable, not-found, unauthorized …
    last_s: int
    current: bool  # the pod has no sandbox yet, and nothing happened since that needs one
    pods_there: int  # pods in question that lack the sandbox image on this node now
    runtime: _Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """A pod with the newest event that says its sandbox image could not be pulled."""

    pod: Json
    event: Json
    current: bool

    @property
    def node(self) -> str:
        return node_name_of(self.pod)


@probe(says="pods whose sandbox (pause) image the node's runtime could not get", row=SandboxShown)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question, the events about their sandboxes, and their nodes."""
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if look.focus.node in ("", node_name_of(pod))]
    if not pods:
        return ProbeResult(missing=suspects.missing)
    lacks = _lacks(pods, await look.unless_refused(look.snapshot.events_in(home_of(look, pods)), ()))
    listing = await look.unless_refused(look.snapshot.list("Node", fresh=False), None) if lacks else None
    nodes = {name_of(node): node for node in (listing.items if listing else ())}
    there = [lack.node for lack in lacks if lack.current]
    rows = [_row(look, lack, nodes.get(lack.node), pods_there=there.count(lack.node)) for lack in lacks[:MOST_PODS]]
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(pods))


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


def _row(look: Look, lack: _Lack, node: Json | None, *, pods_there: int) -> Row:
    message = str(lack.event.get("message") or "")
    image = sandbox_image(message)
    return SandboxShown(
        node=lack.node,
        image=image,
        registry=registry_of(image),
        failure=str(classify(message)),
        last_s=look.seen_s(lack.event),
        current=lack.current,
        pods_there=pods_there,
        runtime=_runtime(node, image),
    ).row(ref(lack.pod, "Pod"), quote=message[:_LONGEST])


def _runtime(node: Json | None, image: str) -> _Runtime:
    status = status_of(node or {})
    runtime = str((status.get("nodeInfo") or {}).get("containerRuntimeVersion") or "")
    listed = status.get("images") or ()
    names = [str(name) for each in listed for name in each.get("names") or ()]
    others = {name for name in names if is_like_pause(name) and normalized(name) != normalized(image)}
    return _Runtime(
        runtime=runtime,
        containerd=runtime.startswith("containerd://"),
        listed=UNKNOWN if node is None else len(listed),
        present=normalized(image) in map(normalized, names),
        other_pause=tuple(sorted(others)),
    )
