"""A pod that goes so that its controller makes another: whether that will be, and how the new one fares."""

from __future__ import annotations

from typing import Final

from bot.cluster.owners import Owners, owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.objects import ref
from bot.kube.pod_readiness import is_ready
from bot.kube.replicas import Replicas, replicas_of
from bot.kube.timestamps import parse_time
from bot.remedies.contract import Applied, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, ObjectRef, Text

# Nobody watches a dialog's outcome for longer, however late the pod before failed.
_LONGEST_PATIENCE_S: Final = 60.0


async def basis_of(snapshot: Snapshot, pod: Json) -> dict[str, str]:
    """What a plan rests on that has this pod made anew: which it is, whose, and from which template."""
    owners = await owners_of(snapshot, pod)
    templates = [each for each in owners.manifests if (each.get("spec") or {}).get("template")]
    made = workloads.template_basis(templates[-1]) if templates else {}
    owner = workloads.controller_of(pod)
    return {"uid": workloads.uid_of(pod), "owner": f"{owner} ({owner.uid})" if owner else "", **made}


async def recreated(snapshot: Snapshot, target: ObjectRef, applied: Applied) -> Settling:
    """How the pods fare that the owner has made since."""
    outlook = applied.outlook
    owner = outlook.owner.uid if outlook.owner else ""
    pods = await workloads.pods_controlled(snapshot, (owner,), namespace=target.namespace)
    new = [pod for pod in pods if workloads.uid_of(pod) not in outlook.known and not workloads.is_leaving(pod)]
    return workloads.settling(
        new,
        ready=workloads.count_ready(pods),
        wanted=outlook.wanted,
        complete=True,
        gone=all(workloads.uid_of(pod) != applied.target.uid for pod in pods),
    )


def nothing_recreates(pod: Json, owners: Owners) -> Refusal | None:
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


def counts_of(owners: Owners, pods: tuple[Json, ...]) -> Replicas:
    """Ready pods are counted; how many there should be is the owner's word."""
    desired = replicas_of(owners.manifests[0]).desired
    return Replicas(desired=desired, created=len(pods), ready=workloads.count_ready(pods))


def readiness(pod: Json, counts: Replicas) -> Text:
    """How many of its kind serve with it, and without."""
    left = counts.ready - is_ready(pod)
    return Text(
        en=f"Ready now: {counts.ready} of {counts.desired}; until the new one is ready: {left} of {counts.desired}",
        zh=f"当前就绪：{counts.ready}/{counts.desired}；新 Pod 就绪之前：{left}/{counts.desired}",
    )


def only_one(pod: Json, counts: Replicas) -> tuple[Text, ...]:
    """A warning if nothing serves in the meantime."""
    if not is_ready(pod) or counts.ready > 1:
        return ()
    return (
        Text(
            en="It is the only ready pod of its owner: until the new one is ready, nothing serves",
            zh="它是其控制器唯一就绪的 Pod：在新 Pod 就绪之前没有实例提供服务",
        ),
    )


def patience(pod: Json) -> float:
    """How long a new pod must hold out to be believed: as long as this one did between its starts and failures."""
    lived = 0.0
    for container in containers_in(pod):
        ended = (container.status.get("lastState") or {}).get("terminated") or {}
        started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
        if started and finished and ended.get("exitCode"):
            lived = max(lived, (finished - started).total_seconds())
    return min(lived, _LONGEST_PATIENCE_S)
