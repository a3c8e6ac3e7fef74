"""Set and remove annotations of an object, and nothing else.

An annotation does nothing by itself: the controller that reads it acts. A container reads its pod's annotations at its
next start, so for a pod whose containers fail, verification waits until they have started again. For any other object
the change is in effect at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in
from bot.kube.objects import uid_of
from bot.kube.timestamps import parse_time
from bot.remedies.action import WORKLOADS
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, effect
from bot.remedies.shared import patch_action
from bot.remedies.shared.patch_action import Entries, MetadataAction
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class Annotate(MetadataAction):
    """Sets and removes annotations."""

    declaration = ActionDeclaration(name="annotate", args=patch_action.ARGUMENTS, only_configures=True)
    words = ActionWords(
        verb=Text(en="Annotate object", zh="设置注解"),
        does=Text(en="Changes annotations of this object, nothing else.", zh="只修改此对象的注解。"),
    )
    field: ClassVar[str] = "annotations"
    verb: ClassVar[str] = "annotated"
    noun_zh: ClassVar[str] = "注解"

    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Entries) -> tuple[Text, ...]:
        if plan.target.kind == "Pod":
            return _pod_effects(obj, plan)
        alone = Text(
            en="The annotation does nothing by itself: the controller that reads it acts on it",
            zh="注解本身不起作用：由读取它的控制器自行处理",
        )
        kept = Text(en="No pod is replaced: the pod template does not change", zh="不会替换任何 Pod：Pod 模板不变")
        return (alone, kept) if plan.target.kind in WORKLOADS else (alone,)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        if plan.target.kind != "Pod":
            return await super().check_effect(snapshot, plan, applied)
        obj = await snapshot.find("Pod", plan.target.name, namespace=plan.target.namespace)
        if obj is None or uid_of(obj) != applied.target.uid:
            return effect(
                EffectState.GONE,
                f"{plan.target} was replaced, and its annotations are gone with it",
                f"{plan.target} 已被替换，注解也随之消失",
            )
        if not self.is_set(obj, plan):
            return await super().check_effect(snapshot, plan, applied)
        return _restarted(obj, snapshot, since=applied.at)


def _pod_effects(obj: Json, plan: Plan) -> tuple[Text, ...]:
    names = ", ".join(each.name for each in containers_in(obj) if _is_down(each))
    waits = Text(
        en=f"Nothing is restarted: {names} reads it at its next start, after a back-off of at most 5 minutes",
        zh=f"此操作不会重启任何东西：{names} 在下次启动时读取（退避时间最长 5 分钟）",
    )
    lost = Text(
        en=f"Only {plan.target.name} has the annotation: a pod that replaces it does not",
        zh=f"该注解只属于 {plan.target.name}：替代它的 Pod 不会带有此注解",
    )
    kept = Text(en="Nothing is restarted", zh="此操作不会重启任何东西")
    return (waits if names else kept, lost)


def _is_down(container: Container) -> bool:
    return not container.init and container.state != "running"


def _restarted(pod: Json, snapshot: Snapshot, *, since: datetime) -> EffectStatus:
    """Return whether the failing containers have started once more, and still run."""
    own = [each for each in containers_in(pod) if not each.init]
    again = [each for each in own if each.state == "running" and _is_after(each.detail.get("startedAt"), since)]
    failed = [each for each in own if each.state != "running" and _ran_after(each, since)]
    waiting = [
        each for each in own if each not in again and (each.state != "running" or each.crash_looping(snapshot.now))
    ]
    if failed:
        state, en, zh = EffectState.FAILING, "has started since and failed again", "之后启动过，又失败了"
    elif waiting:
        state, en, zh = EffectState.PENDING, "has not started again yet", "尚未再次启动"
    else:
        state, en, zh = EffectState.HEALTHY, "has started again and is running", "已再次启动并保持运行"
    names = ", ".join(each.name for each in failed or waiting or again or own)
    return effect(state, f"{names} {en}", f"{names} {zh}")


def _ran_after(container: Container, since: datetime) -> bool:
    """Tell whether its last run that ended began after that time."""
    ended = container.detail if container.state == "terminated" else container.last_end
    # A start in the second of the write may have been before or after it.
    began = parse_time(ended.get("startedAt"))
    return began is not None and began > since


def _is_after(timestamp: Any, since: datetime) -> bool:
    began = parse_time(timestamp)
    # Kubernetes counts in whole seconds.
    return began is not None and began >= since.replace(microsecond=0)
