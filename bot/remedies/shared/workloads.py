"""Workloads and their pods: what a pod template is, which controller owns a pod, how new pods are doing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in
from bot.kube.objects import condition, is_terminating, name_of, namespace_of, ref, uid_of
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.remedies.contract import EffectState, EffectStatus
from intents.domain import Json, ObjectRef, Text
from intents.languages import quoted

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


async def pods_controlled(snapshot: Snapshot, owners: Iterable[str], *, namespace: str) -> tuple[Json, ...]:
    """Return the pods in a namespace whose controller has one of these uids, by name."""
    wanted = frozenset(owners)
    listing = await snapshot.list("Pod", namespace=namespace)
    mine = [pod for pod in listing.items if (owner := controller_of(pod)) is not None and owner.uid in wanted]
    return tuple(sorted(mine, key=name_of))


async def pods_of(snapshot: Snapshot, workload: Json) -> tuple[Json, ...]:
    """Return the pods of a workload; a Deployment's are owned by its ReplicaSets."""
    uids = [uid_of(workload)]
    namespace = namespace_of(workload)
    if workload.get("kind") == "Deployment":
        sets = (await snapshot.list("ReplicaSet", namespace=namespace)).items
        uids = [uid_of(each) for each in sets if (owner := controller_of(each)) is not None and owner.uid in uids]
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
    reason, message = str(container.detail.get("reason", "")), str(container.detail.get("message", ""))
    if container.state == "waiting" and reason not in _STARTING:
        return _with_message(f"{container.name}: {reason}", message)
    if container.state == "terminated" and container.detail.get("exitCode"):
        return f"{container.name}: {reason or 'exited'} ({container.detail['exitCode']})"
    # Running again after a failure, and not ready: it has failed before in the same way.
    ended = (container.status.get("lastState") or {}).get("terminated") or {}
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
    return tuple(sorted((each for each in listing.items if _scales(each, workload)), key=name_of))


def _scales(autoscaler: Json, workload: ObjectRef) -> bool:
    scaled = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (scaled.get("kind"), scaled.get("name")) == (workload.kind, workload.name)
