"""The base of the actions that suspend and resume a CronJob or a Job.

Running Jobs of a CronJob continue. A Job's pods are deleted, and its unfinished work starts from the beginning when it
is resumed.
"""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.job_runs import has_finished
from bot.kube.objects import is_terminating, ref, uid_of
from bot.kube.owners import controller_of
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, Refusal
from bot.remedies.shared import workloads
from bot.remedies.shared.kinds import permissions_to
from bot.remedies.shared.patch_action import PatchAction, in_force
from bot.remedies.shared.refusal import owned, unsafe
from intents.domain import Json, Text
from intents.templates import counted

KINDS: Final = ("CronJob", "Job")
# A queue that decides which Jobs run resets the field.
_QUEUE: Final = "kueue.x-k8s.io/queue-name"
_OWN_CONTROLLER: Final = "kubernetes.io/job-controller"


class SuspensionAction(PatchAction):
    """Writes `spec.suspend`, as the class says."""

    writes = permissions_to("patch", KINDS)
    suspends: ClassVar[bool]

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        obj = await snapshot.find(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if obj is None or uid_of(obj) != plan.target.uid:
            return await in_force(snapshot, plan.target)
        if is_suspended(obj) != self.suspends:
            says = Text(en=f"{plan.target} was set back since", zh=f"{plan.target} 之后又被改了回去")
            return EffectStatus(state=EffectState.FAILING, says=says)
        if plan.target.kind == "CronJob":
            return await in_force(snapshot, plan.target)
        pods = [pod for pod in await workloads.pods_of(snapshot, obj) if has_not_finished(pod)]
        return _suspended(pods) if self.suspends else _resumed(obj, pods)


def _suspended(pods: list[Json]) -> EffectStatus:
    if pods:
        says = Text(en=counted(len(pods), "pods are still terminating"), zh=f"还有 {len(pods)} 个 Pod 正在退出")
        return EffectStatus(state=EffectState.PENDING, says=says)
    return EffectStatus(state=EffectState.HEALTHY, says=Text(en="none of its pods runs", zh="已没有 Pod 在运行"))


def _resumed(job: Json, pods: list[Json]) -> EffectStatus:
    up = [pod for pod in pods if not is_terminating(pod)]
    if failing := next(filter(None, map(workloads.why_failing, up)), ""):
        says = Text(en=f"its pods fail: {failing}", zh=f"其 Pod 失败：{failing}")
        return EffectStatus(state=EffectState.FAILING, says=says)
    if up or has_finished(job):
        return EffectStatus(state=EffectState.HEALTHY, says=Text(en="it runs again", zh="已继续运行"))
    return EffectStatus(state=EffectState.PENDING, says=Text(en="none of its pods has started yet", zh="尚未启动 Pod"))


def is_suspended(obj: Json) -> bool:
    """Tell whether a CronJob or a Job is suspended."""
    return bool((obj.get("spec") or {}).get("suspend"))


def has_not_finished(pod: Json) -> bool:
    """Tell whether a pod has neither succeeded nor failed."""
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def decided_elsewhere(obj: Json) -> Refusal | None:
    """Refuse a write that would change nothing, or be reverted by an owner or a queue."""
    me, owner = ref(obj), controller_of(obj)
    if obj.get("kind") == "Job" and has_finished(obj):
        return unsafe(f"{me} has finished: it cannot be suspended or resumed", f"{me} 已结束：无法暂停或恢复")
    # A CronJob does not reset the Jobs that it has created.
    if owner is not None and owner.kind != "CronJob":
        return owned(me, owner)
    queue = ((obj.get("metadata") or {}).get("labels") or {}).get(_QUEUE)
    manager = (obj.get("spec") or {}).get("managedBy") or _OWN_CONTROLLER
    if queue or manager != _OWN_CONTROLLER:
        by = f"the Kueue queue {queue}" if queue else str(manager)
        by_zh = f"Kueue 队列 {queue}" if queue else str(manager)
        return unsafe(
            f"{by} decides when {me} runs and would revert the change; change it there",
            f"{me} 何时运行由 {by_zh} 决定，修改会被改回；请在那里修改",
        )
    return None
