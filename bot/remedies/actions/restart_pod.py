"""Restart a pod by deleting it, where something makes another in its place.

What it is good for: a back-off that is to be skipped, a process that hangs, a node's hiccup. What the template says
stays as it is, so a fault that stands there comes back.
"""

from __future__ import annotations

from typing import Any, Final

from bot.cluster.resources import WELL_KNOWN, Resource
from bot.cluster.snapshot import Snapshot
from bot.cluster.timestamps import parse_time
from bot.kube.conditions import condition
from bot.kube.replicas import Replicas, replicas_of
from bot.probes.shared.owners import Owners, owners_of
from bot.probes.shared.runs import containers_in, pod_is_ready
from bot.probes.shared.scope import name_of, namespace_of, ref
from bot.remedies.contract import Applied, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.local_data import local_data
from bot.remedies.shared.refusing import unsafe
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

POD: Final[Resource] = next(each for each in WELL_KNOWN if each.kind == "Pod")
# Nobody watches a dialog's outcome for longer, however late the pod before failed.
_LONGEST_PATIENCE_S: Final = 60.0


class RestartPod:
    name = "restart-pod"
    undoable = False
    cures = True
    permissions: tuple[Permission, ...] = (Permission(verb="delete", resource="pods"),)

    def needs(self, target: ObjectRef) -> tuple[Permission, ...]:
        return self.permissions if target.kind == "Pod" else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        pod = await snapshot.get(POD, target.name, namespace=target.namespace)
        owners = await owners_of(snapshot, pod)
        templates = [each for each in owners.manifests if (each.get("spec") or {}).get("template")]
        made = workloads.template_basis(templates[-1]) if templates else {}
        owner = workloads.controller_of(pod)
        return {"uid": workloads.uid_of(pod), "owner": f"{owner} ({owner.uid})" if owner else "", **made}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        pod = await snapshot.get(POD, plan.target.name, namespace=plan.target.namespace)
        owners = await owners_of(snapshot, pod)
        if refusal := _nothing_recreates(pod, owners):
            return refusal
        owner = owners.refs[0]
        pods = await workloads.pods_controlled(snapshot, (owner.uid,), namespace=namespace_of(pod))
        counts = _counts(owners, pods)
        step = Step(
            verb=Verb.DELETE,
            target=plan.target,
            says=Text(en=f"{plan.target} was deleted", zh=f"{plan.target} 已删除"),
            unless_ready=not pod_is_ready(pod),
        )
        outlook = Outlook(
            effects=(
                *_effects(pod, owner, counts),
                *await budgets_over(snapshot, (pod,), namespace=namespace_of(pod)),
                *local_data(pod.get("spec") or {}),
            ),
            warnings=_warnings(pod, owners, counts),
            owner=owner,
            known=tuple(map(workloads.uid_of, pods)),
            ready=counts.ready,
            wanted=counts.desired,
            patience_s=_patience(pod),
        )
        return Proposal(steps=(step,), outlook=outlook, shown=_shown(pod, owners))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        outlook = applied.outlook
        owner = outlook.owner.uid if outlook.owner else ""
        pods = await workloads.pods_controlled(snapshot, (owner,), namespace=plan.target.namespace)
        new = [pod for pod in pods if workloads.uid_of(pod) not in outlook.known and not workloads.is_leaving(pod)]
        return workloads.settling(
            new,
            ready=workloads.count_ready(pods),
            wanted=outlook.wanted,
            complete=True,
            gone=all(workloads.uid_of(pod) != applied.target.uid for pod in pods),
        )


