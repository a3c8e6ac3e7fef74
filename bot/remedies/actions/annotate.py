"""Set and take off annotations of an object, and nothing else.

An annotation by itself does nothing: whoever reads it does. What a pod's container reads it will read when it starts
next, so for a pod whose containers keep failing it is waited until they have started again. Of any other object it is
in force at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in
from bot.kube.timestamps import parse_time
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.marks import Marking, Marks
from intents.domain import Json, Text


class Annotate(Marking):
    name: ClassVar[str] = "annotate"
    field: ClassVar[str] = "annotations"
    en: ClassVar[str] = "annotated"
    zh: ClassVar[str] = "注解"

    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Marks) -> tuple[Text, ...] | Refusal:
        if plan.target.kind == "Pod":
            return _effects(obj, plan)
        alone = Text(
            en="It does nothing by itself: the controller that reads it acts on it, in its own time",
            zh="注解本身不起作用：由读取它的控制器自行处理",
        )
        kept = Text(en="No pod is replaced: the pod template stays as it is", zh="不会替换任何 Pod：Pod 模板不变")
        return (alone, kept) if plan.target.kind in WORKLOADS else (alone,)

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        if plan.target.kind != "Pod":
            return await super().settled(snapshot, plan, applied)
        obj = await snapshot.find("Pod", plan.target.name, namespace=plan.target.namespace)
        if obj is None or workloads.uid_of(obj) != applied.target.uid:
            says = Text(
                en=f"{plan.target} was replaced, and its annotations went with it",
                zh=f"{plan.target} 已被替换，注解也随之消失",
            )
            return Settling(course=Course.GONE, says=says)
        if not self.is_so(obj, plan):
            return await super().settled(snapshot, plan, applied)
        return _started(obj, snapshot, since=applied.at)


def _effects(obj: Json, plan: Plan) -> tuple[Text, ...]:
    names = ", ".join(each.name for each in containers_in(obj) if _is_down(each))
    waits = Text(
        en=f"Nothing is restarted by this: {names} reads it at its next start, after a back-off of at most 5 minutes",
        zh=f"此操作不会重启任何东西：{names} 在下次启动时读取（退避时间最长 5 分钟）",
    )
    lost = Text(
        en=f"The annotation is {plan.target.name}'s alone: a pod that takes its place does not have it",
        zh=f"该注解只属于 {plan.target.name}：替代它的 Pod 不会带有此注解",
    )
    kept = Text(en="Nothing is restarted by this", zh="此操作不会重启任何东西")
    return (waits if names else kept, lost)


def _is_down(container: Container) -> bool:
    return not container.init and container.state != "running"


def _started(pod: Json, snapshot: Snapshot, *, since: datetime) -> Settling:
    """Whether the containers that fail have started once more, and stayed."""
    own = [each for each in containers_in(pod) if not each.init]
    again = [each for each in own if each.state == "running" and _is_after(each.detail.get("startedAt"), since)]
    failed = [each for each in own if each.state != "running" and _ran_after(each, since)]
    waiting = [
        each for each in own if each not in again and (each.state != "running" or each.crash_looping(snapshot.now))
    ]
    if failed:
        course, en, zh = Course.FAILING, "has started since and failed again", "之后启动过，又失败了"
    elif waiting:
        course, en, zh = Course.MOVING, "has not started again yet", "尚未再次启动"
    else:
        course, en, zh = Course.WELL, "has started again and runs", "已再次启动并保持运行"
    names = ", ".join(each.name for each in failed or waiting or again or own)
    return Settling(course=course, says=Text(en=f"{names} {en}", zh=f"{names} {zh}"))


def _ran_after(container: Container, since: datetime) -> bool:
    """Whether its last run, which has ended, began after that time."""
    ended = (container.status.get("lastState") or {}).get("terminated") or {}
    if container.state == "terminated":
        ended = container.detail
    # The second in which it was annotated may have been before or after.
    began = parse_time(ended.get("startedAt"))
    return began is not None and began > since


def _is_after(timestamp: Any, since: datetime) -> bool:
    began = parse_time(timestamp)
    # Kubernetes counts in whole seconds.
    return began is not None and began >= since.replace(microsecond=0)


ACTION: Final = Annotate()
