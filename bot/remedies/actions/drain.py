"""Empty a node: no new pods, then every pod that can run elsewhere is evicted, one after the other.

What stays is what `kubectl drain` leaves as well: pods of DaemonSets, static pods, finished ones. A pod that nothing
makes anew is never evicted. The disruption budgets have the last word on each eviction, and are waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.listing import Listing
from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.kube.placement import is_cordoned, matches_node, refusal
from bot.kube.requests import CPU, MEMORY, Amounts, amounts, lacking, minus, pod_requests
from bot.kube.spreading import closed_nodes, surroundings
from bot.probes.shared.runs import pod_is_ready
from bot.probes.shared.scope import name_of, namespace_of, ref
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import covers
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.refusing import gone, unsafe
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

_MIRROR: Final = "kubernetes.io/config.mirror"
# What others write of a node or a pod all the time, and what decides neither on a cordon nor on an eviction.
_NODE_CHURN: Final = ("spec.taints", "metadata.annotations", "metadata.labels")
_POD_CHURN: Final = ("metadata.annotations", "metadata.labels")
# So many names make one sentence; all of them stand in what is shown, in pieces of so many: longer ones would be cut.
_NAMED: Final = 8
_PIECE: Final = 25


# The node selector terms of each volume of a pod, by the pod's uid.
_Bound = Mapping[str, Sequence[Sequence[Json]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Budget:
    """A PodDisruptionBudget over pods that are to go."""

    name: str
    covers: tuple[str, ...]  # their uids
    allows: int
    healthy: int
    needs: int
    of: int

    @property
    def never(self) -> bool:
        """As it stands it allows no disruption even if all is well: a drain waits in vain."""
        return self.allows == 0 and 0 < self.of <= self.needs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pods:
    """The pods of a node. `everywhere` are those of the whole cluster, None if not all could be read."""

    going: tuple[Json, ...]
    leaving: tuple[Json, ...]
    staying: Counter[Text]
    everywhere: tuple[Json, ...] | None


class Drain:
    name = "drain"
    undoable = True  # the cordon; evicted pods run elsewhere by then
    cures = False
    permissions: tuple[Permission, ...] = (
        permission("patch", "Node"),
        permission("create", "Pod", subresource="eviction"),
    )

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return self.permissions if target.kind == "Node" else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return {"uid": workloads.uid_of(await snapshot.get("Node", target.name))}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        node = await snapshot.get("Node", plan.target.name)
        if workloads.is_leaving(node):
            return gone(plan.target)
        pods = await _pods_on(snapshot, plan.target)
        if isinstance(pods, Refusal):
            return pods
        if bare := [pod for pod in pods.going if workloads.controller_of(pod) is None]:
            en, zh = _names(bare), _names(bare, zh=True)
            return unsafe(
                f"nothing recreates {en}: evicted they are gone for good. Move or delete them by hand first",
                f"没有控制器会重建 {zh}：驱逐后将永久消失。请先手工迁移或删除",
            )
        if not pods.going and is_cordoned(node):
            return unsafe(
                f"{plan.target} is drained already: it is cordoned, and nothing is left to evict",
                f"{plan.target} 已排空：已禁止调度，且没有可驱逐的 Pod",
            )
        try:
            budgets, unread = await _budgets_over(snapshot, pods.going), None
        except ClusterError as error:
            budgets, unread = (), error.gap("PodDisruptionBudgets").says
        if twice := _covered_twice(pods.going, budgets):
            return twice
        blocked = {uid: 1 + (not each.allows) for each in budgets for uid in each.covers}
        # Those that no budget holds back go first: where one stops the drain, the others are gone by then.
        going = sorted(pods.going, key=lambda pod: blocked.get(workloads.uid_of(pod), 0))
        return Proposal(
            steps=(*(() if is_cordoned(node) else (_cordon(plan.target),)), *map(_evict, going)),
            outlook=Outlook(
                effects=(*_effects(pods), *((unread,) if unread else _told(budgets))),
                warnings=(*_warnings(node, pods, budgets), *await _without_room(snapshot, plan.target, pods)),
                known=tuple(map(workloads.uid_of, (*pods.going, *pods.leaving))),
            ),
            shown=_shown(node, going),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        pods = (await snapshot.list("Pod", fields=f"spec.nodeName={plan.target.name}")).items
        left = [pod for pod in pods if workloads.uid_of(pod) in applied.outlook.known]
        late = [pod for pod in pods if not _stays(pod) and pod not in left]
        if left:
            says = Text(
                en=f"{len(left)} evicted pods are still ending on {plan.target}: {_names(left)}",
                zh=f"{plan.target} 上还有 {len(left)} 个被驱逐的 Pod 正在退出：{_names(left, zh=True)}",
            )
            return Settling(course=Course.MOVING, says=says)
        en, zh = f"the evicted pods are gone from {plan.target}", f"被驱逐的 Pod 已全部离开 {plan.target}"
        if late:
            en += f"; {_names(late)} came after the preview and runs there: drain it again"
            zh += f"；{_names(late, zh=True)} 在预览之后才出现并仍在运行：请再次排空"
        return Settling(course=Course.WELL, says=Text(en=en, zh=zh))


# --- which pods ---


async def _pods_on(snapshot: Snapshot, node: ObjectRef) -> _Pods | Refusal:
    try:
        listing = await snapshot.list("Pod")
    except ClusterError:
        listing = Listing(items=(), truncated=True)
    everywhere = None if listing.truncated else listing.items
    if listing.truncated:
        listing = await snapshot.list("Pod", fields=f"spec.nodeName={node.name}")
        if gap := listing.gap(f"pods on {node.name}"):
            return unsafe(f"{node} cannot be drained from here: {gap.says.en}", f"无法在此处排空 {node}：{gap.says.zh}")
    on_it = [pod for pod in listing.items if (pod.get("spec") or {}).get("nodeName") == node.name]
    on_it.sort(key=lambda pod: (namespace_of(pod), name_of(pod)))
    movable = [pod for pod in on_it if not _stays(pod)]
    return _Pods(
        going=tuple(pod for pod in movable if not workloads.is_leaving(pod)),
        leaving=tuple(filter(workloads.is_leaving, movable)),
        staying=Counter(filter(None, map(_stays, on_it))),
        everywhere=everywhere,
    )


def _stays(pod: Json) -> Text | None:
    """Why a drain leaves a pod where it is, None for one that goes."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return Text(en="finished", zh="已结束")
    owner = workloads.controller_of(pod)
    if _MIRROR in ((pod.get("metadata") or {}).get("annotations") or {}) or (owner and owner.kind == "Node"):
        return Text(en="static", zh="静态 Pod")
    return Text(en="of DaemonSets", zh="属于 DaemonSet") if owner and owner.kind == "DaemonSet" else None


