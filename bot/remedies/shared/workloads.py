"""Workloads and their pods as remedies see them: what a template is, who made which pod, how a pod fares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.kube.containers import Container, containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.pod_readiness import is_ready
from bot.remedies.contract import Course, Settling
from intents.domain import Json, ObjectRef, Text

# A container waits in these on its way up; in any other it has failed.
_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_SHOWN: Final = 3


def digest(value: Any) -> str:
    """The same for the same JSON value, short enough to be kept beside it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def uid_of(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("uid", ""))


def controller_of(obj: Mapping[str, Any]) -> ObjectRef | None:
    """The controller an object names, as its reference has it; None for one that nobody makes anew."""
    references = (obj.get("metadata") or {}).get("ownerReferences") or ()
    found = next((each for each in references if each.get("controller")), None)
    if found is None:
        return None
    return ObjectRef(
        kind=str(found.get("kind", "")),
        namespace=namespace_of(obj),
        name=str(found.get("name", "")),
        uid=str(found.get("uid", "")),
    )


def template_basis(manifest: Json) -> dict[str, str]:
    """What of a workload makes its pods what they are. Replicas are not of it: scaling voids no plan."""
    spec = manifest.get("spec") or {}
    template = spec.get("template") or {}
    others = {key: spec.get(key) for key in ("strategy", "updateStrategy", "paused", "suspend") if spec.get(key)}
    containers = (template.get("spec") or {}).get("containers") or ()
    images = ", ".join(f"{each.get('name')}={each.get('image')}" for each in containers)
    return {"images": images, "template": digest(template), "strategy": digest(others)}


async def pods_controlled(snapshot: Snapshot, owners: Iterable[str], *, namespace: str) -> tuple[Json, ...]:
    """The pods in a namespace whose controller has one of these uids, by name."""
    wanted = frozenset(owners)
    listing = await snapshot.list("Pod", namespace=namespace)
    mine = [pod for pod in listing.items if (owner := controller_of(pod)) is not None and owner.uid in wanted]
    return tuple(sorted(mine, key=name_of))


async def pods_of(snapshot: Snapshot, workload: Json) -> tuple[Json, ...]:
    """The pods of a workload; those of a Deployment are its ReplicaSets'."""
    uids = [uid_of(workload)]
    namespace = namespace_of(workload)
    if workload.get("kind") == "Deployment":
        sets = (await snapshot.list("ReplicaSet", namespace=namespace)).items
        uids = [uid_of(each) for each in sets if (owner := controller_of(each)) is not None and owner.uid in uids]
    return await pods_controlled(snapshot, uids, namespace=namespace)


def is_leaving(obj: Mapping[str, Any]) -> bool:
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def count_ready(pods: Iterable[Json]) -> int:
    return sum(is_ready(pod) and not is_leaving(pod) for pod in pods)


def why_failing(pod: Json) -> str:
    """What a pod fails with, "" while it is on its way or well."""
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return f"Unschedulable: {scheduled.get('message', '')}"
    if status.get("phase") == "Failed":
        return f"{status.get('reason') or 'Failed'}: {status.get('message', '')}".rstrip(": ")
    return next(filter(None, map(_why, containers_in(pod))), "")


def _why(container: Container) -> str:
    reason, message = str(container.detail.get("reason", "")), str(container.detail.get("message", ""))
    if container.state == "waiting" and reason not in _STARTING:
        return f"{container.name}: {reason}: {message}".rstrip(": ")
    if container.state == "terminated" and container.detail.get("exitCode"):
        return f"{container.name}: {reason or 'exited'} ({container.detail['exitCode']})"
    # Running again after it failed: it has had its time, and used it.
    ended = (container.status.get("lastState") or {}).get("terminated") or {}
    if container.restarts and ended.get("exitCode") and not container.ready:
        return f"{container.name}: {ended.get('reason') or 'exited'} ({ended['exitCode']}), restarted"
    return ""


def is_well(pod: Json) -> bool:
    return is_ready(pod) or (pod.get("status") or {}).get("phase") == "Succeeded"


def settling(replacements: Sequence[Json], *, ready: int, wanted: int, complete: bool, gone: bool = False) -> Settling:
    """How the pods that took the place of others fare.

    `complete` if no further one is to come, `gone` if the old ones are.
    """
    refs = tuple(ref(pod, "Pod") for pod in replacements)
    failing = [(pod, why) for pod in replacements if (why := why_failing(pod))]
    if failing:
        shown = "; ".join(f"{name_of(pod)}: {why}" for pod, why in failing[:_SHOWN])
        course, says = Course.FAILING, Text(en=f"new pods fail: {shown}", zh=f"新的 Pod 失败：{shown}")
    elif complete and replacements and all(map(is_well, replacements)):
        names = ", ".join(name_of(pod) for pod in replacements[:_SHOWN])
        course, says = Course.WELL, Text(en=f"new pods are ready: {names}", zh=f"新的 Pod 已就绪：{names}")
    elif gone and not replacements:
        course = Course.GONE
        says = Text(en="nothing has taken its place yet", zh="尚无 Pod 取代它")
    else:
        up = sum(map(is_well, replacements))
        course = Course.MOVING
        says = Text(
            en=f"{len(replacements)} new pods so far, {up} of them ready",
            zh=f"目前有 {len(replacements)} 个新的 Pod，其中 {up} 个就绪",
        )
    return Settling(course=course, says=says, replacements=refs, ready=ready, wanted=wanted)
