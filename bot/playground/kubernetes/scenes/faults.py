"""Apply faults to a healthy scene: each to the object it names and to the objects that depend on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.objects import conditions_of, with_status
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import autoscalers, nodes, pod_faults, storage, workload_faults
from bot.playground.kubernetes.scenes.forms import KEYS, MANIFEST, Form, keys_of
from bot.playground.kubernetes.scenes.stage import Stage, address

_APPLIERS: Final[Mapping[str, Callable[..., Any]]] = {
    "HorizontalPodAutoscaler": autoscalers.apply,
    "Node": nodes.apply,
    "PersistentVolumeClaim": storage.apply,
    "Pod": pod_faults.apply,
    **dict.fromkeys(workload_faults.KINDS, workload_faults.apply),
}


def apply(obj: Json, fault: Form, *, stage: Stage) -> None:
    """Apply a fault to an object: the keys of its kind first, then the keys of any object."""
    kind = obj["kind"]
    if kind in _APPLIERS:
        fault.check(keys_of(kind, "faults") or {})
        _APPLIERS[kind](obj, fault, stage=stage)
    # The author's own events come last; events in a workload's fault are about the workload, not its pods.
    for written in fault.get("events") or ():
        if not isinstance(written, dict):
            raise fault.wrong(f"expected mappings, got {written!r}", "events")
        stage.events.append({"for": address(obj)} | written)


def finish(obj: Json, fault: Form, *, stage: Stage) -> None:
    """Write the author's own fields into an object, after the controllers have updated the statuses."""
    changed = dict(obj)
    metadata = dict(obj["metadata"])
    if "deleted" in fault:
        metadata["deletionTimestamp"] = fault.stamp("deleted")
        if obj["kind"] == "Namespace":
            changed = with_status(changed, phase="Terminating")
        else:
            metadata["deletionGracePeriodSeconds"] = 30 if obj["kind"] == "Pod" else 0
    if "finalizers" in fault:
        metadata["finalizers"] = list(fault["finalizers"])
    changed["metadata"] = metadata
    if "conditions" in fault:
        changed = with_status(changed, conditions=_conditions(conditions_of(changed), fault))
    # Kinds with faults of their own allow no other keys; those of other kinds are fields of the object.
    own = obj["kind"] in _APPLIERS
    body = {key: value for key, value in fault.items() if key in MANIFEST or not (own or key in KEYS["any_faults"])}
    if body or changed != obj:
        stage.put(patches.merge(changed, times.resolve(body, now=stage.now)))


def _conditions(before: list[Json], fault: Form) -> list[Json]:
    found = {each["type"]: each for each in before}
    for kind, written in fault["conditions"].items():
        told = dict(written) if isinstance(written, dict) else {"status": written}
        if isinstance(told.get("status"), bool):
            told["status"] = str(told["status"])
        since = told.pop("since", fault.get("since"))
        usual = times.timestamp(fault.now - timedelta(minutes=5))
        at = fault.within("conditions", kind, written={"since": since or usual}).stamp("since")
        found[kind] = {"type": kind, **found.get(kind, {}), **told, "lastTransitionTime": at}
    return list(found.values())
