"""The surroundings of a pod that lacks an image: its owners, its pull secrets, and where the image does run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.cluster.owners import Top, topmost
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import containers_in
from bot.kube.images import normalized
from bot.kube.objects import namespace_of, node_name_of, spec_of, status_of
from bot.kube.owners import controller_of, owner_of
from bot.probes.contract import Look
from bot.probes.shared import revisions
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.revisions import older_revisions
from intents.domain import Gap, Json, Permission

_T = TypeVar("_T")

# Waiting reasons of a container whose image is missing (pkg/kubelet/images/types.go).
PULL_REASONS: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
PERMISSIONS: Final = (
    Permission(verb="list", resource="pods"),
    Permission(verb="get", resource="serviceaccounts"),
    Permission(verb="get", resource="nodes"),
    *owners.PERMISSIONS,
    *revisions.PERMISSIONS,
)

# One page: that an image runs elsewhere is said beside a verdict, it decides none.
_SAMPLE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The owners and pull secrets of a pod that lacks an image, and the platform of its node."""

    top: Top
    revisions: int = UNKNOWN
    secrets: tuple[str, ...] = ()
    platform: str = ""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The nodes on which each image runs and fails, by its full name."""

    running: Mapping[str, int]
    failing: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...] = ()


async def around(snapshot: Snapshot, pod: Json) -> Around:
    """Read what is around one pod. Never raises ClusterError: what is refused is a gap."""
    gaps: list[Gap] = []

    async def tried(what: str, read: Awaitable[_T], otherwise: _T) -> _T:
        try:
            return await read
        except ClusterError as error:
            gaps.append(error.gap(what))
            return otherwise

    account, node = str(spec_of(pod).get("serviceAccountName") or "default"), node_name_of(pod)
    secrets, platform, older, top = await asyncio.gather(
        tried(f"ServiceAccount {namespace_of(pod)}/{account}", _secrets(snapshot, pod, account), _own_secrets(pod)),
        tried(f"Node {node}", _platform(snapshot, node), ""),
        tried(f"the revisions of {owner_of(pod)}", _revisions(snapshot, pod), UNKNOWN),
        topmost(snapshot, pod),
    )
    if top.gap:
        gaps.append(top.gap)
    return Around(
        top=top,
        revisions=older,
        secrets=secrets,
        platform=platform,
        gaps=tuple(sorted(dict.fromkeys(gaps), key=str)),
    )


def _own_secrets(pod: Json) -> tuple[str, ...]:
    declared = spec_of(pod).get("imagePullSecrets") or ()
    return tuple(str(each.get("name", "")) for each in declared)


async def _secrets(snapshot: Snapshot, pod: Json, account: str) -> tuple[str, ...]:
    found = await snapshot.find("ServiceAccount", account, namespace=namespace_of(pod))
    of_account = tuple(str(each.get("name", "")) for each in (found or {}).get("imagePullSecrets") or ())
    return tuple(dict.fromkeys((*_own_secrets(pod), *of_account)))


async def _platform(snapshot: Snapshot, node: str) -> str:
    found = await snapshot.find("Node", node) if node else None
    info = status_of(found or {}).get("nodeInfo") or {}
    return "/".join(filter(None, (info.get("operatingSystem"), info.get("architecture"))))


async def _revisions(snapshot: Snapshot, pod: Json) -> int:
    owner = controller_of(pod)
    if owner is None or owner.kind not in ("ReplicaSet", "StatefulSet", "DaemonSet"):
        return 0
    workload = await snapshot.find(owner.kind, owner.name, namespace=owner.namespace)
    return await older_revisions(snapshot, workload) if workload else 0


async def elsewhere(look: Look) -> Elsewhere:
    """Look at pods of the whole cluster, a sample of a large one.

    Where only a namespace may be read, look at that one, with a gap for the rest.
    """
    gaps: tuple[Gap, ...] = ()
    try:
        pods: Sequence[Json] = (await look.snapshot.list("Pod", limit=_SAMPLE)).items
    except ClusterError as error:
        gaps, pods = (error.gap("pods in all namespaces"),), await _in_namespace(look)
    running: dict[str, int] = {}
    failing: dict[str, set[str]] = {}
    for pod in pods:
        node = node_name_of(pod)
        for container in containers_in(pod):
            image = normalized(container.image)
            if container.ready:
                running[image] = running.get(image, 0) + 1
            elif container.reason in PULL_REASONS and node:
                failing.setdefault(image, set()).add(node)
    return Elsewhere(
        running=running, failing={image: tuple(sorted(nodes)) for image, nodes in failing.items()}, gaps=gaps
    )


async def _in_namespace(look: Look) -> Sequence[Json]:
    """Return the pods of the focus's namespace; none where they may not be read: another gap reports that."""
    try:
        return (await look.snapshot.list("Pod", namespace=look.focus.namespace)).items if look.focus.namespace else ()
    except ClusterError:
        return ()
