"""Tidy up pods that have ended: evicted ones above all, which stay until somebody deletes them.

Nothing that runs is touched: a pod that has ended (Failed, Succeeded) never runs again, so what it was when it was
shown it still is at the write. The namespace is only where they lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, ref
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.claims import phase_of
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.local_data import local_data
from bot.remedies.shared.refusing import unsafe
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

MOST: Final = 100
_MIRROR: Final = "kubernetes.io/config.mirror"


class DeleteFinishedPods:
    name = "delete-finished-pods"
    undoable = False
    cures = False
    permissions: tuple[Permission, ...] = (permission("delete", "Pod"),)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return self.permissions if target.kind == "Namespace" else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return {"uid": workloads.uid_of(await snapshot.get("Namespace", target.name))}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        reason, node = _text(plan.args.get("reason")), _text(plan.args.get("node"))
        listing = await snapshot.list("Pod", namespace=plan.target.name)
        ended = [pod for pod in listing.items if _is_meant(pod, reason=reason, node=node)]
        found = sorted(ended, key=lambda pod: (_created(pod), name_of(pod)))
        if not found:
            what = _what(reason, node)
            return unsafe(f"{plan.target.name} has no {what.en} any more", f"{plan.target.name} 中（已）没有{what.zh}")
        chosen = found[:MOST]
        return Proposal(
            steps=tuple(map(_step, chosen)),
            outlook=Outlook(
                effects=_effects(plan, chosen, _what(reason, node), left=len(found) - len(chosen)),
                warnings=_warnings(chosen),
                known=tuple(map(workloads.uid_of, chosen)),
            ),
            shown=diff_lines(list(map(_line, chosen)), [], name=f"ended pods of {plan.target.name}"),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        known = frozenset(applied.outlook.known)
        listing = await snapshot.list("Pod", namespace=plan.target.name)
        left = sorted(name_of(pod) for pod in listing.items if workloads.uid_of(pod) in known)
        if not left:
            says = Text(en=f"pods gone: {len(known)}", zh=f"{len(known)} 个 Pod 已删除")
            return Settling(course=Course.WELL, says=says)
        names = ", ".join(left[:3])
        says = Text(
            en=f"{len(left)} are still Terminating, held by a finalizer: {names}",
            zh=f"还有 {len(left)} 个处于 Terminating（被 finalizer 保留）：{names}",
        )
        return Settling(course=Course.MOVING, says=says)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _is_meant(pod: Json, *, reason: str, node: str) -> bool:
    status, metadata = pod.get("status") or {}, pod.get("metadata") or {}
    ended = phase_of(pod) == "Failed" or (phase_of(pod) == "Succeeded" and not reason)
    # A mirror pod is a kubelet's: deleted here, it comes back from its file.
    if not ended or workloads.is_leaving(pod) or _MIRROR in (metadata.get("annotations") or {}):
        return False
    if reason and status.get("reason") != reason:
        return False
    return not node or (pod.get("spec") or {}).get("nodeName") == node


def _created(pod: Json) -> str:
    return str((pod.get("metadata") or {}).get("creationTimestamp") or "")


def _what(reason: str, node: str) -> Text:
    zh_node = f"节点 {node} 上" if node else ""
    kind = Text(en=f"pods that ended as {reason}", zh=f"以 {reason} 结束的 Pod")
    if not reason:
        kind = Text(en="pods that have ended", zh="已结束的 Pod")
    return Text(en=kind.en + (f" on node {node}" if node else ""), zh=f"{zh_node}{kind.zh}")


def _step(pod: Json) -> Step:
    target = ref(pod, "Pod")
    return Step(verb=Verb.DELETE, target=target, says=Text(en=f"{target} was deleted", zh=f"{target} 已删除"))


def _line(pod: Json) -> str:
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    parts = (name_of(pod), phase_of(pod), status.get("reason"), spec.get("nodeName"), _created(pod))
    return "  ".join(str(each) for each in parts if each)


def _effects(plan: Plan, chosen: Sequence[Json], what: Text, *, left: int) -> tuple[Text, ...]:
    effects = [
        Text(
            en=f"Deletes {what.en} in namespace {plan.target.name}: {len(chosen)}; nothing that runs is touched",
            zh=f"删除 {plan.target.name} 中的 {len(chosen)} 个{what.zh}；不会影响正在运行的 Pod",
        ),
        Text(
            en="Their logs and what their status tells of why they ended are gone then",
            zh="它们的日志以及状态中记录的结束原因将无法再查看",
        ),
    ]
    if left:
        effects.append(
            Text(
                en=f"The oldest {len(chosen)} at once; {left} more are left for another time",
                zh=f"一次删除最早的 {len(chosen)} 个；另有 {left} 个留待下次",
            )
        )
    return tuple(effects)


def _warnings(chosen: Sequence[Json]) -> tuple[Text, ...]:
    losing = any(local_data(pod.get("spec") or {}) for pod in chosen)
    lost = Text(en="What lies in their local volumes (emptyDir) is lost", zh="其本地卷（emptyDir）中的数据会丢失")
    jobs = {owner.name for pod in chosen if (owner := workloads.controller_of(pod)) and owner.kind == "Job"}
    if not jobs:
        return (lost,) if losing else ()
    names = ", ".join(sorted(jobs)[:3]) + (f" (+{len(jobs) - 3})" if len(jobs) > 3 else "")
    return (
        *((lost,) if losing else ()),
        Text(
            en=f"Some belong to Jobs ({names}): what those left in their logs is gone with them",
            zh=f"其中一些属于 Job（{names}）：其日志会随之消失",
        ),
    )


ACTION: Final = DeleteFinishedPods()
