"""Empty a node: no new pods, then every pod that can run elsewhere is evicted, one after the other.

What stays is what `kubectl drain` leaves as well: pods of DaemonSets, static pods, finished ones. A pod that nothing
makes anew is never evicted. The disruption budgets have the last word on each eviction, and are waited for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, ref
from bot.kube.placement import is_cordoned
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.draining.budgets import budgets_of, covered_twice, told
from bot.remedies.shared.draining.outlook import effects_of, warnings_of
from bot.remedies.shared.draining.pods import called, local_volumes, names_of, pods_on, stays
from bot.remedies.shared.draining.room import without_room
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.refusing import gone, unsafe
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

# What others write of a node or a pod all the time, and what decides neither on a cordon nor on an eviction.
_NODE_CHURN: Final = ("spec.taints", "metadata.annotations", "metadata.labels")
_POD_CHURN: Final = ("metadata.annotations", "metadata.labels")
# What is shown is in pieces of so many lines: longer ones would be cut.
_PIECE: Final = 25


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
        pods = await pods_on(snapshot, plan.target)
        if isinstance(pods, Refusal):
            return pods
        if bare := [pod for pod in pods.going if workloads.controller_of(pod) is None]:
            en, zh = names_of(bare), names_of(bare, zh=True)
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
            budgets, unread = await budgets_of(snapshot, pods.going), None
        except ClusterError as error:
            budgets, unread = (), error.gap("PodDisruptionBudgets").says
        if twice := covered_twice(pods.going, budgets):
            return twice
        blocked = {uid: 1 + (not each.allows) for each in budgets for uid in each.covers}
        # Those that no budget holds back go first: where one stops the drain, the others are gone by then.
        going = sorted(pods.going, key=lambda pod: blocked.get(workloads.uid_of(pod), 0))
        return Proposal(
            steps=(*(() if is_cordoned(node) else (_cordon(plan.target),)), *map(_evict, going)),
            outlook=Outlook(
                effects=(*effects_of(pods), *(() if unread else told(budgets))),
                warnings=(
                    *((unread,) if unread else ()),
                    *warnings_of(node, pods, budgets),
                    *await without_room(snapshot, plan.target, pods),
                ),
                known=tuple(map(workloads.uid_of, (*pods.going, *pods.leaving))),
            ),
            shown=_shown(node, going),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        pods = (await snapshot.list("Pod", fields=f"spec.nodeName={plan.target.name}")).items
        left = [pod for pod in pods if workloads.uid_of(pod) in applied.outlook.known]
        late = [pod for pod in pods if not stays(pod) and pod not in left]
        if left:
            says = Text(
                en=f"{len(left)} evicted pods are still ending on {plan.target}: {names_of(left)}",
                zh=f"{plan.target} 上还有 {len(left)} 个被驱逐的 Pod 正在退出：{names_of(left, zh=True)}",
            )
            return Settling(course=Course.MOVING, says=says)
        en, zh = f"the evicted pods are gone from {plan.target}", f"被驱逐的 Pod 已全部离开 {plan.target}"
        if late:
            en += f"; {names_of(late)} came after the preview and runs there: drain it again"
            zh += f"；{names_of(late, zh=True)} 在预览之后才出现并仍在运行：请再次排空"
        return Settling(course=Course.WELL, says=Text(en=en, zh=zh))


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
    owner, lost = workloads.controller_of(pod), ", ".join(local_volumes(pod))
    return f"{called(pod)} ({owner.kind if owner else ''} {owner.name if owner else ''})" + (lost and f", loses {lost}")


ACTION: Final = Drain()