# --- steps ---


def _cordon(node: ObjectRef) -> Step:
    return Step(
        verb=Verb.PATCH,
        target=node,
        says=Text(en=f"{node} takes no new pods", zh=f"{node} 不再接收新的 Pod"),
        body={"spec": {"unschedulable": True}},
        ignoring=_NODE_CHURN,
    )


def _evict(pod: Json) -> Step:
    me = ref(pod, "Pod")
    says = Text(en=f"{me} was evicted", zh=f"{me} 已被驱逐")
    return Step(verb=Verb.EVICT, target=me, says=says, ignoring=_POD_CHURN)


def _shown(node: Json, going: Sequence[Json]) -> str:
    """What goes, as a diff: the mark of the node, and every pod by name, owner and what is lost with it."""
    cordoned = [f"unschedulable: {str(is_cordoned(node)).lower()}"]
    lines = [_line(pod) for pod in going]
    parts = [lines[at : at + _PIECE] for at in range(0, len(lines), _PIECE)]
    pieces = [diff_lines(cordoned, ["unschedulable: true"], name=f"Node {name_of(node)}")]
    pieces += [diff_lines(each, [], name=f"Pods on {name_of(node)}") for each in parts]
    return "\n".join(filter(None, pieces))


def _line(pod: Json) -> str:
    owner, lost = workloads.controller_of(pod), ", ".join(_local_volumes(pod))
    return f"{_name(pod)} ({owner.kind if owner else ''} {owner.name if owner else ''})" + (lost and f", loses {lost}")


def _name(pod: Json) -> str:
    return f"{namespace_of(pod)}/{name_of(pod)}"


def _names(pods: Sequence[Json], *, zh: bool = False) -> str:
    return _few(tuple(map(_name, pods)), zh=zh)


def _few(names: Sequence[str], *, zh: bool = False) -> str:
    left = len(names) - _NAMED
    more = (f" 等共 {len(names)} 个" if zh else f" and {left} more") if left > 0 else ""
    return ("、" if zh else ", ").join(names[:_NAMED]) + more


def _local_volumes(pod: Json) -> tuple[str, ...]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return tuple(str(each.get("name", "")) for each in volumes if "emptyDir" in each or "ephemeral" in each)


# --- what it does to what runs ---


