"""Expand the short form of worlds: `scene` lists the healthy objects, `faults` the differences.

    scene:                        # made healthy, with what controllers add: ReplicaSets, pods, claims, endpoints
      Deployment/shop/web: {containers: {app: "web:7"}, replicas: 2}
      Service/shop/web: {ports: {http: 8080}}
    faults:                       # applied to the scene; then the controllers update the statuses
      Deployment/shop/web: {exited: OOMKilled, restarts: 3, waiting: CrashLoopBackOff, since: 19m}
      Node/worker-b: {not_ready: container runtime is down, since: 4m}

Plain data in, plain data out: objects, events and logs as a world writes them in full. The healthy neighbours are part
of every scene, so that faults can apply to them too. `keys.yaml` lists the allowed keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.objects import conditions_of, owner_reference, with_status
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import (
    autoscalers,
    nodes,
    others,
    pod_faults,
    services,
    single_pods,
    storage,
    workload_faults,
    workloads,
)
from bot.playground.kubernetes.scenes.forms import KEYS, MANIFEST, Form, keys_of
from bot.playground.kubernetes.scenes.stage import Stage, address
from bot.playground.kubernetes.world_checks import WorldError, split_address

# Kind, namespace and name.
Place: TypeAlias = tuple[str, str, str]

_PARTS: Final = ("scene", "faults")
# Kinds that other objects refer to are made first.
_ORDER: Final = (
    "CustomResourceDefinition", "Namespace", "Node", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
)  # fmt: skip
_MAKERS: Final[Mapping[str, Callable[..., None]]] = {
    "APIService": services.make_api,
    "CronJob": workloads.make_cron_job,
    "CustomResourceDefinition": others.make_definition,
    "HorizontalPodAutoscaler": autoscalers.make,
    "Job": workloads.make_job,
    "Lease": others.make_lease,
    "Node": nodes.make,
    "PersistentVolume": storage.make_volume,
    "PersistentVolumeClaim": storage.make_claim,
    "Pod": single_pods.make,
    "Service": services.make,
    **dict.fromkeys(workloads.KINDS, workloads.make),
}
_APPLIERS: Final[Mapping[str, Callable[..., Any]]] = {
    "HorizontalPodAutoscaler": autoscalers.apply,
    "Node": nodes.apply,
    "PersistentVolumeClaim": storage.apply,
    "Pod": pod_faults.apply,
    **dict.fromkeys(workload_faults.KINDS, workload_faults.apply),
}
_AGE: Final = "1d"


def expanded(world: Mapping[str, Any], *, now: datetime) -> Json:
    """Return the world with its scene and faults written out in full. WorldError, with the path, for a mistake."""
    if not isinstance(world, Mapping):
        # The loader refuses it.
        return world
    whole = {key: value for key, value in world.items() if key not in _PARTS}
    scene, differences = (_forms(world.get(key), key=key, now=now) for key in _PARTS)
    if not scene and not differences:
        return whole
    namespaces = {namespace for _, namespace, _ in (*scene, *differences) if namespace}
    stage = Stage(now=now, namespaces=namespaces)
    for place in sorted(scene, key=_order):
        _make(place, scene[place], stage=stage)
    _settle(stage, namespaces)
    _lay(differences, stage=stage)
    _settle(stage, namespaces)
    _finish(scene, differences, stage=stage)
    made: dict[str, list[Any]] = {
        "objects": stage.changed(),
        "events": stage.events,
        "logs": stage.logs,
        "absent": stage.absent(),
    }
    return whole | {key: [*(whole.get(key) or ()), *value] for key, value in made.items()}


def _forms(written: Any, *, key: str, now: datetime) -> dict[Place, Form]:
    """Return forms by kind, namespace and name."""
    if not isinstance(written, Mapping | None):
        raise WorldError(f"expected a mapping of Kind/namespace/name, got {written!r}", path=(key,))
    forms = {}
    for name, form in (written or {}).items():
        path = (key, str(name))
        forms[split_address(str(name), path=path)] = Form(form, path=path, now=now)
    return forms


def _order(place: Place) -> tuple[int, bool, bool]:
    kind = place[0]
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    # Custom resources own workloads, so they are made before; Services and autoscalers use the workload of their name.
    return rank, kind in _MAKERS, kind in ("Service", "HorizontalPodAutoscaler")


def _make(place: Place, form: Form, *, stage: Stage) -> None:
    kind, namespace, name = place
    others.define(kind, form, namespaced=bool(namespace), stage=stage)
    resource = stage.resource(kind, api_version=form.get("apiVersion"), path=form.path)
    if resource.namespaced != bool(namespace):
        raise form.wrong(f"expected {kind}/namespace/name" if resource.namespaced else f"expected {kind}/name")
    before = stage.get(kind, namespace, name)
    head = stage.new(resource, namespace=namespace, name=name, created=form.when("age", _AGE))
    metadata = head["metadata"]
    for key in ("labels", "annotations"):
        if key in form:
            metadata[key] = dict(form[key])
    if "owner" in form:
        metadata["ownerReferences"] = [_owner(form, namespace, stage=stage)]
    if before is not None and kind != "Node":
        if kind in _MAKERS:
            whose = "every cluster has this neighbour"
            who = whose if stage.is_neighbour(before) else "a workload of the scene makes it"
            raise form.wrong(f"{who}; write what differs under `faults`")
        head = before | {"metadata": before["metadata"] | {key: metadata[key] for key in form if key in metadata}}
    if (known := keys_of(kind, "objects")) is not None:
        form.check(known)
    _MAKERS.get(kind, others.make)(head, form, stage=stage)


def _owner(form: Form, namespace: str, *, stage: Stage) -> Json:
    kind, slash, name = str(form["owner"]).partition("/")
    if not slash:
        raise form.wrong(f"expected Kind/name, got {form['owner']!r}", "owner")
    owner = stage.get(kind, namespace, name)
    # The loader looks up the uid of an owner that is made later, or elsewhere.
    return owner_reference(owner) if owner is not None else {"kind": kind, "name": name}


def _settle(stage: Stage, namespaces: set[str]) -> None:
    workloads.settle(stage, namespaces)
    services.settle(stage, namespaces)


def _found(place: Place, form: Form, *, stage: Stage) -> Json:
    kind, namespace, name = place
    found = stage.get(kind, namespace, name)
    if found is None:
        there = [f"{kind}/{each}" for each in stage.names(kind, namespace)]
        hint = f"; there are {', '.join(there)}" if there else ""
        raise form.wrong(f"the scene has no such object{hint}")
    return found


def _lay(differences: Mapping[Place, Form], *, stage: Stage) -> None:
    """Apply the faults to the scene; objects that are gone are removed last, because others may refer to them."""
    for place, fault in differences.items():
        _apply(_found(place, fault, stage=stage), fault, stage=stage)
    storage.hold_up_pods(differences, stage=stage)
    for place, fault in differences.items():
        if fault.get("gone"):
            stage.remove(_found(place, fault, stage=stage))


def _finish(scene: Mapping[Place, Form], differences: Mapping[Place, Form], *, stage: Stage) -> None:
    """Write the author's own fields last, so that the controllers do not overwrite them."""
    for place, form in scene.items():
        if place[0] in workloads.KINDS and "status" in form:
            _write_own(_found(place, form, stage=stage), form.only(["status"]), stage=stage)
    for place, fault in differences.items():
        if not fault.get("gone"):
            workload_faults.settle_progress(_found(place, fault, stage=stage), fault, stage=stage)
            _write_own(_found(place, fault, stage=stage), fault, stage=stage)


def _apply(obj: Json, fault: Form, *, stage: Stage) -> None:
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


def _write_own(obj: Json, fault: Form, *, stage: Stage) -> None:
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
        changed = with_status(changed, conditions=_told_conditions(conditions_of(changed), fault))
    # Kinds with faults of their own allow no other keys; those of other kinds are fields of the object.
    own = obj["kind"] in _APPLIERS
    body = {key: value for key, value in fault.items() if key in MANIFEST or not (own or key in KEYS["any_faults"])}
    if body or changed != obj:
        stage.put(patches.merge(changed, times.resolve(body, now=stage.now)))


def _told_conditions(before: list[Json], fault: Form) -> list[Json]:
    found = {each["type"]: each for each in before}
    for kind, written in fault["conditions"].items():
        told = dict(written) if isinstance(written, dict) else {"status": written}
        if isinstance(told.get("status"), bool):
            told["status"] = str(told["status"])
        since = told.pop("since", fault.get("since"))
        at = fault.within("conditions", kind, written={"since": since or "5m"}).stamp("since")
        found[kind] = {"type": kind, **found.get(kind, {}), **told, "lastTransitionTime": at}
    return list(found.values())