def _nothing_recreates(pod: Json, owners: Owners) -> Refusal | None:
    """Why deleting this pod would not bring it back."""
    me, owner = ref(pod, "Pod"), workloads.controller_of(pod)
    references = (pod.get("metadata") or {}).get("ownerReferences") or ()
    if any(each.get("kind") == "Node" for each in references):
        return unsafe(
            f"{me} is a static pod: the kubelet runs it from a file, and deleting it here restarts nothing",
            f"{me} 是静态 Pod：由 kubelet 按文件运行，在此删除不会重启任何东西",
        )
    if owner is None:
        return unsafe(
            f"nothing recreates {me}: once deleted it is gone for good",
            f"没有控制器会重建 {me}：删除后将永久消失",
        )
    if workloads.is_leaving(pod):
        return unsafe(f"{me} is being deleted already", f"{me} 已在删除中")
    if not owners.manifests:
        why = owners.gap.says if owners.gap else Text.same("")
        return unsafe(
            f"it cannot be told whether {owner} would recreate {me}: {why.en}",
            f"无法确认 {owner} 是否会重建 {me}：{why.zh}",
        )
    maker = owners.manifests[0]
    finished = maker.get("kind") == "Job" and any(
        condition(maker, kind).get("status") == "True" for kind in ("Complete", "Failed")
    )
    idle = maker.get("kind") != "DaemonSet" and replicas_of(maker).desired == 0
    if workloads.is_leaving(maker) or finished or idle:
        return unsafe(
            f"{owner} is finished, scaled to 0 or being deleted: it would not recreate {me}",
            f"{owner} 已结束、已缩容到 0 或正在删除：不会重建 {me}",
        )
    return None


def _counts(owners: Owners, pods: tuple[Json, ...]) -> Replicas:
    """Ready pods are counted; how many there should be is the owner's word."""
    desired = replicas_of(owners.manifests[0]).desired
    return Replicas(desired=desired, created=len(pods), ready=workloads.count_ready(pods))


def _effects(pod: Json, owner: ObjectRef, counts: Replicas) -> tuple[Text, ...]:
    me, left = ref(pod, "Pod"), counts.ready - pod_is_ready(pod)
    same = owner.kind == "StatefulSet"
    grace = (pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
    return (
        Text(
            en=(
                f"{me} is deleted (it gets {grace} s to end); {owner.kind} {owner.name} makes another in its place"
                + (" with the same name and volume claims" if same else "")
            ),
            zh=(
                f"{me} 会被删除（有 {grace} 秒时间退出）；{owner.kind} {owner.name} 会重建一个"
                + ("同名并使用相同存储卷的 Pod" if same else "新的 Pod")
            ),
        ),
        Text(
            en=f"Ready now: {counts.ready} of {counts.desired}; without it: {left} of {counts.desired}",
            zh=f"当前就绪：{counts.ready}/{counts.desired}；去掉它之后：{left}/{counts.desired}",
        ),
    )


def _warnings(pod: Json, owners: Owners, counts: Replicas) -> tuple[Text, ...]:
    warnings = []
    if pod_is_ready(pod) and counts.ready <= 1:
        warnings.append(
            Text(
                en="It is the only ready pod of its owner: until the new one is ready, nothing serves",
                zh="它是其控制器唯一就绪的 Pod：在新 Pod 就绪之前没有实例提供服务",
            )
        )
    if owners.refs[0].kind == "Job":
        warnings.append(
            Text(
                en="A Job starts its work again from the beginning, and counts this one as failed",
                zh="Job 会从头重新执行，并把这个 Pod 计为一次失败",
            )
        )
    return tuple(warnings)


def _shown(pod: Json, owners: Owners) -> str:
    """What goes and what comes, as a diff of what a person knows the pod by."""
    owner, spec = owners.refs[0], pod.get("spec") or {}
    template = (owners.manifests[0].get("spec") or {}).get("template") or {}
    same = owner.kind == "StatefulSet"
    stays = f"{owner.name}-<new>" if not same else name_of(pod)
    before = [f"pod: {name_of(pod)}", f"uid: {workloads.uid_of(pod)}", f"node: {spec.get('nodeName', '')}"]
    after = [f"pod: {stays}", "uid: <new>", "node: <the scheduler's choice>"]
    return diff_lines([*before, *_images(spec)], [*after, *_images(template.get("spec") or spec)], name=owner.name)


def _images(spec: dict[str, Any]) -> list[str]:
    return [f"image: {each.get('name')}={each.get('image')}" for each in spec.get("containers") or ()]


def _patience(pod: Json) -> float:
    """How long a new pod must hold out to be believed: as long as this one did between its starts and failures."""
    lived = 0.0
    for container in containers_in(pod):
        ended = (container.status.get("lastState") or {}).get("terminated") or {}
        started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
        if started and finished and ended.get("exitCode"):
            lived = max(lived, (finished - started).total_seconds())
    return min(lived, _LONGEST_PATIENCE_S)


ACTION: Final = RestartPod()
