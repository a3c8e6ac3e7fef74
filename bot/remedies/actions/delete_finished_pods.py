"""Delete pods that have finished: above all evicted ones, which stay until somebody deletes them.

No running pod is touched. A finished pod (Failed, Succeeded) never runs again, so it cannot change between the preview
and the write. The target is the namespace of the pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.kube.field_paths import printed
from bot.kube.objects import created_at, is_mirror, is_terminating, name_of, node_name_of, phase_of, ref, uid_of
from bot.kube.owners import controller_of
from bot.remedies.action import Action, for_kind, permission
from bot.remedies.changes import diff_lines
from bot.remedies.contract import Applied, EffectState, EffectStatus, Outlook, Plan, Proposal, effect
from bot.remedies.shared.claims import local_volumes
from bot.remedies.shared.refusal import deletion, unsafe
from intents.catalog.actions import ActionDeclaration, Argument
from intents.domain import Json, Text
from responses.words import ActionWords

MOST: Final = 100
_NAMED: Final = 3


class DeleteFinishedPods(Action):
    """Deletes finished pods of a namespace, at most MOST at once."""

    declaration = ActionDeclaration(
        name="delete-finished-pods",
        kinds=("Namespace",),
        args={
            "reason": Argument(says="only pods with this status.reason, such as Evicted"),
            "node": Argument(says="only pods of this node"),
        },
        undoable=False,
        ends_incident=False,
    )
    words = ActionWords(
        verb=Text(en="Delete finished pods", zh="删除已结束的 Pod"),
        does=Text(
            en="Deletes the finished pods of this namespace; running pods are not affected.",
            zh="删除此命名空间中已结束的 Pod；不影响运行中的 Pod。",
        ),
    )
    writes = for_kind("Namespace", permission("delete", "Pod"))

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        reason, node = (printed(plan.args.get(key)).strip() for key in ("reason", "node"))
        listing = await snapshot.list("Pod", namespace=plan.target.name)
        finished = [pod for pod in listing.items if _is_meant(pod, reason=reason, node=node)]
        found = sorted(finished, key=lambda pod: (created_at(pod), name_of(pod)))
        if not found:
            what = _what(reason, node)
            raise unsafe(f"{plan.target.name} no longer has {what.en}", f"{plan.target.name} 中（已）没有{what.zh}")
        chosen = found[:MOST]
        return Proposal(
            steps=tuple(deletion(ref(pod, "Pod")) for pod in chosen),
            outlook=Outlook(
                effects=tuple(_effects(plan, chosen, _what(reason, node), left=len(found) - len(chosen))),
                warnings=tuple(_warnings(chosen)),
                known=tuple(map(uid_of, chosen)),
            ),
            shown=diff_lines(list(map(_line, chosen)), [], name=f"finished pods of {plan.target.name}"),
        )

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        known = frozenset(applied.outlook.known)
        listing = await snapshot.list("Pod", namespace=plan.target.name)
        left = sorted(name_of(pod) for pod in listing.items if uid_of(pod) in known)
        if not left:
            return effect(EffectState.HEALTHY, f"pods deleted: {len(known)}", f"{len(known)} 个 Pod 已删除")
        names = ", ".join(left[:_NAMED])
        return effect(
            EffectState.PENDING,
            f"{len(left)} are still Terminating because of a finalizer: {names}",
            f"还有 {len(left)} 个处于 Terminating（被 finalizer 保留）：{names}",
        )


def _is_meant(pod: Json, *, reason: str, node: str) -> bool:
    finished = phase_of(pod) == "Failed" or (phase_of(pod) == "Succeeded" and not reason)
    if not finished or is_terminating(pod) or is_mirror(pod):
        return False
    if reason and (pod.get("status") or {}).get("reason") != reason:
        return False
    return not node or node_name_of(pod) == node


def _what(reason: str, node: str) -> Text:
    zh_node = f"节点 {node} 上" if node else ""
    kind = Text(en=f"pods that finished as {reason}", zh=f"以 {reason} 结束的 Pod")
    if not reason:
        kind = Text(en="finished pods", zh="已结束的 Pod")
    return Text(en=kind.en + (f" on node {node}" if node else ""), zh=f"{zh_node}{kind.zh}")


def _line(pod: Json) -> str:
    parts = (name_of(pod), phase_of(pod), (pod.get("status") or {}).get("reason"), node_name_of(pod), created_at(pod))
    return "  ".join(str(each) for each in parts if each)


def _effects(plan: Plan, chosen: Sequence[Json], what: Text, *, left: int) -> Iterator[Text]:
    yield Text(
        en=f"Deletes {what.en} in namespace {plan.target.name}: {len(chosen)}; no running pod is touched",
        zh=f"删除 {plan.target.name} 中的 {len(chosen)} 个{what.zh}；不会影响正在运行的 Pod",
    )
    yield Text(
        en="Their logs, and the reasons in their status, are no longer available",
        zh="它们的日志以及状态中记录的结束原因将无法再查看",
    )
    if left:
        yield Text(
            en=f"The oldest {len(chosen)} now; {left} more stay for another run",
            zh=f"一次删除最早的 {len(chosen)} 个；另有 {left} 个留待下次",
        )


def _warnings(chosen: Sequence[Json]) -> Iterator[Text]:
    if any(local_volumes(pod.get("spec") or {}) for pod in chosen):
        yield Text(en="Data in their local volumes (emptyDir) is lost", zh="其本地卷（emptyDir）中的数据会丢失")
    jobs = {owner.name for pod in chosen if (owner := controller_of(pod)) and owner.kind == "Job"}
    if jobs:
        names = ", ".join(sorted(jobs)[:_NAMED]) + (f" (+{len(jobs) - _NAMED})" if len(jobs) > _NAMED else "")
        yield Text(
            en=f"Some belong to Jobs ({names}), whose results in the logs are lost too",
            zh=f"其中一些属于 Job（{names}）：其日志会随之消失",
        )
