"""What a Service says about where its traffic goes: ports, policies, and which of them its pods can answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.kube.conditions import condition

_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_NOT_BALANCED: Final = "node.kubernetes.io/exclude-from-external-load-balancers"

# What the processes of a TiDB cluster listen on unless they are told otherwise, by the name of their container.
_USUAL_PORTS: Final[Mapping[str, frozenset[int]]] = {
    "pd": frozenset({2379, 2380}),
    "tikv": frozenset({20160}),
    "tidb": frozenset({4000}),
}


def ports_of(service: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (service.get("spec") or {}).get("ports") or ()


def shown_ports(service: Mapping[str, Any]) -> tuple[str, ...]:
    """Each port as people write it: `http 80→8080/TCP (node 30080)`."""
    return tuple(_shown(port) for port in ports_of(service))


def _shown(port: Mapping[str, Any]) -> str:
    name = f"{port['name']} " if port.get("name") else ""
    node = f" (node {port['nodePort']})" if port.get("nodePort") else ""
    number = port.get("port", "?")
    return f"{name}{number}→{port.get('targetPort') or number}/{port.get('protocol') or 'TCP'}{node}"


def node_ports(service: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(port["nodePort"]) for port in ports_of(service) if port.get("nodePort"))


def addresses_of(service: Mapping[str, Any]) -> frozenset[str]:
    """Where the Service is reached: its cluster IPs, external IPs and what a load balancer gave it."""
    spec = service.get("spec") or {}
    balanced = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    given = [
        spec.get("clusterIP"),
        *(spec.get("clusterIPs") or ()),
        *(spec.get("externalIPs") or ()),
        *(each.get("ip") or each.get("hostname") for each in balanced),
    ]
    return frozenset(str(each) for each in given if each and each != "None")


def target_ports(service: Mapping[str, Any], port: int) -> frozenset[int | str]:
    """What a port of the Service is on its pods; the port itself if the Service has none such."""
    found = frozenset(
        each.get("targetPort") or int(each.get("port") or 0) for each in ports_of(service) if each.get("port") == port
    )
    return found or frozenset({port})


def unanswered_ports(service: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Ports whose target no container declares. A name must be declared; a number is only told by what is."""
    declared = [port for pod in pods for port in declared_ports(pod)]
    names = {str(port["name"]) for port in declared if port.get("name")}
    numbers = {int(port.get("containerPort") or 0) for port in declared}
    told = []
    for port in ports_of(service):
        target = port.get("targetPort") or port.get("port")
        if isinstance(target, str) and target not in names:
            told.append(f"targetPort {target}: no container has a port of that name")
        elif isinstance(target, int) and numbers and target not in numbers:
            told.append(f"targetPort {target}: the containers declare {', '.join(map(str, sorted(numbers)))}")
    return tuple(dict.fromkeys(told))


def unusual_ports(pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Containers of a TiDB cluster that declare ports, but none of those their process usually listens on."""
    told = []
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or ():
            usual = _USUAL_PORTS.get(str(container.get("name")), frozenset())
            declared = {int(port.get("containerPort") or 0) for port in container.get("ports") or ()}
            if usual and declared and not usual & declared:
                mine, theirs = (", ".join(map(str, sorted(each))) for each in (declared, usual))
                told.append(f"{container['name']} declares {mine}, not {theirs}")
    return tuple(dict.fromkeys(told))


def declared_ports(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for container in (pod.get("spec") or {}).get("containers") or ():
        yield from container.get("ports") or ()


def is_control_plane(node: Mapping[str, Any]) -> bool:
    labels = (node.get("metadata") or {}).get("labels") or {}
    return any(label in labels for label in _CONTROL_PLANE)


def takes_traffic(node: Mapping[str, Any], *, balanced: bool) -> bool:
    """Whether clients from outside come in through the node: it is ready, and a load balancer may use it."""
    labels = (node.get("metadata") or {}).get("labels") or {}
    ready = condition(node, "Ready").get("status", "True") == "True"
    return ready and not (balanced and _NOT_BALANCED in labels)
