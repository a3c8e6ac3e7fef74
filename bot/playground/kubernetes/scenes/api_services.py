"""Make the aggregated APIs of a scene, available if the aggregator finds a backend."""

from __future__ import annotations

from bot.playground.kubernetes import aggregation, patches
from bot.playground.kubernetes.endpoints import SERVICES
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.state import API_SERVICES
from bot.playground.kubernetes.times import parse, timestamp
from bot.playground.kubernetes.world_checks import WorldError


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store an API that a Service of the scene serves. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.API_SERVICE, path=path)
    version, _, group = obj["metadata"]["name"].partition(".")
    namespace, slash, name = str(form.get("service", "")).partition("/")
    if not slash:
        raise WorldError(f"{'.'.join(path)}: service: expected namespace/name", path=(*path, "service"))
    spec: Json = {
        "service": {"namespace": namespace, "name": name, "port": 443},
        "group": group,
        "version": version,
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    stage.put(obj | {"spec": patches.merge(spec, form.get("spec") or {}), "status": {"conditions": []}})


def settle(stage: Stage) -> None:
    """Write whether each aggregated API is available, and since when."""
    for each in stage.state.store.objects(table=API_SERVICES):
        if not each["spec"].get("service"):
            continue
        condition = _condition(each["spec"]["service"], stage=stage)
        before: Json = next(iter((each.get("status") or {}).get("conditions") or ()), {})
        if before.get("status") == condition["status"]:
            continue
        stage.put(each | {"status": {"conditions": [condition | {"lastTransitionTime": _since(each, stage=stage)}]}})


def _condition(service: Json, *, stage: Stage) -> Json:
    """Return the API's Available condition without its time."""
    namespace, name = service["namespace"], service["name"]
    if stage.state.store.get(table=SERVICES, namespace=namespace, name=name) is None:
        message = f'service/{name} in "{namespace}" is not present'
        return {"type": "Available", "status": "False", "reason": "ServiceNotFound", "message": message}
    slices = aggregation.slices_of(service, state=stage.state)
    return aggregation.availability(service, reachable=aggregation.has_ready(slices))


def _since(api: Json, *, stage: Stage) -> str:
    """Return when the API became what it is: when the last of its Service's pods changed, else when it was made."""
    service = api["spec"]["service"]
    found = stage.state.store.get(table=SERVICES, namespace=service["namespace"], name=service["name"])
    selector = ((found or {}).get("spec") or {}).get("selector") or {}
    moments = [parse(api["metadata"]["creationTimestamp"])]
    for pod in stage.pods(service["namespace"]) if selector else ():
        if selector.items() <= (pod["metadata"].get("labels") or {}).items():
            conditions = (pod.get("status") or {}).get("conditions") or ()
            moments += [parse(each["lastTransitionTime"]) for each in conditions if each["type"] == "Ready"]
    return timestamp(max(moments))
