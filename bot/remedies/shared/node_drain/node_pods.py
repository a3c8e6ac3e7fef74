"""Select the pods of a node that a drain evicts and those it leaves, and name them in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_mirror, is_terminating, name_of, namespace_of
from bot.kube.owners import controller_of
from bot.remedies.contract import Refusal
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Text

# The most names in one sentence; the diff shows all of them.
_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePods:
    """The pods of a node. `everywhere` are all pods of the cluster, None if not all could be read."""

    evicted: tuple[Json, ...]
    terminating: tuple[Json, ...]
    staying: Counter[Text]
    everywhere: tuple[Json, ...] | None


async def pods_on(snapshot: Snapshot, node: ObjectRef) -> NodePods | Refusal:
    """Return the pods of a node; a refusal if they cannot all be read. Raises ClusterError."""
    try:
        listing = await snapshot.list("Pod")
    except ClusterError:
        listing = ObjectList(items=(), truncated=True)
    everywhere = None if listing.truncated else listing.items
    if listing.truncated:
        listing = await snapshot.list("Pod", fields=f"spec.nodeName={node.name}")
        if gap := listing.gap(f"pods on {node.name}"):
            return unsafe(f"{node} cannot be drained from here: {gap.says.en}", f"无法在此处排空 {node}：{gap.says.zh}")
    on_it = [pod for pod in listing.items if (pod.get("spec") or {}).get("nodeName") == node.name]
    on_it.sort(key=lambda pod: (namespace_of(pod), name_of(pod)))
    movable = [pod for pod in on_it if not why_it_stays(pod)]
    return NodePods(
        evicted=tuple(pod for pod in movable if not is_terminating(pod)),
        terminating=tuple(filter(is_terminating, movable)),
        staying=Counter(filter(None, map(why_it_stays, on_it))),
        everywhere=everywhere,
    )


def why_it_stays(pod: Json) -> Text | None:
    """Say why a drain leaves a pod on the node; None for a pod that is evicted."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return Text(en="finished", zh="已结束")
    owner = controller_of(pod)
    if is_mirror(pod) or (owner and owner.kind == "Node"):
        return Text(en="static", zh="静态 Pod")
    return Text(en="of DaemonSets", zh="属于 DaemonSet") if owner and owner.kind == "DaemonSet" else None


def key_of(pod: Json) -> str:
    """Return namespace/name of a pod."""
    return f"{namespace_of(pod)}/{name_of(pod)}"


def names_of(pods: Sequence[Json], *, zh: bool = False) -> str:
    """List the pods for a sentence."""
    return few(tuple(map(key_of, pods)), zh=zh)


def few(names: Sequence[str], *, zh: bool = False) -> str:
    """List the first names for a sentence, and how many more there are."""
    left = len(names) - _NAMED
    more = (f" 等共 {len(names)} 个" if zh else f" and {left} more") if left > 0 else ""
    return ("、" if zh else ", ").join(names[:_NAMED]) + more
