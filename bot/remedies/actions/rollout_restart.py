"""Restart all pods of a workload the way `kubectl rollout restart` does: a new annotation on its template.

The controller replaces the pods by the workload's own strategy; the template otherwise stays as it is.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.replicas import replicas_of
from bot.probes.shared.scope import ref
from bot.remedies.contract import Applied, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.custody import custodian_of
from bot.remedies.shared.local_data import local_data
from bot.remedies.shared.refusing import gone, unsafe
from intents.domain import Json, ObjectRef, Permission, Text

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_KINDS: Final = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


class RolloutRestart:
    name = "rollout-restart"
    undoable = False
    permissions: tuple[Permission, ...] = tuple(
        Permission(verb="patch", group="apps", resource=plural) for plural in _KINDS.values()
    )

    def needs(self, target: ObjectRef) -> tuple[Permission, ...]:
        plural = _KINDS.get(target.kind)
        return tuple(each for each in self.permissions if each.resource == plural)

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        workload = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        return {"uid": workloads.uid_of(workload), **workloads.template_basis(workload)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if refusal := _pointless(workload):
            return refusal
        pods = await workloads.pods_of(snapshot, workload)
        template = (workload.get("spec") or {}).get("template") or {}
        ready, wanted = workloads.count_ready(pods), replicas_of(workload).desired
        step = Step(
            verb=Verb.PATCH,
            target=plan.target,
            says=Text(en=f"{plan.target} was told to replace its pods", zh=f"已让 {plan.target} 替换其 Pod"),
            body={"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: mark_of(plan)}}}}},
            patch_type="strategic",
            ignoring=("spec.replicas",),
        )
        outlook = Outlook(
            effects=(
                *_effects(workload, ready=ready, wanted=wanted),
                *await budgets_over(snapshot, pods, namespace=plan.target.namespace),
                *local_data(template.get("spec") or {}),
            ),
            warnings=_warnings(workload),
            owner=ref(workload, plan.target.kind),
            known=tuple(map(workloads.uid_of, pods)),
            ready=ready,
            wanted=wanted,
        )
        return Proposal(steps=(step,), outlook=outlook)

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        pods = [pod for pod in await workloads.pods_of(snapshot, workload) if not workloads.is_leaving(pod)]
        new = [pod for pod in pods if workloads.uid_of(pod) not in applied.outlook.known]
        wanted = replicas_of(workload).desired
        observed = int((workload.get("status") or {}).get("observedGeneration") or 0) >= applied.generation
        complete = observed and len(new) == len(pods) and len(new) >= wanted
        return workloads.settling(new, ready=workloads.count_ready(pods), wanted=wanted, complete=complete)


def mark_of(plan: Plan) -> str:
    """The time this plan writes: its own, told from any other's by the fraction of the second.

    So a step that runs twice finds what it did, and two plans of one moment do not pass for each other.
    """
    fraction = int(hashlib.sha256(plan.id.encode()).hexdigest(), 16) % 1_000_000
    return f"{plan.created:%Y-%m-%dT%H:%M:%S}.{fraction:06d}Z"


def _pointless(workload: Json) -> Refusal | None:
    """Why a new annotation would restart nothing, or be written over."""
    me, spec = ref(workload), workload.get("spec") or {}
    if owner := workloads.controller_of(workload):
        return unsafe(
            f"{me} is made by {owner.kind} {owner.name}, which would write over the change: restart it there",
            f"{me} 由 {owner.kind} {owner.name} 管理，修改会被其覆盖：请在那里重启",
        )
    if workloads.is_leaving(workload):
        return gone(me)
    if spec.get("paused"):
        return unsafe(f"{me} is paused: resume its rollout first", f"{me} 已暂停：请先恢复其发布")
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return unsafe(
            f"{me} replaces its pods only as they are deleted (OnDelete): this would restart nothing",
            f"{me} 的更新策略为 OnDelete，只有删除 Pod 才会重建：此操作不会重启任何东西",
        )
    if workload.get("kind") != "DaemonSet" and replicas_of(workload).desired == 0:
        return unsafe(f"{me} is scaled to 0: there is nothing to restart", f"{me} 已缩容到 0：没有可重启的 Pod")
    return None


def _effects(workload: Json, *, ready: int, wanted: int) -> tuple[Text, ...]:
    me = ref(workload)
    how = _strategy(workload)
    return (
        Text(
            en=f"All pods of {me} are replaced, {how.en}; nothing else of its template changes",
            zh=f"{me} 的全部 Pod 会被替换，{how.zh}；模板的其他内容不变",
        ),
        Text(en=f"Ready now: {ready} of {wanted}", zh=f"当前就绪：{ready}/{wanted}"),
    )


def _strategy(workload: Json) -> Text:
    spec = workload.get("spec") or {}
    strategy: dict[str, Any] = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate":
        return Text(
            en="all at once (Recreate): nothing serves in between", zh="一次性全部重建（Recreate）：期间无实例提供服务"
        )
    if workload.get("kind") == "StatefulSet":
        first = int(rolling.get("partition") or 0)
        if first:
            return Text(
                en=f"one after the other, only those from number {first} on (partition)",
                zh=f"逐个进行，仅编号 {first} 及以上的 Pod（partition）",
            )
        return Text(en="one after the other", zh="逐个进行")
    limits = ", ".join(f"{key} {rolling[key]}" for key in ("maxUnavailable", "maxSurge") if key in rolling)
    return Text(en=f"a few at a time ({limits or 'as its strategy says'})", zh=f"分批进行（{limits or '按其策略'}）")


def _warnings(workload: Json) -> tuple[Text, ...]:
    warnings = []
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    if custodian := custodian_of(workload):
        warnings.append(
            Text(
                en=(
                    f"{custodian} looks after this object: if its next sync takes out what it does not know, the "
                    "change is reverted, and the pods are replaced once more"
                ),
                zh=f"该对象由 {custodian} 管理：若其下次同步移除未知字段，此修改会被还原，Pod 会再次被替换",
            )
        )
    updated = status.get("updatedReplicas", status.get("updatedNumberScheduled"))
    if updated is not None and workload.get("kind") == "Deployment" and int(updated) < int(spec.get("replicas", 1)):
        warnings.append(
            Text(
                en="A rollout is under way: this starts another one on top of it",
                zh="有发布正在进行：此操作会在其上再开始一次",
            )
        )
    return tuple(warnings)


ACTION: Final = RolloutRestart()
