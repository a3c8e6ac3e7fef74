"""Which pods of a node a drain takes away and which it leaves, and how they are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.remedies.contract import Refusal
from bot.remedies.shared import workloads
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, ObjectRef, Text

_MIRROR: Final = "kubernetes.io/config.mirror"
# So many names make one sentence; all of them stand in what is shown.
_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """The pods of a node. `everywhere` are those of the whole cluster, None if not all could be read."""

    going: tuple[Json, ...]
    leaving: tuple[Json, ...]
    staying: Counter[Text]
    everywhere: tuple[Json, ...] | None


async def pods_on(snapshot: Snapshot, node: ObjectRef) -> Pods | Refusal:
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
    movable = [pod for pod in on_it if not stays(pod)]
    return Pods(
        going=tuple(pod for pod in movable if not workloads.is_leaving(pod)),
        leaving=tuple(filter(workloads.is_leaving, movable)),
        staying=Counter(filter(None, map(stays, on_it))),
        everywhere=everywhere,
    )


def stays(pod: Json) -> Text | None:
    """Why a drain leaves a pod where it is, None for one that goes."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return Text(en="finished", zh="已结束")
    owner = workloads.controller_of(pod)
    if _MIRROR in ((pod.get("metadata") or {}).get("annotations") or {}) or (owner and owner.kind == "Node"):
        return Text(en="static", zh="静态 Pod")
    return Text(en="of DaemonSets", zh="属于 DaemonSet") if owner and owner.kind == "DaemonSet" else None


def called(pod: Json) -> str:
    return f"{namespace_of(pod)}/{name_of(pod)}"


def names_of(pods: Sequence[Json], *, zh: bool = False) -> str:
    return few(tuple(map(called, pods)), zh=zh)


def few(names: Sequence[str], *, zh: bool = False) -> str:
    left = len(names) - _NAMED
    more = (f" 等共 {len(names)} 个" if zh else f" and {left} more") if left > 0 else ""
    return ("、" if zh else ", ").join(names[:_NAMED]) + more


def local_volumes(pod: Json) -> tuple[str, ...]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return tuple(str(each.get("name", "")) for each in volumes if "emptyDir" in each or "ephemeral" in each)