def _effects(pods: _Pods) -> tuple[Text, ...]:
    grace = max((int(pod["spec"].get("terminationGracePeriodSeconds") or 30) for pod in pods.going), default=0)
    count, names = len(pods.going), _names(pods.going)
    en = (
        f"{count} pods are evicted one after the other, {grace} s at most to end each, and made anew elsewhere: {names}"
    )
    zh = f"逐个驱逐 {count} 个 Pod（每个最多 {grace} 秒退出），由其控制器在别处重建：{_names(pods.going, zh=True)}"
    if not pods.going:
        en, zh = "No pod has to be evicted; no new one is scheduled to it", "没有需要驱逐的 Pod；不再接收新 Pod"
    stays = Text(
        en="What stays: " + ", ".join(f"{count} {why.en}" for why, count in pods.staying.items()),
        zh="保留：" + "，".join(f"{count} 个{why.zh}" for why, count in pods.staying.items()),
    )
    return (Text(en=en, zh=zh), *((stays,) if pods.staying else ()))


def _warnings(node: Json, pods: _Pods, budgets: Iterable[_Budget]) -> tuple[Text, ...]:
    never = tuple(f"{each.name} ({each.needs}/{each.of})" for each in budgets if each.never)
    losing = tuple(_name(pod) for pod in pods.going if _local_volumes(pod))
    jobs = tuple(_name(pod) for pod in pods.going if (owner := workloads.controller_of(pod)) and owner.kind == "Job")
    unready = (name_of(node),) if condition(node, "Ready").get("status", "True") != "True" else ()
    said = (
        (
            unready,
            "Not ready, so pods end only once its kubelet answers, and a StatefulSet's are not replaced before",
            "节点未就绪，Pod 要等 kubelet 恢复才会真正结束，在此之前 StatefulSet 的 Pod 不会被替换",
        ),
        (
            never,
            "Budgets that allow no disruption even when all is well (healthy pods needed/there are): it stops there",
            "以下预算即使一切正常也不允许中断（要求健康数/总数），排空会停在那里",
        ),
        (
            _last_ready(pods),
            "The last ready pod goes: nothing serves until the new one is ready",
            "最后一个就绪的 Pod 会被驱逐，新 Pod 就绪前没有实例提供服务",
        ),
        (losing, "What lies in local volumes (emptyDir) is lost", "本地卷（emptyDir）中的数据会丢失"),
        (jobs, "Work of Jobs starts again from the beginning", "Job 会从头重新执行"),
    )
    return tuple(Text(en=f"{en}: {_few(of)}", zh=f"{zh}：{_few(of, zh=True)}") for of, en, zh in said if of)


def _last_ready(pods: _Pods) -> tuple[str, ...]:
    """The owners of which no pod is ready on any other node."""
    here = {workloads.uid_of(pod) for pod in (*pods.going, *pods.leaving)}
    elsewhere = {
        owner.uid
        for pod in pods.everywhere or ()
        if workloads.uid_of(pod) not in here and pod_is_ready(pod) and not workloads.is_leaving(pod)
        if (owner := workloads.controller_of(pod))
    }
    owners = [workloads.controller_of(pod) for pod in pods.going if pod_is_ready(pod)]
    alone = [str(owner) for owner in owners if owner and owner.kind != "Job" and owner.uid not in elsewhere]
    return tuple(dict.fromkeys(alone)) if pods.everywhere is not None else ()


# --- budgets ---


async def _budgets_over(snapshot: Snapshot, going: Sequence[Json]) -> tuple[_Budget, ...]:
    found = []
    for budget in (await snapshot.list("PodDisruptionBudget")).items if going else ():
        status = budget.get("status") or {}
        covered = tuple(
            workloads.uid_of(pod) for pod in going if namespace_of(pod) == namespace_of(budget) and covers(budget, pod)
        )
        keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        allows, has, needs, of = (int(status.get(key) or 0) for key in keys)
        if covered:
            found.append(_Budget(name=_name(budget), covers=covered, allows=allows, healthy=has, needs=needs, of=of))
    return tuple(sorted(found, key=lambda each: each.name))


def _covered_twice(going: Iterable[Json], budgets: Sequence[_Budget]) -> Refusal | None:
    """The API server evicts no pod that two budgets cover, whatever they allow."""
    for pod in going:
        over = [each.name for each in budgets if workloads.uid_of(pod) in each.covers]
        if len(over) > 1:
            return unsafe(
                f"Pod {_name(pod)} is covered by {len(over)} PodDisruptionBudgets ({', '.join(over)}), and the API "
                "server evicts no such pod: make one of them not select it first",
                f"Pod {_name(pod)} 受 {len(over)} 个 PodDisruptionBudget 保护（{'、'.join(over)}），API server "
                "不会驱逐这样的 Pod：请先让其中一个不再选中它",
            )
    return None


