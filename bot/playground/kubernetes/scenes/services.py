"""Make the Services of a scene, with the EndpointSlices of those that select pods, and the APIs that they serve."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import condition, labels_of, owner_reference, selected
from bot.playground.kubernetes.pod_dependents import availability, refresh_budgets, refresh_endpoints, service_of
from bot.playground.kubernetes.pods import network_address
from bot.playground.kubernetes.resources import API_SERVICES, PODS, SERVICES, SLICES, Json
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.messages import TEXTS, filled
from bot.playground.kubernetes.scenes.stage import Stage

_SERVICE: Final = "kubernetes.io/service-name"
_MANAGED_BY: Final = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a Service and its EndpointSlice. `obj` is its head: kind, apiVersion and metadata."""
    address = "None" if form.get("headless") else form.get("ip") or network_address(obj, network="10.96")
    spec: Json = {
        "type": form.get("type", "ClusterIP"),
        "clusterIP": address,
        "clusterIPs": [address],
        "selector": form["selector"] if "selector" in form else _labels_of_namesake(obj, stage=stage),
        "internalTrafficPolicy": "Cluster",
        "ports": _ports(form),
    }
    service = stage.put(form.over(obj | {"spec": spec, "status": {"loadBalancer": {}}}))
    spec = service["spec"]
    if spec.get("selector") and spec.get("type") != "ExternalName":
        _make_slice(service, name=form.get("slice", ""), stage=stage)


def make_api(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store an API that a Service of the scene serves. `obj` is its head: kind, apiVersion and metadata."""
    version, _, group = obj["metadata"]["name"].partition(".")
    namespace, slash, name = str(form.get("service", "")).partition("/")
    if not slash:
        raise form.wrong("expected namespace/name", "service")
    spec: Json = {
        "service": {"namespace": namespace, "name": name, "port": 443},
        "group": group,
        "version": version,
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    stage.put(form.over(obj | {"spec": spec, "status": {"conditions": []}}))


def settle(stage: Stage, namespaces: set[str]) -> None:
    """Update the endpoints and budgets of these namespaces, and whether aggregated APIs are available."""
    for namespace in sorted(namespaces):
        _resolve_ports(namespace, stage=stage)
        refresh_endpoints(namespace, state=stage.state)
        refresh_budgets(namespace, state=stage.state)
    for each in stage.state.objects(API_SERVICES):
        if named := each["spec"].get("service"):
            service = stage.state.get(SERVICES, named["name"], namespace=named["namespace"])
            told = availability(named, state=stage.state) if service else filled(TEXTS["apis"]["no_service"], **named)
            if condition(each, "Available").get("status") != told["status"]:
                since = times.timestamp(stage.last_change(each, _pods_of(service or {}, stage=stage)))
                stage.put(each | {"status": {"conditions": [told | {"lastTransitionTime": since}]}})


def _pods_of(service: Json, *, stage: Stage) -> list[Json]:
    selector: Json = (service.get("spec") or {}).get("selector") or {}
    pods = stage.state.objects(PODS, service["metadata"]["namespace"]) if selector else []
    return [pod for pod in pods if selected(selector, pod)]


def _make_slice(service: Json, *, name: str, stage: Stage) -> None:
    metadata = service["metadata"]
    name = name or f"{metadata['name']}-{suffix(metadata['uid'])}"
    created = stage.when(metadata["creationTimestamp"])
    labels = {_SERVICE: metadata["name"]} | _MANAGED_BY | labels_of(service)
    head = stage.new(
        "EndpointSlice", namespace=metadata["namespace"], name=name, created=created,
        generateName=f"{metadata['name']}-", labels=labels, ownerReferences=[owner_reference(service)],
    )  # fmt: skip
    stage.put(head | {"addressType": "IPv4", "endpoints": None, "ports": None})


def _resolve_ports(namespace: str, *, stage: Stage) -> None:
    """Write the ports of each slice: a Service's target may be a name that its pods' containers give to a port."""
    for each in stage.state.objects(SLICES, namespace):
        service = service_of(each, state=stage.state)
        if service is None or each.get("ports") is not None:
            continue
        ports = [
            {"name": port.get("name", ""), "port": target, "protocol": port.get("protocol", "TCP")}
            for port in service["spec"].get("ports") or ()
            if (target := _target(port, service=service, stage=stage)) is not None
        ]
        if ports:
            stage.put(each | {"ports": ports})


def _target(port: Json, *, service: Json, stage: Stage) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for pod in _pods_of(service, stage=stage):
        for container in pod["spec"]["containers"]:
            for declared in container.get("ports") or ():
                if declared.get("name") == target:
                    return int(declared["containerPort"])
    return None


def _ports(form: Form) -> list[Json]:
    written = form.get("ports") or ()
    if isinstance(written, dict):
        return [_port(name, port, form=form) for name, port in written.items()]
    listed = [written] if isinstance(written, int) else written
    return [each if isinstance(each, dict) else _port("", each, form=form) for each in listed]


def _port(name: str, written: Any, *, form: Form) -> Json:
    """Return the port that "port", "port:target" or "port:target:nodePort" means."""
    port, target, on_nodes = (*str(written).split(":"), "", "")[:3]
    if not port.isdigit() or not (on_nodes or "0").isdigit():
        text = f'expected a port, or "port:target:nodePort", got {written!r}'
        raise form.wrong(text, "ports", *([name] if name else []))
    aim = target or port
    made: Json = {"name": name} if name else {}
    made |= {"port": int(port), "protocol": "TCP", "targetPort": int(aim) if aim.isdigit() else aim}
    return made | ({"nodePort": int(on_nodes)} if on_nodes else {})


def _labels_of_namesake(obj: Json, *, stage: Stage) -> Json:
    metadata = obj["metadata"]
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        if (found := stage.get(kind, metadata["namespace"], metadata["name"])) is not None:
            return dict(found["spec"]["selector"]["matchLabels"])
    return {"app": metadata["name"]}
