"""Give a workload another number of replicas, where nothing else decides on it."""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.replicas import replicas_of
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.local_data import fate_of_data, local_data
from bot.remedies.shared.patching import Patch, Patching, number
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text

# A typing error of one digit more is not a scale anybody wants at 3 a.m.
_MOST: Final = 500


class Scale(Patching):
    name: ClassVar[str] = "scale"
    kinds: ClassVar[tuple[str, ...]] = ("Deployment", "StatefulSet", "ReplicaSet")

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        wanted, now = number(plan.args.get("replicas")), replicas_of(obj).desired
        if wanted is None or not 0 <= wanted <= _MOST:
            return unsafe(
                f"{plan.args.get('replicas')!r} is no number of replicas: expected 0 to {_MOST}",
                f"{plan.args.get('replicas')!r} 不是有效的副本数：应为 0 到 {_MOST}",
            )
        if wanted == now:
            return unsafe(f"{plan.target} has {now} replicas already", f"{plan.target} 已是 {now} 个副本")
        scaled = await _decided_elsewhere(snapshot, plan, obj)
        if isinstance(scaled, Refusal):
            return scaled
        return Patch(
            body={"spec": {"replicas": wanted}},
            says=Text(en=f"{plan.target} was scaled to {wanted}", zh=f"{plan.target} 已缩放至 {wanted} 个副本"),
            effects=(
                Text(
                    en=f"{plan.target} goes from {now} to {wanted} replicas",
                    zh=f"{plan.target} 的副本数由 {now} 变为 {wanted}",
                ),
                *await _pods(snapshot, obj, now=now, wanted=wanted),
            ),
            warnings=(*_losses(obj, now=now, wanted=wanted), *scaled),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        counts = replicas_of(obj)
        pods = [pod for pod in await workloads.pods_of(snapshot, obj) if not workloads.is_leaving(pod)]
        ready = workloads.count_ready(pods)
        failing = [why for pod in pods if (why := workloads.why_failing(pod))]
        if len(pods) == counts.desired == ready:
            says = Text(en=f"{ready} of {counts.desired} pods are ready", zh=f"{ready}/{counts.desired} 个 Pod 已就绪")
            return Settling(course=Course.WELL, says=says)
        if failing and len(pods) == counts.desired:
            says = Text(en=f"its pods fail: {failing[0]}", zh=f"其 Pod 失败：{failing[0]}")
            return Settling(course=Course.FAILING, says=says)
        says = Text(
            en=f"{len(pods)} pods, {ready} ready, {counts.desired} wanted",
            zh=f"{len(pods)} 个 Pod，{ready} 个就绪，期望 {counts.desired} 个",
        )
        return Settling(course=Course.MOVING, says=says)


async def _pods(snapshot: Snapshot, workload: Json, *, now: int, wanted: int) -> tuple[Text, ...]:
    """What becomes of its pods."""
    pods = await workloads.pods_of(snapshot, workload)
    ready = workloads.count_ready(pods)
    counted = Text(en=f"Ready now: {ready} of {now}", zh=f"当前就绪：{ready}/{now}")
    if wanted > now:
        more = wanted - now
        made = Text(
            en=f"{more} more pods are made, as far as nodes have room; no pod is replaced",
            zh=f"会新建 {more} 个 Pod（视节点资源而定）；不会替换任何 Pod",
        )
        return (counted, made)
    template = (workload.get("spec") or {}).get("template") or {}
    return (
        counted,
        _fewer(workload, now - wanted),
        *await budgets_over(snapshot, pods, namespace=namespace_of(workload)),
        *(local_data if _claims_go(workload) else fate_of_data)(template.get("spec") or {}),
    )


def _fewer(workload: Json, count: int) -> Text:
    if workload.get("kind") == "StatefulSet":
        kept = Text(en="; their volume claims stay", zh="；其存储卷声明保留")
        if _claims_go(workload):
            kept = Text.same("")
        which = (
            "The pod with the highest number goes" if count == 1 else f"The {count} pods with the highest numbers go"
        )
        return Text(
            en=f"{which}{kept.en}",
            zh=f"编号最大的 {count} 个 Pod 会被移除{kept.zh}",
        )
    return Text(
        en="1 pod ends, one that is not ready first"
        if count == 1
        else f"{count} pods end, those first that are not ready",
        zh=f"{count} 个 Pod 会被终止，未就绪的优先",
    )


def _losses(workload: Json, *, now: int, wanted: int) -> tuple[Text, ...]:
    none = Text(en="No pod of it is left: nothing serves", zh="不会剩下任何 Pod：没有实例提供服务")
    claims = Text(
        en="DATA LOST: the claims of the pods that go are deleted with them (persistentVolumeClaimRetentionPolicy), "
        "and their volumes' data where the reclaim policy is Delete",
        zh="数据丢失：被移除的 Pod 的 PVC 会一并删除（persistentVolumeClaimRetentionPolicy），"
        "回收策略为 Delete 的卷数据也会丢失",
    )
    lost = wanted < now and _claims_go(workload)
    return (*((claims,) if lost else ()), *((none,) if wanted == 0 else ()))


def _claims_go(workload: Json) -> bool:
    """Whether a StatefulSet deletes the claims of pods that it is scaled down by."""
    spec = workload.get("spec") or {}
    policy = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled")
    return bool(spec.get("volumeClaimTemplates")) and policy == "Delete"


async def _decided_elsewhere(snapshot: Snapshot, plan: Plan, obj: Json) -> Refusal | tuple[Text, ...]:
    """Why another number would not last: an autoscaler or an owner decides on it; or that this cannot be told."""
    if owner := workloads.controller_of(obj):
        return unsafe(
            f"{ref(obj)} is made by {owner.kind} {owner.name}, which decides on its replicas: scale it there",
            f"{ref(obj)} 由 {owner.kind} {owner.name} 管理，副本数由其决定：请在那里缩放",
        )
    try:
        scalers = (await snapshot.list("HorizontalPodAutoscaler", namespace=plan.target.namespace)).items
    except ClusterError as error:
        return (error.gap("HorizontalPodAutoscalers").says,)
    for each in scalers:
        scaled = (each.get("spec") or {}).get("scaleTargetRef") or {}
        if (scaled.get("kind"), scaled.get("name")) == (plan.target.kind, plan.target.name):
            return unsafe(
                f"HorizontalPodAutoscaler {name_of(each)} decides on the replicas of {plan.target}: change its limits",
                f"{plan.target} 的副本数由 HorizontalPodAutoscaler {name_of(each)} 决定：请修改其上下限",
            )
    return ()


ACTION: Final = Scale()
