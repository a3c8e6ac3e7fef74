"""Stop a CronJob from starting runs, or a Job from going on; and let them go on again.

A CronJob's runs that are under way go on. A Job's pods are ended, and its unfinished work starts from the beginning
when it is resumed.
"""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.kube.objects import ref
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.patching import Patch, Patching, holds
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text

# A queue that decides itself which Jobs run sets the field back.
_QUEUE: Final = "kueue.x-k8s.io/queue-name"
_OWN_CONTROLLER: Final = "kubernetes.io/job-controller"


class _Halting(Patching):
    kinds: ClassVar[tuple[str, ...]] = ("CronJob", "Job")
    cures: ClassVar[bool] = False
    halts: ClassVar[bool]

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.find(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if obj is None or workloads.uid_of(obj) != plan.target.uid:
            return await holds(snapshot, plan.target)
        if _is_suspended(obj) != self.halts:
            says = Text(en=f"somebody has set {plan.target} back since", zh=f"{plan.target} 之后又被改了回去")
            return Settling(course=Course.FAILING, says=says)
        if plan.target.kind == "CronJob":
            return await holds(snapshot, plan.target)
        return await self._pods(snapshot, obj)

    async def _pods(self, snapshot: Snapshot, job: Json) -> Settling:
        """What became of a Job's pods."""
        left = [pod for pod in await workloads.pods_of(snapshot, job) if _runs(pod)]
        if self.halts:
            if left:
                says = Text(en=f"{len(left)} pods are still ending", zh=f"还有 {len(left)} 个 Pod 正在退出")
                return Settling(course=Course.MOVING, says=says)
            return Settling(course=Course.WELL, says=Text(en="no pod of it runs any more", zh="已没有 Pod 在运行"))
        up = [pod for pod in left if not workloads.is_leaving(pod)]
        if failing := next(filter(None, map(workloads.why_failing, up)), ""):
            says = Text(en=f"its pods fail: {failing}", zh=f"其 Pod 失败：{failing}")
            return Settling(course=Course.FAILING, says=says)
        if up or _is_over(job):
            return Settling(course=Course.WELL, says=Text(en="it goes on", zh="已继续运行"))
        return Settling(course=Course.MOVING, says=Text(en="no pod of it has started yet", zh="尚未启动 Pod"))


class Suspend(_Halting):
    name: ClassVar[str] = "suspend"
    halts: ClassVar[bool] = True

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        if _is_suspended(obj):
            return unsafe(f"{plan.target} is suspended already", f"{plan.target} 已处于暂停状态")
        if refusal := _not_ours(obj):
            return refusal
        warnings: tuple[Text, ...] = ()
        if plan.target.kind == "CronJob":
            effects = _of_cron_job(obj)
        else:
            effects, warnings = await _of_job(snapshot, obj)
        return Patch(
            body={"spec": {"suspend": True}},
            says=Text(en=f"{plan.target} was suspended", zh=f"{plan.target} 已暂停"),
            effects=effects,
            warnings=warnings,
        )


class Resume(_Halting):
    name: ClassVar[str] = "resume"
    halts: ClassVar[bool] = False

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        if not _is_suspended(obj):
            return unsafe(f"{plan.target} is not suspended", f"{plan.target} 并未暂停")
        if refusal := _not_ours(obj):
            return refusal
        if plan.target.kind == "CronJob":
            effects = (_missed(obj),)
        else:
            effects = (
                Text(
                    en="Its pods are made anew; what was not finished starts over, and so does its deadline",
                    zh="会重新创建 Pod；未完成的工作从头开始，其期限也重新计时",
                ),
            )
        reason = Text(en="Somebody suspended it: find out why first", zh="之前有人将其暂停：请先确认原因")
        return Patch(
            # Not `null`: a Job's default is false, and false is what shows.
            body={"spec": {"suspend": False}},
            says=Text(en=f"{plan.target} was resumed", zh=f"{plan.target} 已恢复"),
            effects=effects,
            warnings=(reason,),
        )


def _is_suspended(obj: Json) -> bool:
    return bool((obj.get("spec") or {}).get("suspend"))


def _is_over(job: Json) -> bool:
    return any(condition(job, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _runs(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _not_ours(obj: Json) -> Refusal | None:
    """Why it would do nothing, or be set back."""
    me, owner = ref(obj), workloads.controller_of(obj)
    if obj.get("kind") == "Job" and _is_over(obj):
        return unsafe(
            f"{me} is finished: there is nothing to suspend or resume", f"{me} 已结束：没有可暂停或恢复的内容"
        )
    # A CronJob lets a Job that it has started be.
    if owner is not None and owner.kind != "CronJob":
        return unsafe(
            f"{me} is made by {owner.kind} {owner.name}, which would write over the change: do it there",
            f"{me} 由 {owner.kind} {owner.name} 管理，修改会被其覆盖：请在那里操作",
        )
    queue = ((obj.get("metadata") or {}).get("labels") or {}).get(_QUEUE)
    manager = (obj.get("spec") or {}).get("managedBy") or _OWN_CONTROLLER
    if queue or manager != _OWN_CONTROLLER:
        by = f"the Kueue queue {queue}" if queue else str(manager)
        return unsafe(
            f"{by} decides when {me} runs, and would set it back: do it there",
            f"{me} 何时运行由 {by} 决定，修改会被改回：请在那里操作",
        )
    return None


def _of_cron_job(cron_job: Json) -> tuple[Text, ...]:
    schedule = str((cron_job.get("spec") or {}).get("schedule", ""))
    active = [str(each.get("name", "")) for each in (cron_job.get("status") or {}).get("active") or ()]
    effects = [
        Text(
            en=f"No run is started any more by its schedule ({schedule}) until it is resumed",
            zh=f"在恢复之前，不再按计划（{schedule}）启动运行",
        )
    ]
    if active:
        names_en, names_zh = ", ".join(active), "、".join(active)
        effects.append(
            Text(
                en=f"Runs under way go on: Job {names_en}; suspend or delete them by themselves",
                zh=f"正在进行的运行不受影响：Job {names_zh}；如需停止请单独暂停或删除",
            )
        )
    return tuple(effects)


def _missed(cron_job: Json) -> Text:
    spec = cron_job.get("spec") or {}
    deadline, schedule = spec.get("startingDeadlineSeconds"), str(spec.get("schedule", ""))
    if deadline is None:
        return Text(
            en=f"Runs start by its schedule again ({schedule}); if one was missed, the last of them starts at once",
            zh=f"重新按计划（{schedule}）启动运行；如有错过的运行，最近一次会立即启动",
        )
    return Text(
        en=f"Runs start by its schedule again ({schedule}); one missed within the last {deadline} s starts at once",
        zh=f"重新按计划（{schedule}）启动运行；最近 {deadline} 秒内错过的一次会立即启动",
    )


async def _of_job(snapshot: Snapshot, job: Json) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    pods = [pod for pod in await workloads.pods_of(snapshot, job) if _runs(pod) and not workloads.is_leaving(pod)]
    spec, done = job.get("spec") or {}, int((job.get("status") or {}).get("succeeded") or 0)
    of = f"/{spec['completions']}" if spec.get("completions") else ""
    effects = (
        Text(
            en=f"Running pods ended by it (SIGTERM): {len(pods)}; no others are made until it is resumed",
            zh=f"其 {len(pods)} 个运行中的 Pod 会被终止（SIGTERM），恢复之前不会再创建",
        ),
        Text(en=f"Finished so far: {done}{of}; that is kept", zh=f"目前已完成：{done}{of}；会保留"),
    )
    warnings = []
    if pods:
        warnings.append(
            Text(
                en="What these pods have not finished is lost, and starts from the beginning when it is resumed",
                zh="这些 Pod 未完成的工作会丢失，恢复后从头开始",
            )
        )
    if owner := workloads.controller_of(job):
        warnings.append(
            Text(
                en=f"{owner.kind} {owner.name} starts further runs all the same, unless its concurrency policy forbids "
                "them: suspend it as well",
                zh=f"{owner.kind} {owner.name} 仍会启动新的运行（除非并发策略禁止）：请同时暂停它",
            )
        )
    return effects, tuple(warnings)


SUSPEND: Final = Suspend()
RESUME: Final = Resume()
