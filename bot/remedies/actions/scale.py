"""Scale a workload, unless an autoscaler or an owner sets its replicas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, name_of, namespace_of, pod_spec_of, spec_of
from bot.kube.owners import controller_of
from bot.kube.rollouts import replicas_of
from bot.remedies.action import permissions_to
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, effect
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.claims import data_loss, local_data_loss
from bot.remedies.shared.patch_action import Patch, PatchAction, number
from bot.remedies.shared.refusal import owned, unsafe
from bot.remedies.shared.workloads import autoscalers_of
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.domain import Json, Text
from intents.templates import counted
from responses.words import ActionWords

# A guard against one digit too many.
_MOST: Final = 500


class Scale(PatchAction):
    """Writes `spec.replicas`."""

    declaration = ActionDeclaration(
        name="scale",
        args={"replicas": Argument(says="the wanted number of pods", type=ArgumentType.NUMBER, required=True)},
    )
    words = ActionWords(
        verb=Text(en="Scale workload", zh="调整副本数"),
        does=Text(en="Changes the number of replicas of this workload.", zh="修改此工作负载的副本数。"),
        asked_by=("scale", "replicas", "resize", "扩", "缩", "副本"),
    )
    writes = permissions_to("patch", ("Deployment", "StatefulSet", "ReplicaSet"))

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        wanted, now = number(plan.args.get("replicas")), replicas_of(obj).desired
        if wanted is None or not 0 <= wanted <= _MOST:
            raise unsafe(
                f"{plan.args.get('replicas')!r} is not a number of replicas; expected 0 to {_MOST}",
                f"{plan.args.get('replicas')!r} 不是有效的副本数；应为 0 到 {_MOST}",
            )
        if wanted == now:
            raise unsafe(f"{plan.target} already has {counted(now, 'replicas')}", f"{plan.target} 已是 {now} 个副本")
        scaled = await _decided_elsewhere(snapshot, plan, obj)
        return Patch(
            body={"spec": {"replicas": wanted}},
            says=Text(en=f"{plan.target} was scaled to {wanted}", zh=f"{plan.target} 的副本数已调整为 {wanted}"),
            effects=(
                Text(
                    en=f"{plan.target} goes from {now} to {counted(wanted, 'replicas')}",
                    zh=f"{plan.target} 的副本数由 {now} 变为 {wanted}",
                ),
                *await _pods(snapshot, obj, now=now, wanted=wanted),
            ),
            warnings=(*_losses(obj, now=now, wanted=wanted), *scaled),
        )

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        counts = replicas_of(obj)
        pods = [pod for pod in await workloads.pods_of(snapshot, obj) if not is_terminating(pod)]
        ready = workloads.count_ready(pods)
        failing = [why for pod in pods if (why := workloads.why_failing(pod))]
        if len(pods) == counts.desired == ready:
            return effect(
                EffectState.HEALTHY,
                f"{ready} of {counts.desired} pods are ready",
                f"{ready}/{counts.desired} 个 Pod 已就绪",
            )
        if failing and len(pods) == counts.desired:
            return effect(EffectState.FAILING, f"its pods fail: {failing[0]}", f"其 Pod 失败：{failing[0]}")
        return effect(
            EffectState.PENDING,
            f"{counted(len(pods), 'pods')}, {ready} ready, {counts.desired} wanted",
            f"{len(pods)} 个 Pod，{ready} 个就绪，期望 {counts.desired} 个",
        )


async def _pods(snapshot: Snapshot, workload: Json, *, now: int, wanted: int) -> tuple[Text, ...]:
    """Say how its pods change."""
    pods = await workloads.pods_of(snapshot, workload)
    ready = workloads.count_ready(pods)
    counted = Text(en=f"Ready now: {ready} of {now}", zh=f"当前就绪：{ready}/{now}")
    if wanted > now:
        more = wanted - now
        made = Text(
            en=f"{more} more pods are created, as far as nodes have room; no pod is replaced",
            zh=f"会新建 {more} 个 Pod（视节点资源而定）；不会替换任何 Pod",
        )
        return (counted, made)
    return (
        counted,
        _fewer(workload, now - wanted),
        *await budgets_over(snapshot, pods, namespace=namespace_of(workload)),
        *(local_data_loss if _deletes_claims(workload) else data_loss)(pod_spec_of(workload)),
    )


def _fewer(workload: Json, count: int) -> Text:
    if workload.get("kind") == "StatefulSet":
        gone = _deletes_claims(workload)
        which = (
            "The pod with the highest ordinal is" if count == 1 else f"The {count} pods with the highest ordinals are"
        )
        return Text(
            en=f"{which} deleted" + ("" if gone else "; their volume claims stay"),
            zh=f"编号最大的 {count} 个 Pod 会被移除" + ("" if gone else "；其 PVC 保留"),
        )
    return Text(
        en="1 pod is deleted, an unready one first" if count == 1 else f"{count} pods are deleted, unready ones first",
        zh=f"{count} 个 Pod 会被终止，未就绪的优先",
    )


def _losses(workload: Json, *, now: int, wanted: int) -> Iterator[Text]:
    if wanted < now and _deletes_claims(workload):
        yield Text(
            en="DATA LOST: the claims of the deleted pods are deleted too (persistentVolumeClaimRetentionPolicy), and "
            "with reclaim policy Delete the data on their volumes",
            zh="数据丢失：被移除的 Pod 的 PVC 会一并删除（persistentVolumeClaimRetentionPolicy），"
            "回收策略为 Delete 的卷数据也会丢失",
        )
    if wanted == 0:
        yield Text(en="No pod is left: nothing serves requests", zh="不会剩下任何 Pod：服务会中断")


def _deletes_claims(workload: Json) -> bool:
    """Tell whether a StatefulSet deletes claims when it is scaled down."""
    spec = spec_of(workload)
    policy = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled")
    return bool(spec.get("volumeClaimTemplates")) and policy == "Delete"


async def _decided_elsewhere(snapshot: Snapshot, plan: Plan, obj: Json) -> tuple[Text, ...]:
    """Refuse a number that would not last: an owner or an autoscaler sets it. Return warnings if it may last."""
    if owner := controller_of(obj):
        raise owned(plan.target, owner)
    try:
        autoscalers = await autoscalers_of(snapshot, plan.target)
    except ClusterError as error:
        return (error.gap("HorizontalPodAutoscalers").says,)
    if not autoscalers:
        return ()
    name = name_of(autoscalers[0])
    raise unsafe(
        f"HorizontalPodAutoscaler {name} sets the replicas of {plan.target}; change its limits",
        f"{plan.target} 的副本数由 HorizontalPodAutoscaler {name} 决定；请修改其上下限",
    )
