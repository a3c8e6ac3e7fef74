"""The surroundings of a pod that lacks an image: its owners, its pull secrets, and where the image does run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster import owners
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import containers_in
from bot.kube.objects import namespace_of, node_name_of, spec_of, status_of
from bot.kube.owners import controller_of
from bot.kube.pull_failures import normalized
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, beside_the_verdict, may
from bot.probes.shared.questioned import READS_REVISIONS, older_revisions
from intents.domain import Json

# Waiting reasons of a container whose image is missing (pkg/kubelet/images/types.go).
PULL_REASONS: Final = frozenset({
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
    "RegistryUnavailable", "SignatureValidationFailed",
})  # fmt: skip
PERMISSIONS: Final = (*owners.PERMISSIONS, *READS_REVISIONS, *may("get", "serviceaccounts", "nodes"))

# One page: that an image runs elsewhere is said beside a verdict, it decides none.
_SAMPLE: Final = 500


class ImageRow(RowValues):
    """An image that a pod in question needs and its node pulls."""

    of_subject = ("namespace", "pod")

    node: str
    image: str


class Around(RowValues):
    """The owners and pull secrets of a pod that lacks an image, and the platform of its node."""

    top_kind: str = ""
    top_name: str = ""
    revisions: int = UNKNOWN  # earlier templates that a rollout could go back to
    pull_secrets: tuple[str, ...] = ()
    node_platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The nodes on which each image runs and fails, by its full name."""

    running: Mapping[str, int]
    failing: Mapping[str, tuple[str, ...]]


async def around(look: Look, pod: Json) -> Around:
    """Read what is around one pod."""
    secrets, platform, older, top = await asyncio.gather(
        _secrets(look, pod),
        _platform(look, node_name_of(pod)),
        look.unless_refused(_revisions(look.snapshot, pod), UNKNOWN),
        look.topmost(pod),
    )
    return Around(
        top_kind=top.ref.kind,
        top_name=top.ref.name,
        revisions=older,
        pull_secrets=secrets,
        node_platform=platform,
    )


def home_of(look: Look, pods: Sequence[Json]) -> str:
    """Return the one namespace of the pods in question, "" for several."""
    namespaces = {namespace_of(pod) for pod in pods}
    return look.focus.namespace or (namespaces.pop() if len(namespaces) == 1 else "")


async def _secrets(look: Look, pod: Json) -> tuple[str, ...]:
    """Return the pull secrets that a pod declares, and those of its ServiceAccount."""
    spec = spec_of(pod)
    name = str(spec.get("serviceAccountName") or "default")
    account = await look.find("ServiceAccount", name, namespace=namespace_of(pod)) or {}
    declared = (*(spec.get("imagePullSecrets") or ()), *(account.get("imagePullSecrets") or ()))
    return tuple(dict.fromkeys(str(each.get("name", "")) for each in declared))


async def _platform(look: Look, node: str) -> str:
    found = await look.find("Node", node) if node else None
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
    pods = await look.unless_refused(_sample(look), None)
    if pods is None:
        with beside_the_verdict():  # The gap of all namespaces says already what is not readable.
            pods = await look.list("Pod", namespace=look.focus.namespace) if look.focus.namespace else ()
    running: Counter[str] = Counter()
    failing: dict[str, set[str]] = {}
    for container in (each for pod in pods for each in containers_in(pod)):
        image, node = normalized(container.image), node_name_of(container.pod)
        if container.ready:
            running[image] += 1
        elif container.reason in PULL_REASONS and node:
            failing.setdefault(image, set()).add(node)
    return Elsewhere(running=running, failing={image: tuple(sorted(nodes)) for image, nodes in failing.items()})


async def _sample(look: Look) -> tuple[Json, ...]:
    with beside_the_verdict():  # That a large cluster has more pods is no gap.
        return (await look.snapshot.list("Pod", limit=_SAMPLE)).items
