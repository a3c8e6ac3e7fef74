"""Find where the traffic of a Service goes: its ports and addresses, and which ports its pods serve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bot.kube.conditions import condition
from bot.kube.objects import labels_of, spec_of, status_of

_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_NOT_BALANCED: Final = "node.kubernetes.io/exclude-from-external-load-balancers"

# The default ports of the processes of a TiDB cluster, by the name of their container.
_USUAL_PORTS: Final[Mapping[str, frozenset[int]]] = {
    "pd": frozenset({2379, 2380}),
    "tikv": frozenset({20160}),
    "tidb": frozenset({4000}),
}


def ports_of(service: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the ports of a Service."""
    yield from spec_of(service).get("ports") or ()


def shown_ports(service: Mapping[str, Any]) -> tuple[str, ...]:
    """Return each port as people write it: `http 80→8080/TCP (node 30080)`."""
    return tuple(_shown(port) for port in ports_of(service))


def _shown(port: Mapping[str, Any]) -> str:
    name = f"{port['name']} " if port.get("name") else ""
    node = f" (node {port['nodePort']})" if port.get("nodePort") else ""
    number = port.get("port", "?")
    return f"{name}{number}→{port.get('targetPort') or number}/{port.get('protocol') or 'TCP'}{node}"


def node_ports(service: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the ports that nodes open for a Service."""
    return tuple(int(port["nodePort"]) for port in ports_of(service) if port.get("nodePort"))


def addresses_of(service: Mapping[str, Any]) -> frozenset[str]:
    """Return where clients reach a Service: its cluster IPs, external IPs and the addresses of a load balancer."""
    spec = spec_of(service)
    balanced = (status_of(service).get("loadBalancer") or {}).get("ingress") or ()
    given = [
        spec.get("clusterIP"),
        *(spec.get("clusterIPs") or ()),
        *(spec.get("externalIPs") or ()),
        *(each.get("ip") or each.get("hostname") for each in balanced),
    ]
    return frozenset(str(each) for each in given if each and each != "None")


def target_ports(service: Mapping[str, Any], port: int) -> frozenset[int | str]:
    """Return the port of the pods behind a port of the Service; the port itself if the Service has no such port."""
    found = frozenset(
        each.get("targetPort") or int(each.get("port") or 0) for each in ports_of(service) if each.get("port") == port
    )
    return found or frozenset({port})


def unanswered_ports(service: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return why no container answers a target port. A name must be declared, a number need not be."""
    numbers = ", ".join(map(str, sorted(_numbers(pods))))
    by_name = (f"targetPort {each}: no container has a port of that name" for each in unnamed_ports(service, pods))
    by_number = (f"targetPort {each}: the containers declare {numbers}" for each in undeclared_ports(service, pods))
    return (*by_name, *by_number)


def unnamed_ports(service: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the target ports by a name that no container declares: the Service has no endpoint for them."""
    names = frozenset(str(port["name"]) for pod in pods for port in declared_ports(pod) if port.get("name"))
    return tuple(dict.fromkeys(each for each in _targets(service) if isinstance(each, str) and each not in names))


def undeclared_ports(service: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the target ports by a number that no container declares, where they declare others."""
    numbers = _numbers(pods)
    found = (str(each) for each in _targets(service) if isinstance(each, int) and numbers and each not in numbers)
    return tuple(dict.fromkeys(found))


def _targets(service: Mapping[str, Any]) -> Iterator[Any]:
    return (port.get("targetPort") or port.get("port") for port in ports_of(service))


def _numbers(pods: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(int(port.get("containerPort") or 0) for pod in pods for port in declared_ports(pod))


def unusual_ports(pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the containers of a TiDB cluster that declare ports, but not their process's default ones."""
    mismatches = []
    for pod in pods:
        for container in spec_of(pod).get("containers") or ():
            usual = _USUAL_PORTS.get(str(container.get("name")), frozenset())
            declared = {int(port.get("containerPort") or 0) for port in container.get("ports") or ()}
            if usual and declared and not usual & declared:
                mine, theirs = (", ".join(map(str, sorted(each))) for each in (declared, usual))
                mismatches.append(f"{container['name']} declares {mine}, not {theirs}")
    return tuple(dict.fromkeys(mismatches))


def declared_ports(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the ports that the containers of a pod declare, its sidecars (init containers that stay) included."""
    spec = spec_of(pod)
    sidecars = (each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always")
    for container in (*(spec.get("containers") or ()), *sidecars):
        yield from container.get("ports") or ()


def is_control_plane(node: Mapping[str, Any]) -> bool:
    """Tell whether a node has the label of a control plane."""
    return any(label in labels_of(node) for label in _CONTROL_PLANE)


def takes_traffic(node: Mapping[str, Any], *, balanced: bool) -> bool:
    """Tell whether clients from outside come in through the node: it is ready, and a load balancer may use it."""
    ready = condition(node, "Ready").get("status", "True") == "True"
    return ready and not (balanced and _NOT_BALANCED in labels_of(node))
