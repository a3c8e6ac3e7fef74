"""Make the Services of a scene, with the EndpointSlices of those that select pods."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.budgets import BUDGETS, refresh
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.endpoints import SERVICES, SLICES, refresh_endpoints
from bot.playground.kubernetes.pods import network_address
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, single_pods
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.world_checks import WorldError

_SERVICE: Final = "kubernetes.io/service-name"
_MANAGED_BY: Final = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a Service and its EndpointSlice. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.SERVICE, path=path)
    address = "None" if form.get("headless") else form.get("ip") or network_address(obj, network="10.96")
    spec: Json = {
        "type": form.get("type", "ClusterIP"),
        "clusterIP": address,
        "clusterIPs": [address],
        "selector": form["selector"] if "selector" in form else _labels_of_namesake(obj, stage=stage),
        "internalTrafficPolicy": "Cluster",
        "ports": _ports(form.get("ports"), path=(*path, "ports")),
    }
    spec = patches.merge(spec, form.get("spec") or {})
    service = stage.put(obj | {"spec": spec, "status": form.get("status") or {"loadBalancer": {}}})
    if spec.get("selector") and spec.get("type") != "ExternalName":
        _make_slice(service, name=form.get("slice", ""), stage=stage)


def settle(stage: Stage, namespaces: set[str]) -> None:
    """Update the endpoints and budgets of these namespaces."""
    for namespace in sorted(namespaces):
        _resolve_ports(namespace, stage=stage)
        refresh_endpoints(namespace, state=stage.state)
        if any(budget["metadata"]["namespace"] == namespace for budget in stage.state.store.objects(table=BUDGETS)):
            refresh(namespace, state=stage.state)


def _make_slice(service: Json, *, name: str, stage: Stage) -> None:
    metadata = service["metadata"]
    resource = stage.resource("EndpointSlice")
    name = name or f"{metadata['name']}-{suffix(metadata['uid'])}"
    created = stage.when(metadata["creationTimestamp"])
    head = stage.head(resource, namespace=metadata["namespace"], name=name, created=created)
    labels = {_SERVICE: metadata["name"]} | _MANAGED_BY | (metadata.get("labels") or {})
    owner = single_pods.reference(service)
    stage.put({
        "kind": "EndpointSlice",
        "apiVersion": resource.api_version,
        "metadata": head | {"generateName": f"{metadata['name']}-", "labels": labels, "ownerReferences": [owner]},
        "addressType": "IPv4",
        "endpoints": None,
        "ports": None,
    })  # fmt: skip


def _resolve_ports(namespace: str, *, stage: Stage) -> None:
    """Write the ports of each slice: a Service's target may be a name that its pods' containers give to a port."""
    for each in stage.state.store.objects(table=SLICES, namespace=namespace):
        name = (each["metadata"].get("labels") or {}).get(_SERVICE, "")
        service = stage.state.store.get(table=SERVICES, namespace=namespace, name=name)
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
    selector = service["spec"].get("selector") or {}
    for pod in stage.pods(service["metadata"]["namespace"]):
        if selector.items() <= (pod["metadata"].get("labels") or {}).items():
            for container in pod["spec"]["containers"]:
                for declared in container.get("ports") or ():
                    if declared.get("name") == target:
                        return int(declared["containerPort"])
    return None


def _ports(written: Any, *, path: tuple[str, ...]) -> list[Json]:
    if isinstance(written, int):
        return [_port("", written, path=path)]
    if isinstance(written, dict):
        return [_port(name, port, path=(*path, name)) for name, port in written.items()]
    return [each if isinstance(each, dict) else _port("", each, path=path) for each in written or ()]


def _port(name: str, written: Any, *, path: tuple[str, ...]) -> Json:
    """Return the port that "port", "port:target" or "port:target:nodePort" means."""
    port, target, on_nodes = (*str(written).split(":"), "", "")[:3]
    if not port.isdigit() or not (on_nodes or "0").isdigit():
        raise WorldError(f'{".".join(path)}: expected a port, or "port:target:nodePort", got {written!r}', path=path)
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
