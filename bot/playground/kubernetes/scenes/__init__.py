"""Expand the short form of worlds: `scene` lists the healthy objects, `faults` the differences.

    scene:                        # made healthy, with what controllers add: ReplicaSets, pods, claims, endpoints
      Deployment/shop/web: {containers: {app: "web:7"}, replicas: 2}
      Service/shop/web: {ports: {http: 8080}}
    faults:                       # applied to the scene; then the controllers update the statuses
      Deployment/shop/web: {exited: OOMKilled, restarts: 3, waiting: CrashLoopBackOff, since: 19m}
      Node/worker-b: {not_ready: container runtime is down, since: 4m}

Plain data in, plain data out: objects, events and logs as a world writes them in full. The healthy neighbours are part
of every scene, so that faults can apply to them too. `keys` lists the allowed keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import (
    api_services,
    autoscalers,
    claim_faults,
    jobs,
    nodes,
    object_faults,
    others,
    services,
    single_pods,
    storage,
    workload_faults,
    workloads,
)
from bot.playground.kubernetes.scenes.keys import moment
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.world_checks import WorldError

# Kind, namespace and name.
Place: TypeAlias = tuple[str, str, str]

KEYS: Final = ("scene", "faults")
# Kinds that other objects refer to are made first.
_ORDER: Final = (
    "CustomResourceDefinition", "Namespace", "Node", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
)  # fmt: skip
_MAKERS: Final = {
    "APIService": api_services.make,
    "CronJob": jobs.make_cron_job,
    "CustomResourceDefinition": others.make_definition,
    "HorizontalPodAutoscaler": autoscalers.make,
    "Job": jobs.make,
    "Lease": others.make_lease,
    "Node": nodes.make,
    "PersistentVolume": storage.make_volume,
    "PersistentVolumeClaim": storage.make_claim,
    "Pod": single_pods.make,
    "Service": services.make,
} | dict.fromkeys(workloads.KINDS, workloads.make)
_WITH_PODS: Final = workloads.KINDS | {"Job", "CronJob", "Pod"}
_AGE: Final = timedelta(days=1)


def expanded(world: Mapping[str, Any], *, now: datetime) -> Json:
    """Return the world with its scene and faults written out in full. WorldError, with the path, for a mistake."""
    whole = {key: value for key, value in world.items() if key not in KEYS}
    scene, faults = (_forms(world.get(key), key=key) for key in KEYS)
    if not scene and not faults:
        return whole
    namespaces = {namespace for _, namespace, _ in (*scene, *faults) if namespace}
    stage = Stage(now=now, namespaces=namespaces)
    for place in sorted(scene, key=_order):
        _make(place, scene[place], stage=stage)
    _settle(stage, namespaces)
    _lay(faults, stage=stage)
    _settle(stage, namespaces)
    _finish(scene, faults, stage=stage)
    made: dict[str, list[Any]] = {
        "objects": stage.changed(),
        "events": stage.events,
        "logs": stage.logs,
        "absent": stage.absent(),
    }
    return whole | {key: [*(whole.get(key) or ()), *value] for key, value in made.items()}


def _forms(written: Any, *, key: str) -> dict[Place, Json]:
    """Return forms by kind, namespace and name."""
    if written is None:
        return {}
    if not isinstance(written, Mapping):
        raise WorldError(f"{key}: expected a mapping of Kind/namespace/name, got {written!r}", path=(key,))
    forms = {}
    for name, form in written.items():
        parts = str(name).split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise WorldError(
                f'{key}: expected "Kind/namespace/name" or "Kind/name", got {name!r}', path=(key, str(name))
            )
        if not isinstance(form, Mapping):
            raise WorldError(
                f"{key}.{name}: expected a mapping, {{}} for one like any other, got {form!r}", path=(key, str(name))
            )
        forms[parts[0], parts[1] if len(parts) == 3 else "", parts[-1]] = dict(form)
    return forms


def _order(place: Place) -> tuple[int, bool, bool]:
    kind = place[0]
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    # Custom resources own workloads, so they are made before; Services and autoscalers use the workload of their name.
    return rank, kind in _MAKERS, kind in ("Service", "HorizontalPodAutoscaler")


def _make(place: Place, form: Json, *, stage: Stage) -> None:
    kind, namespace, name = place
    path = _path("scene", place)
    others.define(kind, form, namespaced=bool(namespace), stage=stage, path=path)
    resource = stage.resource(kind, api_version=form.get("apiVersion"), path=path)
    if resource.namespaced != bool(namespace):
        expected = f"{kind}/namespace/name" if resource.namespaced else f"{kind}/name"
        raise WorldError(f"{'.'.join(path)}: expected {expected}", path=path)
    created = moment(form["age"], now=stage.now, path=(*path, "age")) if "age" in form else stage.now - _AGE
    before = stage.get(kind, namespace, name)
    metadata = stage.head(resource, namespace=namespace, name=name, created=created)
    for key in ("labels", "annotations"):
        if key in form:
            metadata[key] = dict(form[key])
    if "owner" in form:
        metadata["ownerReferences"] = [_owner(str(form["owner"]), namespace, stage=stage, path=(*path, "owner"))]
    head: Json = {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata}
    if before is not None and kind != "Node":
        if kind in _MAKERS:
            who = (
                "every cluster has this neighbour" if stage.is_neighbour(before) else "a workload of the scene makes it"
            )
            raise WorldError(f"{'.'.join(path)}: {who}; write what differs under `faults`", path=path)
        head = before | {"metadata": before["metadata"] | {key: metadata[key] for key in form if key in metadata}}
    _MAKERS.get(kind, others.make)(head, form, stage=stage, path=path)


def _owner(written: str, namespace: str, *, stage: Stage, path: tuple[str, ...]) -> Json:
    kind, slash, name = written.partition("/")
    if not slash:
        raise WorldError(f"{'.'.join(path)}: expected Kind/name, got {written!r}", path=path)
    owner = stage.get(kind, namespace, name)
    # The loader looks up the uid of an owner that is made later, or elsewhere.
    return single_pods.reference(owner) if owner is not None else {"kind": kind, "name": name}


def _settle(stage: Stage, namespaces: set[str]) -> None:
    workloads.settle(stage, namespaces)
    services.settle(stage, namespaces)
    api_services.settle(stage)


def _found(place: Place, *, stage: Stage) -> Json:
    kind, namespace, name = place
    found = stage.get(kind, namespace, name)
    if found is None:
        path = _path("faults", place)
        there = [f"{kind}/{each}" for each in stage.names(kind, namespace)]
        hint = f"; there are {', '.join(there)}" if there else ""
        raise WorldError(f"{'.'.join(path)}: the scene has no such object{hint}", path=path)
    return found


def _lay(faults: Mapping[Place, Json], *, stage: Stage) -> None:
    """Apply the faults to the scene; objects that are gone are removed last, because others may refer to them."""
    for place, fault in faults.items():
        object_faults.apply(_found(place, stage=stage), fault, stage=stage, path=_path("faults", place))
    claim_faults.hold_up_pods(faults, stage=stage, path=("faults",))
    for place, fault in faults.items():
        if fault.get("gone"):
            stage.remove(_found(place, stage=stage))


def _finish(scene: Mapping[Place, Json], faults: Mapping[Place, Json], *, stage: Stage) -> None:
    """Write the author's own fields last, so that the controllers do not overwrite them."""
    for place, form in scene.items():
        if place[0] in workloads.KINDS and "status" in form:
            object_faults.finish(
                _found(place, stage=stage), {"status": form["status"]}, stage=stage, path=_path("scene", place)
            )
    for place, fault in faults.items():
        if fault.get("gone"):
            continue
        path = _path("faults", place)
        workload_faults.settle_progress(_found(place, stage=stage), fault, stage=stage, path=path)
        object_faults.finish(_found(place, stage=stage), fault, stage=stage, path=path)


def _path(key: str, place: Place) -> tuple[str, ...]:
    return (key, "/".join(part for part in place if part))
