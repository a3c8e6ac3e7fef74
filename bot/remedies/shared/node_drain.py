"""Select the pods of a node that a drain evicts, and say what happens to them and whether other nodes have room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import condition, full_name, is_mirror, is_terminating, name_of, node_name_of, place_of, uid_of
from bot.kube.owners import controller_of
from bot.kube.placement import matches_node, refusal
from bot.kube.pod_states import is_ready
from bot.kube.quantities import CPU, MEMORY, Amounts, amounts, lacking, minus, pod_requests
from bot.kube.spreading import ClosedNode, closed_nodes, surroundings
from bot.kube.volumes import holder_of, volumes_by_claim
from bot.remedies.shared.budgets import Budget
from bot.remedies.shared.claims import local_volumes
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Text
from intents.templates import counted

# The most names in one sentence; the diff shows all of them.
_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePods:
    """The pods of a node. `everywhere` are all pods of the cluster, None if not all could be read."""

    evicted: tuple[Json, ...]
    terminating: tuple[Json, ...]
    staying: Counter[Text]
    everywhere: tuple[Json, ...] | None


async def pods_on(snapshot: Snapshot, node: ObjectRef) -> NodePods:
    """Return the pods of a node. Raises ClusterError, and Refused if they cannot all be read."""
    try:
        listing = await snapshot.list("Pod")
    except ClusterError:
        listing = ObjectList(items=(), truncated=True)
    everywhere = None if listing.truncated else listing.items
    if listing.truncated:
        listing = await snapshot.list("Pod", fields=f"spec.nodeName={node.name}")
        if gap := listing.gap(f"pods on {node.name}"):
            raise unsafe(f"{node} cannot be drained from here: {gap.says.en}", f"无法在此处排空 {node}：{gap.says.zh}")
    on_it = sorted((pod for pod in listing.items if node_name_of(pod) == node.name), key=place_of)
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


def names_of(pods: Sequence[Json], *, zh: bool = False) -> str:
    """List the pods for a sentence."""
    return few(tuple(map(full_name, pods)), zh=zh)


def few(names: Sequence[str], *, zh: bool = False) -> str:
    """List the first names for a sentence, and how many more there are."""
    left = len(names) - _NAMED
    more = (f" 等共 {len(names)} 个" if zh else f" and {left} more") if left > 0 else ""
    return ("、" if zh else ", ").join(names[:_NAMED]) + more


def effects_of(pods: NodePods) -> tuple[Text, ...]:
    """Say which pods are evicted, and which stay."""
    grace = max((int(pod["spec"].get("terminationGracePeriodSeconds") or 30) for pod in pods.evicted), default=0)
    count, names = len(pods.evicted), names_of(pods.evicted)
    evicted = counted(count, "pods are evicted")
    en = f"{evicted} one by one, each with at most {grace} s to stop, and recreated elsewhere: {names}"
    zh = f"逐个驱逐 {count} 个 Pod（每个最多 {grace} 秒退出），由其控制器在别处重建：{names_of(pods.evicted, zh=True)}"
    if not pods.evicted:
        en, zh = "No pod has to be evicted; the node gets no new pods", "没有需要驱逐的 Pod；该节点不再接收新 Pod"
    stays = Text(
        en="These pods stay: " + ", ".join(f"{count} {why.en}" for why, count in pods.staying.items()),
        zh="保留的 Pod：" + "，".join(f"{count} 个{why.zh}" for why, count in pods.staying.items()),
    )
    return (Text(en=en, zh=zh), *((stays,) if pods.staying else ()))


def warnings_of(node: Json, pods: NodePods, budgets: Iterable[Budget]) -> tuple[Text, ...]:
    """Warn about everything that the drain may break or wait for."""
    never = tuple(f"{each.name} ({each.required}/{each.expected})" for each in budgets if each.never_allows)
    losing = tuple(full_name(pod) for pod in pods.evicted if local_volumes(pod.get("spec") or {}))
    jobs = tuple(full_name(pod) for pod in pods.evicted if (owner := controller_of(pod)) and owner.kind == "Job")
    unready = (name_of(node),) if condition(node, "Ready").get("status", "True") != "True" else ()
    groups = (
        (
            unready,
            "The node is not ready: its pods stop once the kubelet responds, and pods of StatefulSets are not replaced "
            "before",
            "节点未就绪，Pod 要等 kubelet 恢复才会真正结束，在此之前 StatefulSet 的 Pod 不会被替换",
        ),
        (
            never,
            "These budgets allow no disruption even if all pods are healthy (required/expected pods); the drain stops "
            "there",
            "以下预算即使一切正常也不允许中断（要求健康数/总数），排空会停在那里",
        ),
        (
            _last_ready(pods),
            "The last ready pod of these is evicted: nothing serves requests until the new pod is ready",
            "以下对象最后一个就绪的 Pod 会被驱逐，新 Pod 就绪前服务会中断",
        ),
        (
            (name_of(node),) if pods.everywhere is None and pods.evicted else (),
            "Could not check whether these are the last ready pods of a workload",
            "无法确认其中是否有最后一个就绪的 Pod",
        ),
        (losing, "Data in local volumes (emptyDir) is lost", "本地卷（emptyDir）中的数据会丢失"),
        (jobs, "Jobs start their work again from the beginning", "Job 会从头重新执行"),
    )
    return tuple(Text(en=f"{en}: {few(of)}", zh=f"{zh}：{few(of, zh=True)}") for of, en, zh in groups if of)


def _last_ready(pods: NodePods) -> tuple[str, ...]:
    """Return the owners that have no ready pod on any other node."""
    here = {uid_of(pod) for pod in (*pods.evicted, *pods.terminating)}
    elsewhere = {
        owner.uid
        for pod in pods.everywhere or ()
        if uid_of(pod) not in here and is_ready(pod) and not is_terminating(pod)
        if (owner := controller_of(pod))
    }
    owners = [controller_of(pod) for pod in pods.evicted if is_ready(pod)]
    alone = [str(owner) for owner in owners if owner and owner.kind != "Job" and owner.uid not in elsewhere]
    return tuple(dict.fromkeys(alone)) if pods.everywhere is not None else ()


# The node selector terms of each volume of a pod, by the pod's uid.
_Bound = Mapping[str, Sequence[Sequence[Json]]]


async def without_room(snapshot: Snapshot, target: ObjectRef, pods: NodePods) -> tuple[Text, ...]:
    """Warn about the pods that would be unschedulable now, or that this could not be checked."""
    unknown = Text(
        en="Could not check whether other nodes have room for these pods",
        zh="无法确认其他节点是否有足够资源容纳这些 Pod",
    )
    try:
        nodes = [each for each in (await snapshot.list("Node", fresh=False)).items if name_of(each) != target.name]
        bound = await _bound(snapshot, pods.evicted)
    except ClusterError:
        return (unknown,)
    if pods.everywhere is None:
        return (unknown,) if pods.evicted else ()
    unschedulable = tuple(_unschedulable(pods, nodes, bound))
    warning = Text(
        en=f"No other node has room for these pods now; they stay pending: {few(unschedulable)}",
        zh=f"目前没有其他节点能接收以下 Pod，它们会保持 Pending：{few(unschedulable, zh=True)}",
    )
    return (warning,) if unschedulable else ()


def _unschedulable(pods: NodePods, nodes: Sequence[Json], bound: _Bound) -> Iterator[str]:
    """Yield the pods that fit on no other node and why, after placing the largest pods first."""
    moving = {uid_of(pod) for pod in (*pods.evicted, *pods.terminating)}
    around = surroundings((pod for pod in pods.everywhere or () if uid_of(pod) not in moving), nodes)
    free = _free_amounts(nodes, around.pods)
    for pod, requests in sorted(((pod, pod_requests(pod)) for pod in pods.evicted), key=_size):
        closed = closed_nodes(pod, around)
        terms = bound.get(uid_of(pod), ())
        obstacles = {
            name: _placement_obstacle(pod, node, terms, closed.get(name)) or _shortage(free.get(name), requests)
            for name, node in ((name_of(node), node) for node in nodes)
        }
        if place := next((name for name, obstacle in obstacles.items() if not obstacle), ""):
            if place in free:
                free[place] = minus(free[place], requests)
        else:
            yield f"{full_name(pod)} ({', '.join(dict.fromkeys(obstacles.values())) or 'there is no other node'})"


def _free_amounts(nodes: Sequence[Json], pods: Iterable[Mapping[str, Any]]) -> dict[str, Amounts]:
    """Return what each node has left beside the requests of its pods, without the nodes that report no amounts."""
    allocatable = {name_of(node): amounts((node.get("status") or {}).get("allocatable")) for node in nodes}
    free = {name: each for name, each in allocatable.items() if each}
    for pod in pods:
        if (name := node_name_of(pod)) in free:
            free[name] = minus(free[name], pod_requests(pod))
    return free


def _placement_obstacle(
    pod: Json, node: Json, volume_terms: Sequence[Sequence[Json]], closed: ClosedNode | None
) -> str:
    """Return why the scheduler would refuse a node for a pod, its free amounts aside; "" if it would not."""
    if refused := refusal(pod, node):
        return refused
    if not all(matches_node(terms, node) for terms in volume_terms):
        return "its volume is on another node"
    return closed.rule.name if closed else ""


def _shortage(free: Amounts | None, requests: Amounts) -> str:
    """Return what a node has too little of; "" if it has enough, or if its amounts are unknown."""
    lacks = lacking(free, requests) if free is not None else ()
    return f"too little {', '.join(lacks)}" if lacks else ""


def _size(one: tuple[Json, Amounts]) -> tuple[int, int]:
    return -one[1].get(CPU, 0), -one[1].get(MEMORY, 0)


async def _bound(snapshot: Snapshot, evicted: Iterable[Json]) -> _Bound:
    """Return the nodes from which the volumes of pods can be reached: a local volume binds its pod to a node."""
    claims = {uid_of(pod): [f"{place_of(pod)[0]}/{name}" for name in volumes_by_claim(pod)] for pod in evicted}
    reached: dict[str, Sequence[Json]] = {}
    for volume in (await snapshot.list("PersistentVolume")).items if any(claims.values()) else ():
        if required := ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required"):
            reached[holder_of(volume)] = required.get("nodeSelectorTerms") or ()
    return {uid: [reached[each] for each in mounted if each in reached] for uid, mounted in claims.items()}


CORDON: Final[Json] = {"spec": {"unschedulable": True}}
UNCORDON: Final[Json] = {"spec": {"unschedulable": None}}
# The node controller adds or removes its taint afterwards.
IGNORED: Final = ("spec.taints",)


def cordoned(node: ObjectRef) -> Text:
    """Say that a node was cordoned."""
    return Text(en=f"{node} was cordoned and gets no new pods", zh=f"{node} 已禁止调度，不再接收新的 Pod")