def _told(budgets: Sequence[_Budget]) -> tuple[Text, ...]:
    """What the budgets allow now, one sentence for all."""
    en, zh = [], []
    for each in budgets:
        count, has, needs, allows = len(each.covers), each.healthy, each.needs, each.allows
        en.append(f"{each.name} covers {count} of them, has {has} healthy, needs {needs}, allows {allows} to go now")
        zh.append(f"{each.name} 保护其中 {count} 个，健康 {has}，要求 {needs}，目前允许中断 {allows}")
    if not budgets:
        return (Text(en="No PodDisruptionBudget covers them", zh="没有 PodDisruptionBudget 保护它们"),)
    return (Text(en="PodDisruptionBudgets: " + "; ".join(en), zh="PodDisruptionBudget：" + "；".join(zh)),)


# --- room on other nodes ---


async def _without_room(snapshot: Snapshot, target: ObjectRef, pods: _Pods) -> tuple[Text, ...]:
    """A warning for the pods that no other node would take as things are, or that it cannot be told."""
    unknown = Text(
        en="Whether the other nodes have room for these pods cannot be told", zh="无法确认其他节点是否容得下这些 Pod"
    )
    try:
        nodes = [each for each in (await snapshot.list("Node", fresh=False)).items if name_of(each) != target.name]
        bound = await _bound(snapshot, pods.going)
    except ClusterError:
        return (unknown,)
    if pods.everywhere is None:
        return (unknown,) if pods.going else ()
    homeless = tuple(_homeless(pods, nodes, bound))
    told = Text(
        en=f"No other node takes these now, they wait until one does: {_few(homeless)}",
        zh=f"目前没有其他节点能接收以下 Pod，它们会一直等待：{_few(homeless, zh=True)}",
    )
    return (told,) if homeless else ()


def _homeless(pods: _Pods, nodes: Sequence[Json], bound: _Bound) -> Iterator[str]:
    """The pods that find no place, the largest placed first, and what keeps them off the other nodes."""
    moving = {workloads.uid_of(pod) for pod in (*pods.going, *pods.leaving)}
    around = surroundings((pod for pod in pods.everywhere or () if workloads.uid_of(pod) not in moving), nodes)
    free = {name_of(node): amounts((node.get("status") or {}).get("allocatable")) for node in nodes}
    silent = frozenset(name for name, has in free.items() if not has)  # what says nothing is taken to have room
    for pod in around.pods:
        if (on := str((pod.get("spec") or {}).get("nodeName"))) in free:
            free[on] = minus(free[on], pod_requests(pod))
    for pod, wanted in sorted(((pod, pod_requests(pod)) for pod in pods.going), key=_size):
        closed, why = closed_nodes(pod, around), {}
        for node in nodes:
            name = name_of(node)
            lacks = () if name in silent else lacking(free[name], wanted)
            there = all(matches_node(terms, node) for terms in bound.get(workloads.uid_of(pod), ()))
            by = closed[name].rule.name if name in closed else ""
            why[name] = refusal(pod, node) or ("" if there else "its volume is elsewhere") or by
            why[name] = why[name] or (f"too little {', '.join(lacks)}" if lacks else "")
        if place := next((name for name in why if not why[name]), ""):
            free[place] = minus(free[place], wanted)
        else:
            yield f"{_name(pod)} ({', '.join(dict.fromkeys(why.values())) or 'there is no other node'})"


def _size(one: tuple[Json, Amounts]) -> tuple[int, int]:
    return -one[1].get(CPU, 0), -one[1].get(MEMORY, 0)


async def _bound(snapshot: Snapshot, going: Iterable[Json]) -> _Bound:
    """Where the volumes of pods can be reached from: a local one keeps its pod where it is."""
    claims = [
        (workloads.uid_of(pod), (namespace_of(pod), str(each["persistentVolumeClaim"].get("claimName", ""))))
        for pod in going
        for each in (pod.get("spec") or {}).get("volumes") or ()
        if "persistentVolumeClaim" in each
    ]
    reached: dict[tuple[str, str], Sequence[Json]] = {}
    for volume in (await snapshot.list("PersistentVolume")).items if claims else ():
        spec = volume.get("spec") or {}
        claim, required = spec.get("claimRef") or {}, (spec.get("nodeAffinity") or {}).get("required")
        if required:
            place = str(claim.get("namespace", "")), str(claim.get("name", ""))
            reached[place] = required.get("nodeSelectorTerms") or ()
    return {uid: [reached[each] for of, each in claims if of == uid and each in reached] for uid, _ in claims}


ACTION: Final = Drain()
