"""Judge a rollout by a workload's status, as `kubectl rollout status` does; a Job by its conditions.

`bot.kube.rollouts` asks another question: whether a workload that is not well is in its time still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.kube.health import is_behind
from bot.kube.objects import condition, spec_of, status_of
from bot.kube.rollouts import replicas_of
from intents.domain import Json, Text
from intents.rollout import RolloutState, RolloutStatus

_ROLLING: Final = "RollingUpdate"


def rollout_status(workload: Json) -> RolloutStatus:
    """Return the state of the rollout of an object whose kind is one of `ROLLED_OUT`."""
    try:
        rule = _RULES[str(workload.get("kind"))]
        return rule(workload) if rule is _job else _before(workload) or rule(workload)
    except (TypeError, ValueError, AttributeError):
        return _waits("its status cannot be read", "无法读取其状态")


def _before(obj: Json) -> RolloutStatus | None:
    """Return why nothing can be told yet of the pods of a workload, or never will be; None if it can."""
    strategy = str((spec_of(obj).get("updateStrategy") or {}).get("type") or _ROLLING)
    if strategy != _ROLLING:
        return _at(
            RolloutState.ENDLESS,
            f"its update strategy is {strategy}, so its rollout has no end to wait for",
            f"其更新策略为 {strategy}，发布没有可等待的终点",
        )
    if is_behind(obj) or not status_of(obj).get("observedGeneration"):
        return _waits("its controller has not seen the latest change yet", "其控制器尚未处理最新的更改")
    return None


def _deployment(obj: Json) -> RolloutStatus:
    progress = condition(obj, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return _failed("it exceeded its progress deadline", "已超过其进度期限")
    wanted, updated = replicas_of(obj).desired, _count(obj, "updatedReplicas")
    total, available = _count(obj, "replicas"), _count(obj, "availableReplicas")
    if updated < wanted:
        return _updated(updated, wanted, paused=bool(spec_of(obj).get("paused")))
    if total > updated:
        old = total - updated
        return _waits(
            f"{old} old {'pod is' if old == 1 else 'pods are'} not terminated yet", f"{old} 个旧 Pod 尚未终止"
        )
    if available < updated:
        return _available(available, updated)
    return _complete(updated)


def _daemon_set(obj: Json) -> RolloutStatus:
    wanted, updated = _count(obj, "desiredNumberScheduled"), _count(obj, "updatedNumberScheduled")
    available = _count(obj, "numberAvailable")
    if updated < wanted:
        return _updated(updated, wanted)
    if available < wanted:
        return _available(available, wanted)
    return _complete(wanted)


def _stateful_set(obj: Json) -> RolloutStatus:
    count, updated = replicas_of(obj), _count(obj, "updatedReplicas")
    wanted = count.desired
    if count.ready < wanted:
        return _waits(f"{count.ready} of {wanted} pods are ready", f"{wanted} 个 Pod 中 {count.ready} 个就绪")
    rolling = (spec_of(obj).get("updateStrategy") or {}).get("rollingUpdate")
    if rolling is not None:
        due = wanted - int(rolling.get("partition") or 0)
        if updated < due:
            return _updated(updated, due)
    elif status_of(obj).get("updateRevision") != status_of(obj).get("currentRevision"):
        return _updated(updated, wanted)
    return _complete(updated)


def _job(obj: Json) -> RolloutStatus:
    if condition(obj, "Complete").get("status") == "True":
        done = _count(obj, "succeeded")
        return _at(RolloutState.COMPLETE, f"{done} {'pod' if done == 1 else 'pods'} succeeded", f"{done} 个 Pod 已成功")
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        why = ": ".join(str(failed[key]) for key in ("reason", "message") if failed.get(key))
        return _failed(f"it failed: {why}" if why else "it failed", f"已失败：{why}" if why else "已失败")
    if spec_of(obj).get("suspend"):
        return _waits("it is suspended", "已挂起")
    active, succeeded = _count(obj, "active"), _count(obj, "succeeded")
    return _waits(f"{active} active, {succeeded} succeeded", f"{active} 个运行中，{succeeded} 个已成功")


_RULES: Final[Mapping[str, Callable[[Json], RolloutStatus]]] = MappingProxyType({
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
})  # fmt: skip
ROLLED_OUT: Final = tuple(_RULES)


def _count(obj: Json, key: str) -> int:
    return int(status_of(obj).get(key) or 0)


def _at(state: RolloutState, en: str, zh: str) -> RolloutStatus:
    return RolloutStatus(state=state, says=Text(en=en, zh=zh))


def _waits(en: str, zh: str) -> RolloutStatus:
    return _at(RolloutState.IN_PROGRESS, en, zh)


def _failed(en: str, zh: str) -> RolloutStatus:
    return _at(RolloutState.FAILED, en, zh)


def _updated(updated: int, wanted: int, *, paused: bool = False) -> RolloutStatus:
    en, zh = f"{updated} of {wanted} pods are updated", f"{wanted} 个 Pod 中 {updated} 个已更新"
    return _waits(f"{en}, and it is paused", f"{zh}，且已暂停") if paused else _waits(en, zh)


def _available(available: int, wanted: int) -> RolloutStatus:
    return _waits(
        f"{available} of {wanted} updated pods are available", f"{wanted} 个已更新的 Pod 中 {available} 个可用"
    )


def _complete(pods: int) -> RolloutStatus:
    return _at(
        RolloutState.COMPLETE,
        f"{pods} updated {'pod is' if pods == 1 else 'pods are'} available",
        f"{pods} 个已更新的 Pod 可用",
    )
