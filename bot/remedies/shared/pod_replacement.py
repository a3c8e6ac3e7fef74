"""A pod that is deleted so that its controller creates another: whether it will, and how the new pod is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.owners import Owners, owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import containers_in
from bot.kube.job_runs import has_finished
from bot.kube.objects import is_terminating, namespace_of, ref, uid_of
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import Replicas, replicas_of
from bot.kube.timestamps import parse_time
from bot.remedies.contract import Applied, EffectStatus, Outlook, one_text
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Text

# The longest time that verification waits for a new pod to fail, however late the old one did.
_LONGEST_PATIENCE_S: Final = 60.0
_ONLY_ONE: Final = one_text(
    "It is the only ready pod of its owner: nothing serves requests until the new pod is ready",
    "它是其控制器唯一就绪的 Pod：在新 Pod 就绪之前服务会中断",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodReplacement:
    """A pod to delete, its owners, and all pods of its direct owner."""

    pod: Json
    owners: Owners
    pods: tuple[Json, ...]

    @property
    def owner(self) -> ObjectRef:
        return self.owners.refs[0]

    @property
    def counts(self) -> Replicas:
        """Ready pods as counted, desired ones as the owner says."""
        desired = replicas_of(self.owners.manifests[0]).desired
        return Replicas(desired=desired, created=len(self.pods), ready=workloads.count_ready(self.pods))

    @property
    def grace_s(self) -> int:
        return int((self.pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30))

    def _readiness(self) -> Text:
        """Say how many pods are ready with this pod and without it."""
        counts = self.counts
        left = counts.ready - is_ready(self.pod)
        return Text(
            en=f"Ready now: {counts.ready} of {counts.desired}; until the new pod is ready: {left} of {counts.desired}",
            zh=f"当前就绪：{counts.ready}/{counts.desired}；新 Pod 就绪之前：{left}/{counts.desired}",
        )

    async def outlook(
        self,
        snapshot: Snapshot,
        *,
        effects: tuple[Text, ...],
        losses: tuple[Text, ...],
        warnings: tuple[Text, ...],
        counts_as: ObjectRef | None = None,
    ) -> Outlook:
        """Return what is expected of the delete; `losses` are what it does to data of the pod itself."""
        counts, budgets = self.counts, await budgets_over(snapshot, (self.pod,), namespace=namespace_of(self.pod))
        return Outlook(
            effects=(*effects, self._readiness(), *budgets, *losses),
            warnings=(*(_ONLY_ONE if is_ready(self.pod) and counts.ready <= 1 else ()), *warnings),
            owner=self.owner,
            counts_as=counts_as,
            known=tuple(map(uid_of, self.pods)),
            ready=counts.ready,
            wanted=counts.desired,
            patience_s=_patience(self.pod),
        )


async def replacement_of(snapshot: Snapshot, target: ObjectRef) -> PodReplacement:
    """Return the pod with what replaces it. Raises ClusterError, and Refused if nothing would."""
    pod = await snapshot.get("Pod", target.name, namespace=target.namespace)
    owners = await owners_of(snapshot, pod)
    _check_recreated(pod, owners)
    pods = await workloads.pods_controlled(snapshot, (owners.refs[0].uid,), namespace=namespace_of(pod))
    return PodReplacement(pod=pod, owners=owners, pods=pods)


async def basis_of(snapshot: Snapshot, pod: Json) -> dict[str, str]:
    """Return what a plan to replace a pod rests on: the pod, its owner, and the template it is created from."""
    owners = await owners_of(snapshot, pod)
    templates = [each for each in owners.manifests if (each.get("spec") or {}).get("template")]
    template = workloads.template_basis(templates[-1]) if templates else {}
    owner = controller_of(pod)
    return {"uid": uid_of(pod), "owner": f"{owner} ({owner.uid})" if owner else "", **template}


async def replacement_effect(snapshot: Snapshot, target: ObjectRef, applied: Applied) -> EffectStatus:
    """Return how the pods are doing that the owner has created since."""
    outlook = applied.outlook
    owner = outlook.owner.uid if outlook.owner else ""
    pods = await workloads.pods_controlled(snapshot, (owner,), namespace=target.namespace)
    new = [pod for pod in pods if uid_of(pod) not in outlook.known and not is_terminating(pod)]
    return workloads.effect_on(
        new,
        ready=workloads.count_ready(pods),
        wanted=outlook.wanted,
        complete=True,
        gone=all(uid_of(pod) != applied.target.uid for pod in pods),
    )


def _check_recreated(pod: Json, owners: Owners) -> None:
    """Refuse a pod that nothing would create again."""
    me, owner = ref(pod, "Pod"), controller_of(pod)
    references = (pod.get("metadata") or {}).get("ownerReferences") or ()
    if any(each.get("kind") == "Node" for each in references):
        raise unsafe(
            f"{me} is a static pod: the kubelet runs it from a file, so deleting it here restarts nothing",
            f"{me} 是静态 Pod：由 kubelet 按文件运行，在此删除不会重启任何东西",
        )
    if owner is None:
        raise unsafe(
            f"no controller recreates {me}: deleting it removes it permanently",
            f"没有控制器会重建 {me}：删除后将永久消失",
        )
    if is_terminating(pod):
        raise unsafe(f"{me} is already being deleted", f"{me} 已在删除中")
    if not owners.manifests:
        why = owners.gap.says if owners.gap else Text.same("")
        raise unsafe(
            f"could not check whether {owner} would recreate {me}: {why.en}",
            f"无法确认 {owner} 是否会重建 {me}：{why.zh}",
        )
    manifest = owners.manifests[0]
    finished = manifest.get("kind") == "Job" and has_finished(manifest)
    idle = manifest.get("kind") != "DaemonSet" and replicas_of(manifest).desired == 0
    if is_terminating(manifest) or finished or idle:
        raise unsafe(
            f"{owner} is finished, scaled to 0 or being deleted: it would not recreate {me}",
            f"{owner} 已结束、已缩容到 0 或正在删除：不会重建 {me}",
        )


def _patience(pod: Json) -> float:
    """Return how long a new pod must stay ready: as long as this one ran between its starts and failures."""
    lived = 0.0
    for container in containers_in(pod):
        ended = container.last_end
        started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
        if started and finished and ended.get("exitCode"):
            lived = max(lived, (finished - started).total_seconds())
    return min(lived, _LONGEST_PATIENCE_S)
