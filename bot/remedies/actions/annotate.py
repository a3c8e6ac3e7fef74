"""Set and take off annotations of an object, and nothing else.

An annotation by itself does nothing: whoever reads it does. What a pod's container reads it will read when it starts
next, so for a pod whose containers keep failing it is waited until they have started again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.cluster.timestamps import parse_time
from bot.probes.shared.runs import Container, containers_in
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.refusing import gone, unsafe
from intents.domain import Json, ObjectRef, Permission, Text

# Kinds whose annotations are changed, and their resources. Each is here because its outcome can be told.
_KINDS: Final = {"Pod": "pods"}


class Annotate:
    name = "annotate"
    undoable = True
    cures = True
    permissions: tuple[Permission, ...] = tuple(Permission(verb="patch", resource=plural) for plural in _KINDS.values())

    def needs(self, target: ObjectRef) -> tuple[Permission, ...]:
        plural = _KINDS.get(target.kind)
        return tuple(each for each in self.permissions if each.resource == plural)

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        return {"uid": workloads.uid_of(obj)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if workloads.is_leaving(obj):
            return gone(plan.target)
        if _is_so(obj, plan):
            return unsafe(f"{plan.target} is annotated so already", f"{plan.target} 已有这些注解")
        step = Step(
            verb=Verb.PATCH,
            target=plan.target,
            says=Text(en=f"{plan.target} was annotated", zh=f"已为 {plan.target} 设置注解"),
            body={"metadata": {"annotations": _wanted(plan)}},
        )
        return Proposal(steps=(step,), outlook=Outlook(effects=_effects(obj, plan)))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.find(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if obj is None or workloads.uid_of(obj) != applied.target.uid:
            says = Text(
                en=f"{plan.target} was replaced, and its annotations went with it",
                zh=f"{plan.target} 已被替换，注解也随之消失",
            )
            return Settling(course=Course.GONE, says=says)
        if not _is_so(obj, plan):
            says = Text(en="the annotations were changed again", zh="注解又被修改了")
            return Settling(course=Course.FAILING, says=says)
        return _started(obj, snapshot, since=applied.at)


def _wanted(plan: Plan) -> dict[str, str | None]:
    """The annotations as a merge patch: None takes one off."""
    wanted = plan.args.get("set")
    taken_off: dict[str, str | None] = dict.fromkeys(map(str, plan.args.get("remove") or ()))
    return taken_off | ({str(key): str(value) for key, value in wanted.items()} if isinstance(wanted, Mapping) else {})


def _annotations(obj: Json) -> Mapping[str, Any]:
    return (obj.get("metadata") or {}).get("annotations") or {}


def _is_so(obj: Json, plan: Plan) -> bool:
    return all(_annotations(obj).get(key) == value for key, value in _wanted(plan).items())


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
    return (waits, lost) if names else (lost,)


def _is_down(container: Container) -> bool:
    return not container.init and container.state != "running"


def _started(pod: Json, snapshot: Snapshot, *, since: datetime) -> Settling:
    """Whether the containers that fail have started once more, and stayed."""
    own = [each for each in containers_in(pod) if not each.init]
    again = [each for each in own if each.state == "running" and _is_after(each.detail.get("startedAt"), since)]
    failed = [each for each in own if each.state != "running" and _ran_after(each, since)]
    waiting = [each for each in own if each not in again and (each.state != "running" or each.crash_looping(snapshot))]
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
