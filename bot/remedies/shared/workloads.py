"""Workloads and their pods: what a template is, who owns a pod, and how far the rollout of a changed template is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.cluster.origins import custodian_of
from bot.cluster.snapshot import Snapshot
from bot.kube.autoscaling import target_of
from bot.kube.containers import Container, containers_in
from bot.kube.objects import (
    condition,
    is_terminating,
    name_of,
    namespace_of,
    pod_spec_of,
    pod_template_of,
    ref,
    spec_of,
    uid_of,
)
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import Revision, alike, replicas_of, revision_name_of, revisions_in
from bot.remedies.contract import Applied, EffectState, EffectStatus, Outlook, Refused, one_text
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.claims import data_loss
from bot.remedies.shared.refusal import gone, owned, unsafe
from intents.domain import Json, ObjectRef, Text
from intents.languages import quoted

_NONE_LEFT: Final = one_text(
    "For a while none of its pods may be ready, so nothing serves requests", "期间可能没有任何就绪的 Pod，服务会中断"
)


def check_rollout(workload: Json) -> None:
    """Refuse if a changed template would replace no pod, or be overwritten."""
    me, spec = ref(workload), spec_of(workload)
    if owner := controller_of(workload):
        raise owned(me, owner)
    if is_terminating(workload):
        raise Refused(gone(me))
    if spec.get("paused"):
        raise unsafe(f"{me} is paused; resume its rollout first", f"{me} 已暂停；请先恢复其发布")
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        raise unsafe(
            f"{me} replaces pods only when they are deleted (update strategy OnDelete): this would replace none",
            f"{me} 的更新策略为 OnDelete，只有删除 Pod 才会重建：此操作不会替换任何 Pod",
        )


async def outlook_on(
    snapshot: Snapshot,
    workload: Json,
    *,
    staying: Sequence[Json] = (),
    effects: tuple[Text, ...] = (),
    warnings: tuple[Text, ...] = (),
) -> Outlook:
    """Return the expected effect of replacing the pods of a workload, all but those `staying`.

    An action adds `effects` and `warnings`.
    """
    me = ref(workload)
    pods = await pods_of(snapshot, workload)
    ready, wanted = count_ready(pods), replicas_of(workload).desired
    kept, how = _course(workload)
    least = min(ready, kept)
    return Outlook(
        effects=(
            _replaced(me, len(pods), how, stay=len(staying)),
            Text(
                en=f"Ready now: {ready} of {wanted}; during the rollout at least {least}",
                zh=f"当前就绪：{ready}/{wanted}；期间至少保留 {least} 个",
            ),
            *effects,
            *await budgets_over(snapshot, pods, namespace=namespace_of(workload)),
            *data_loss(pod_spec_of(workload)),
        ),
        warnings=(*(_NONE_LEFT if ready and not least else ()), *warnings, *_under_way(workload)),
        custodian=await custodian_of(snapshot, workload),
        owner=me,
        known=tuple(map(uid_of, pods)),
        ready=ready,
        wanted=wanted,
    )


def _replaced(workload: ObjectRef, count: int, how: Text, *, stay: int) -> Text:
    if stay:
        return Text(
            en=f"{stay} of its pods still run that revision and stay; {count - stay} are replaced, {how.en}",
            zh=f"{workload} 有 {stay} 个 Pod 仍是该版本，会保留；{count - stay} 个会被替换，{how.zh}",
        )
    if not count:
        return Text(
            en=f"{workload} has no pods now; new ones are created from the changed template",
            zh=f"{workload} 目前没有 Pod：之后会按修改后的模板创建",
        )
    which = "The only pod" if count == 1 else f"All {count} pods"
    return Text(
        en=f"{which} of {workload} {'is' if count == 1 else 'are'} replaced, {how.en}",
        zh=f"{workload} 的全部 {count} 个 Pod 会被替换，{how.zh}",
    )


async def rollout_effect(snapshot: Snapshot, target: ObjectRef, applied: Applied) -> EffectStatus:
    """Return how many pods have been replaced, and how their replacements are doing."""
    workload = await snapshot.get(target.kind, target.name, namespace=target.namespace)
    pods = [pod for pod in await pods_of(snapshot, workload) if not is_terminating(pod)]
    new = [pod for pod in pods if uid_of(pod) not in applied.outlook.known]
    wanted = replicas_of(workload).desired
    rolling = (spec_of(workload).get("updateStrategy") or {}).get("rollingUpdate") or {}
    # A StatefulSet keeps the pods below its partition.
    due = max(0, wanted - int(rolling.get("partition") or 0))
    observed = int((workload.get("status") or {}).get("observedGeneration") or 0) >= applied.generation
    complete = observed and len(new) >= due and len(pods) <= wanted and (due < wanted or len(new) == len(pods))
    return effect_on(new, ready=count_ready(pods), wanted=wanted, complete=complete)


def _course(workload: Json) -> tuple[int, Text]:
    """Return how many pods a rollout keeps ready, if all are ready before; and how it replaces them, to be said."""
    spec, wanted = spec_of(workload), replicas_of(workload).desired
    strategy: dict[str, Any] = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate":
        return 0, Text(
            en="all at once (Recreate), so nothing serves requests meanwhile",
            zh="一次性全部重建（Recreate），期间服务中断",
        )
    limits = ", ".join(f"{key} {rolling[key]}" for key in ("maxUnavailable", "maxSurge") if key in rolling)
    how = Text(en=f"a few at a time ({limits or 'by its update strategy'})", zh=f"分批进行（{limits or '按其策略'}）")
    missing = max(1, _share(rolling.get("maxUnavailable", 1), wanted, up=True))
    if workload.get("kind") == "Deployment":
        missing = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        # With both at 0 nothing would be replaced, so the controller removes one pod.
        if not missing and not _share(rolling.get("maxSurge", "25%"), wanted, up=True):
            missing = 1
    elif workload.get("kind") == "DaemonSet" and _share(rolling.get("maxSurge", 0), wanted, up=True):
        missing = 0
    elif workload.get("kind") == "StatefulSet":
        how = Text(en="one by one", zh="逐个进行")
        if first := int(rolling.get("partition") or 0):
            how = Text(
                en=f"one by one, only those from ordinal {first} on (partition)",
                zh=f"逐个进行，仅编号 {first} 及以上的 Pod（partition）",
            )
    return max(0, wanted - missing), how


def _share(value: Any, of: int, *, up: bool) -> int:
    """Return a number of pods, or a percentage of them as Kubernetes rounds it."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    percent = int(text.removesuffix("%")) * of
    return -(-percent // 100) if up else percent // 100


def _under_way(workload: Json) -> tuple[Text, ...]:
    status, spec = workload.get("status") or {}, spec_of(workload)
    updated = status.get("updatedReplicas", status.get("updatedNumberScheduled"))
    if updated is None or workload.get("kind") != "Deployment" or int(updated) >= int(spec.get("replicas", 1)):
        return ()
    return one_text("A rollout is in progress; this starts another one", "有发布正在进行，此操作会再触发一次")


async def revisions_of(snapshot: Snapshot, workload: Json) -> tuple[Revision, ...]:
    """Return the kept revisions, the oldest first. Raises ClusterError."""
    deployment = workload.get("kind") == "Deployment"
    kept = await snapshot.list("ReplicaSet" if deployment else "ControllerRevision", namespace=namespace_of(workload))
    return revisions_in(_controlled(kept.items, (uid_of(workload),)))


def current_of(workload: Json, revisions: Sequence[Revision]) -> Revision | None:
    """Return the revision of the current template, None if the controller has not recorded it yet."""
    updated = str((workload.get("status") or {}).get("updateRevision", ""))
    if updated and is_observed(workload):
        named = next((each for each in revisions if each.name == updated), None)
        if named is not None:
            return named
    template = dict(pod_template_of(workload))
    same = [each for each in revisions if alike(each.template, template)]
    if same:
        return same[-1]
    # Defaults that the API server has added since make a kept template differ although nobody changed it.
    return revisions[-1] if revisions and is_observed(workload) else None


async def pods_at(snapshot: Snapshot, workload: Json, revision: Revision) -> tuple[Json, ...]:
    """Return the pods that run a revision: a rollback to it keeps them. Raises ClusterError."""
    pods = await pods_of(snapshot, workload)
    return tuple(pod for pod in pods if not is_terminating(pod) and revision_name_of(pod) == revision.name)


def is_observed(workload: Json) -> bool:
    """Tell whether the controller has observed the workload's current generation."""
    generation = int((workload.get("metadata") or {}).get("generation") or 0)
    return int((workload.get("status") or {}).get("observedGeneration") or 0) >= generation


# Waiting reasons of a container that is starting; with any other it has failed.
_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_SHOWN: Final = 3


def digest(value: Any) -> str:
    """Return a short digest of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def template_basis(manifest: Json) -> dict[str, str]:
    """Return the parts of a workload that define its pods. Replicas are none: scaling does not void a plan."""
    spec = manifest.get("spec") or {}
    template = spec.get("template") or {}
    others = {key: spec.get(key) for key in ("strategy", "updateStrategy", "paused", "suspend") if spec.get(key)}
    containers = (template.get("spec") or {}).get("containers") or ()
    images = ", ".join(f"{each.get('name')}={each.get('image')}" for each in containers)
    return {"images": images, "template": digest(template), "strategy": digest(others)}


async def pods_controlled(snapshot: Snapshot, owners: Sequence[str], *, namespace: str) -> tuple[Json, ...]:
    """Return the pods in a namespace whose controller has one of these uids, by name."""
    return tuple(sorted(_controlled((await snapshot.list("Pod", namespace=namespace)).items, owners), key=name_of))


def _controlled(objects: Iterable[Json], owners: Sequence[str]) -> list[Json]:
    """Return the objects whose controller has one of these uids."""
    return [each for each in objects if (owner := controller_of(each)) is not None and owner.uid in owners]


async def pods_of(snapshot: Snapshot, workload: Json) -> tuple[Json, ...]:
    """Return the pods of a workload; a Deployment's are owned by its ReplicaSets."""
    uids = [uid_of(workload)]
    namespace = namespace_of(workload)
    if workload.get("kind") == "Deployment":
        sets = (await snapshot.list("ReplicaSet", namespace=namespace)).items
        uids = list(map(uid_of, _controlled(sets, uids)))
    return await pods_controlled(snapshot, uids, namespace=namespace)


def count_ready(pods: Iterable[Json]) -> int:
    """Count the ready pods that are not terminating."""
    return sum(is_ready(pod) and not is_terminating(pod) for pod in pods)


def why_failing(pod: Json) -> str:
    """Return why a pod fails, "" while it is starting or healthy."""
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return _with_message("Unschedulable", scheduled.get("message"))
    failed = status.get("phase") == "Failed"
    if failed and status.get("reason"):
        return _with_message(str(status["reason"]), status.get("message"))
    why = next(filter(None, map(_why, containers_in(pod))), "")
    return why or (_with_message("Failed", status.get("message")) if failed else "")


def _with_message(reason: str, message: object) -> str:
    """Return the reason, and the message as a quotation: it may say anything."""
    return f"{reason}: {quoted(str(message))}" if message else reason.rstrip(": ")


def _why(container: Container) -> str:
    if container.state == "waiting" and container.reason not in _STARTING:
        return _with_message(f"{container.name}: {container.reason}", container.message)
    if container.state == "terminated" and container.detail.get("exitCode"):
        return f"{container.name}: {container.reason or 'exited'} ({container.detail['exitCode']})"
    # Running again after a failure, and not ready: it has failed before in the same way.
    ended = container.last_end
    if container.restarts and ended.get("exitCode") and not container.ready:
        return f"{container.name}: {ended.get('reason') or 'exited'} ({ended['exitCode']}), restarted"
    return ""


def is_healthy(pod: Json) -> bool:
    """Tell whether a pod is ready, or has succeeded."""
    return is_ready(pod) or (pod.get("status") or {}).get("phase") == "Succeeded"


def effect_on(
    replacements: Sequence[Json], *, ready: int, wanted: int, complete: bool, gone: bool = False
) -> EffectStatus:
    """Return how the pods are doing that replaced others.

    `complete`: no further replacement is expected. `gone`: the old pods are gone.
    """
    refs = tuple(ref(pod, "Pod") for pod in replacements)
    failing = [(pod, why) for pod in replacements if (why := why_failing(pod))]
    if failing:
        shown = "; ".join(f"{name_of(pod)}: {why}" for pod, why in failing[:_SHOWN])
        state, says = EffectState.FAILING, Text(en=f"new pods fail: {shown}", zh=f"新的 Pod 失败：{shown}")
    elif complete and replacements and all(map(is_healthy, replacements)):
        names = ", ".join(name_of(pod) for pod in replacements[:_SHOWN])
        state, says = EffectState.HEALTHY, Text(en=f"new pods are ready: {names}", zh=f"新的 Pod 已就绪：{names}")
    elif gone and not replacements:
        state, says = EffectState.GONE, Text(en="no replacement exists yet", zh="尚无 Pod 取代它")
    else:
        up = sum(map(is_healthy, replacements))
        state = EffectState.PENDING
        says = Text(
            en=f"{len(replacements)} new pods so far, {up} of them ready",
            zh=f"目前有 {len(replacements)} 个新的 Pod，其中 {up} 个就绪",
        )
    return EffectStatus(state=state, says=says, replacements=refs, ready=ready, wanted=wanted)


async def autoscalers_of(snapshot: Snapshot, workload: ObjectRef) -> tuple[Json, ...]:
    """Return the HorizontalPodAutoscalers that scale a workload, by name. Raises ClusterError."""
    listing = await snapshot.list("HorizontalPodAutoscaler", namespace=workload.namespace)
    scaling = (each for each in listing.items if target_of(each) == (workload.kind, workload.name))
    return tuple(sorted(scaling, key=name_of))
