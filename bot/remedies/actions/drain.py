"""Drain a node: cordon it, then evict every pod that can run elsewhere, one by one.

The same pods stay as with `kubectl drain`: those of DaemonSets, static pods, finished ones. A pod that nothing
recreates is never evicted. PodDisruptionBudgets decide on each eviction; a refused one is retried for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import full_name, is_terminating, name_of, ref, spec_of, uid_of
from bot.kube.owners import controller_of, controller_reference
from bot.kube.placement import is_cordoned
from bot.remedies.action import Action, for_kind, permission
from bot.remedies.changes import diff_lines
from bot.remedies.contract import (
    Applied,
    EffectState,
    EffectStatus,
    Outlook,
    Plan,
    Proposal,
    Refused,
    Step,
    Verb,
    effect,
)
from bot.remedies.shared.budgets import Budget, budget_effects, budgets_of, check_covered_once
from bot.remedies.shared.claims import local_volumes
from bot.remedies.shared.node_drain import (
    CORDON,
    IGNORED,
    NodePods,
    cordoned,
    effects_of,
    names_of,
    pods_on,
    warnings_of,
    why_it_stays,
    without_room,
)
from bot.remedies.shared.refusal import gone, unsafe
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from responses.words import ActionWords

# Fields that others write all the time, and that matter neither for a cordon nor for an eviction.
_NODE_CHURN: Final = (*IGNORED, "metadata.annotations", "metadata.labels")
_POD_CHURN: Final = ("metadata.annotations", "metadata.labels")
# Lines in one piece of the diff: longer pieces would be cut.
_PIECE: Final = 25


class Drain(Action):
    """Cordons a node and evicts its pods."""

    # Undo reverts the cordon; evicted pods run elsewhere by then.
    declaration = ActionDeclaration(
        name="drain", kinds=("Node",), least_risk=Risk.DISRUPTIVE, undoable=True, ends_incident=False
    )
    words = ActionWords(
        verb=Text(en="Drain node", zh="排空节点"),
        does=Text(
            en="Keeps new pods off this node and evicts its running pods, within their disruption budgets.",
            zh="禁止新 Pod 调度到此节点，并在中断预算允许时驱逐其上的 Pod。",
        ),
        asked_by=("drain", "evict", "evacuate", "empty", "排空", "驱逐", "腾空"),
    )
    writes = for_kind("Node", permission("patch", "Node"), permission("create", "Pod", subresource="eviction"))

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        node = await snapshot.get("Node", plan.target.name)
        if is_terminating(node):
            raise Refused(gone(plan.target))
        pods = await pods_on(snapshot, plan.target)
        _check_drainable(plan.target, node, pods)
        try:
            budgets, unread = await budgets_of(snapshot, pods.evicted), None
        except ClusterError as error:
            budgets, unread = (), error.gap("PodDisruptionBudgets").says
        check_covered_once(pods.evicted, budgets)
        order = _order(pods.evicted, budgets)
        cordon = () if is_cordoned(node) else (_cordon(plan.target),)
        return Proposal(
            steps=(*cordon, *map(_evict, order)),
            outlook=Outlook(
                effects=(*effects_of(pods), *(() if unread else budget_effects(budgets))),
                warnings=(
                    *((unread,) if unread else ()),
                    *warnings_of(node, pods, budgets),
                    *await without_room(snapshot, plan.target, pods),
                ),
                known=tuple(map(uid_of, (*pods.evicted, *pods.terminating))),
            ),
            shown=_shown(node, order),
        )

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        pods = (await snapshot.list("Pod", fields=f"spec.nodeName={plan.target.name}")).items
        left = [pod for pod in pods if uid_of(pod) in applied.outlook.known]
        late = [pod for pod in pods if not why_it_stays(pod) and pod not in left]
        if left:
            return effect(
                EffectState.PENDING,
                f"{len(left)} evicted pods are still terminating on {plan.target}: {names_of(left)}",
                f"{plan.target} 上还有 {len(left)} 个被驱逐的 Pod 正在退出：{names_of(left, zh=True)}",
            )
        en, zh = f"the evicted pods are gone from {plan.target}", f"被驱逐的 Pod 已全部离开 {plan.target}"
        if late:
            en += f"; {names_of(late)} started after the preview and runs there: drain the node again"
            zh += f"；{names_of(late, zh=True)} 在预览之后才出现并仍在运行：请再次排空"
        return effect(EffectState.HEALTHY, en, zh)


def _check_drainable(target: ObjectRef, node: Json, pods: NodePods) -> None:
    if bare := [pod for pod in pods.evicted if controller_of(pod) is None]:
        en, zh = names_of(bare), names_of(bare, zh=True)
        raise unsafe(
            f"no controller recreates {en}: an eviction removes them permanently. Move or delete them by hand first",
            f"没有控制器会重建 {zh}：驱逐后将永久消失。请先手工迁移或删除",
        )
    if not pods.evicted and is_cordoned(node):
        raise unsafe(
            f"{target} is already drained: it is cordoned and has no pods to evict",
            f"{target} 已排空：已禁止调度，且没有可驱逐的 Pod",
        )


def _order(pods: Sequence[Json], budgets: Sequence[Budget]) -> list[Json]:
    """Return the pods that no budget blocks first: if a budget stops the drain, they are gone by then."""
    blocked = {uid: 1 + (not each.allows) for each in budgets for uid in each.covers}
    return sorted(pods, key=lambda pod: blocked.get(uid_of(pod), 0))


def _cordon(node: ObjectRef) -> Step:
    return Step(verb=Verb.PATCH, target=node, says=cordoned(node), body=CORDON, ignoring=_NODE_CHURN)


def _evict(pod: Json) -> Step:
    me = ref(pod, "Pod")
    says = Text(en=f"{me} was evicted", zh=f"{me} 已被驱逐")
    return Step(verb=Verb.EVICT, target=me, says=says, ignoring=_POD_CHURN)


def _shown(node: Json, evicted: Sequence[Json]) -> str:
    """Return the diff: the node's cordon, and every pod with its owner and the volumes it loses."""
    before = [f"unschedulable: {str(is_cordoned(node)).lower()}"]
    lines = [_line(pod) for pod in evicted]
    parts = [lines[at : at + _PIECE] for at in range(0, len(lines), _PIECE)]
    pieces = [diff_lines(before, ["unschedulable: true"], name=f"Node {name_of(node)}")]
    pieces += [diff_lines(each, [], name=f"Pods on {name_of(node)}") for each in parts]
    return "\n".join(filter(None, pieces))


def _line(pod: Json) -> str:
    owner, lost = controller_reference(pod), ", ".join(local_volumes(spec_of(pod)))
    return f"{full_name(pod)} ({owner.get('kind') or ''} {owner.get('name') or ''})" + (lost and f", loses {lost}")
