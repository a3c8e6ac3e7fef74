"""Apply faults to a healthy scene: each to the object it names and to the objects that depend on it."""

from __future__ import annotations

from datetime import timedelta

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import (
    autoscaler_faults,
    claim_faults,
    keys,
    node_faults,
    pod_faults,
    workload_faults,
)
from bot.playground.kubernetes.scenes.stage import Stage, address
from bot.playground.kubernetes.world_checks import WorldError

_WITH_FAULTS = {"Pod", "Node", claim_faults.KIND, autoscaler_faults.KIND} | workload_faults.KINDS


def apply(obj: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Apply a fault to an object: the keys of its kind first, then the keys of any object."""
    kind = obj["kind"]
    if kind == "Pod":
        stage.put(pod_faults.apply(obj, fault, stage=stage, path=path))
    elif kind in workload_faults.KINDS:
        workload_faults.apply(obj, fault, stage=stage, path=path)
    elif kind == "Node":
        node_faults.apply(obj, fault, stage=stage, path=path)
    elif kind == claim_faults.KIND:
        claim_faults.apply(obj, fault, stage=stage, path=path)
    elif kind == autoscaler_faults.KIND:
        autoscaler_faults.apply(obj, fault, stage=stage, path=path)
    # The author's own events come last; events in a workload's fault are about the workload, not its pods.
    for written in fault.get("events") or ():
        if not isinstance(written, dict):
            raise WorldError(f"{'.'.join(path)}: events: expected mappings, got {written!r}", path=(*path, "events"))
        stage.events.append({"for": address(obj)} | written)


def finish(obj: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Write the author's own fields into an object, after the controllers have updated the statuses."""
    changed = dict(obj)
    metadata = dict(obj["metadata"])
    if "deleted" in fault:
        metadata["deletionTimestamp"] = stage.stamp(fault["deleted"], path=(*path, "deleted"))
        if obj["kind"] == "Namespace":
            changed["status"] = (obj.get("status") or {}) | {"phase": "Terminating"}
        else:
            metadata["deletionGracePeriodSeconds"] = 30 if obj["kind"] == "Pod" else 0
    if "finalizers" in fault:
        metadata["finalizers"] = list(fault["finalizers"])
    changed["metadata"] = metadata
    if "conditions" in fault:
        status = changed.get("status") or {}
        told = _conditions(status.get("conditions") or [], fault, stage=stage, path=path)
        changed["status"] = status | {"conditions": told}
    body = {key: value for key, value in fault.items() if key in keys.MANIFEST or not _is_known(key, kind=obj["kind"])}
    if body or changed != obj:
        stage.put(patches.merge(changed, times.resolve(body, now=stage.now)))


def _is_known(key: str, *, kind: str) -> bool:
    """Return whether a key is a fault's; kinds with faults of their own allow no other keys."""
    return key in keys.ANY_FAULTS or kind in _WITH_FAULTS


def _conditions(before: list[Json], fault: Json, *, stage: Stage, path: tuple[str, ...]) -> list[Json]:
    found = {each["type"]: each for each in before}
    for kind, written in fault["conditions"].items():
        told = dict(written) if isinstance(written, dict) else {"status": written}
        if isinstance(told.get("status"), bool):
            told["status"] = str(told["status"])
        since = told.pop("since", fault.get("since"))
        at = (
            stage.stamp(since, path=(*path, "conditions", kind))
            if since
            else times.timestamp(stage.now - timedelta(minutes=5))
        )
        found[kind] = {"type": kind, **found.get(kind, {}), **told, "lastTransitionTime": at}
    return list(found.values())
