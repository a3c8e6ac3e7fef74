"""Find the traffic of Services: ports, addresses, endpoints, names that are looked up, and what their pods serve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from ipaddress import ip_address
from typing import Any, Final

from bot.kube.objects import condition, has_ended, is_builtin, labels_of, name_of, namespace_of, spec_of, status_of
from bot.kube.owners import owner_of
from bot.kube.timestamps import seconds_since
from intents.domain import Json

_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_NOT_BALANCED: Final = "node.kubernetes.io/exclude-from-external-load-balancers"

DNS_LABEL: Final = "k8s-app=kube-dns"
# The caches of NodeLocal DNSCache: pods of a node send their queries to that of their own node alone.
_DNS_CACHES: Final = frozenset({"node-local-dns", "nodelocaldns"})
# All pods that answer names.
DNS_PODS: Final = f"k8s-app in ({','.join(('kube-dns', *sorted(_DNS_CACHES)))})"
DNS_PORT: Final = 53
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


def is_headless(service: Mapping[str, Any]) -> bool:
    """Tell whether a Service has no address of its own: its name leads straight to the pods."""
    return spec_of(service).get("clusterIP") == "None"


def is_dns_cache(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod answers names for the pods of its node."""
    return labels_of(pod).get("k8s-app") in _DNS_CACHES


def is_cluster_dns(service: Mapping[str, Any]) -> bool:
    """Tell whether a Service answers names for the cluster: installations name it differently, and label it alike."""
    key, _, value = DNS_LABEL.partition("=")
    return labels_of(service).get(key) == value and any(port.get("port") == DNS_PORT for port in ports_of(service))


def target_ports(service: Mapping[str, Any], port: int) -> frozenset[int | str]:
    """Return the port of the pods behind a port of the Service; the port itself if the Service has no such port."""
    found = frozenset(
        each.get("targetPort") or int(each.get("port") or 0) for each in ports_of(service) if each.get("port") == port
    )
    return found or frozenset({port})


def unanswered_ports(service: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return why no container answers a target port. A name must be declared, a number need not be."""
    numbers, targets = ", ".join(map(str, sorted(_numbers(pods)))), tuple(targets_of(service))
    by_name = (f"targetPort {each}: no container has a port of that name" for each in unnamed_ports(targets, pods))
    by_number = (f"targetPort {each}: the containers declare {numbers}" for each in undeclared_ports(targets, pods))
    return (*by_name, *by_number)


def unnamed_ports(targets: Iterable[int | str], pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return those of target ports by a name that no container declares: the Service has no endpoint for them."""
    names = frozenset(str(port["name"]) for pod in pods for port in declared_ports(pod) if port.get("name"))
    return tuple(dict.fromkeys(each for each in targets if isinstance(each, str) and each not in names))


def undeclared_ports(targets: Iterable[int | str], pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return those of target ports by a number that no container declares, where they declare others."""
    numbers = _numbers(pods)
    found = (str(each) for each in targets if isinstance(each, int) and numbers and each not in numbers)
    return tuple(dict.fromkeys(found))


def numbers_of(targets: Iterable[int | str], pod: Mapping[str, Any]) -> frozenset[int]:
    """Return target ports as numbers of a pod's ports; a name that no container declares has none."""
    names = {str(port.get("name")): int(port.get("containerPort") or 0) for port in declared_ports(pod)}
    return frozenset(each if isinstance(each, int) else names.get(str(each), 0) for each in targets) - {0}


def targets_of(service: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the target ports of a Service, names or numbers."""
    return (port.get("targetPort") or port.get("port") for port in ports_of(service))


def _numbers(pods: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(int(port.get("containerPort") or 0) for pod in pods for port in declared_ports(pod))


def certain_target(service: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Return the port of a Service whose target no container declares, and the only port that they declare: 80, http.

    Return 0 and "" unless it is the only such port and all pods declare the same one.
    """
    targets = tuple(targets_of(service))
    wrong = {*unnamed_ports(targets, pods), *undeclared_ports(targets, pods)}
    ports = [each for each in ports_of(service) if str(each.get("targetPort") or each.get("port")) in wrong]
    declared = {tuple(map(_declared, declared_ports(pod))) for pod in pods}
    if len(ports) != 1 or len(declared) != 1 or len(only := next(iter(declared))) != 1:
        return 0, ""
    name, number, protocol = only[0]
    if protocol != (ports[0].get("protocol") or "TCP"):
        return 0, ""
    return int(ports[0].get("port") or 0), name if name and isinstance(ports[0].get("targetPort"), str) else str(number)


def _declared(port: Mapping[str, Any]) -> tuple[str, int, str]:
    return str(port.get("name") or ""), int(port.get("containerPort") or 0), str(port.get("protocol") or "TCP")


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


def shown_declared(pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the ports that pods declare as people write them, each once: `http 8080`."""
    ports = (port for pod in pods for port in declared_ports(pod))
    shown = (f"{port.get('name', '')} {port.get('containerPort', '?')}".strip() for port in ports)
    return tuple(dict.fromkeys(shown))


def is_control_plane(node: Mapping[str, Any]) -> bool:
    """Tell whether a node has the label of a control plane."""
    return any(label in labels_of(node) for label in _CONTROL_PLANE)


def takes_traffic(node: Mapping[str, Any], *, balanced: bool) -> bool:
    """Tell whether clients from outside come in through the node: it is ready, and a load balancer may use it."""
    ready = condition(node, "Ready").get("status", "True") == "True"
    return ready and not (balanced and _NOT_BALANCED in labels_of(node))


_SERVICE_LABEL: Final = "kubernetes.io/service-name"
# Controllers write the endpoints of a new Service within this time.
_NEW_S: Final = 120


def slices_of_service(name: str) -> str:
    """Return the label query that lists the EndpointSlices of a Service."""
    return f"{_SERVICE_LABEL}={name}"


def service_of(endpoint_slice: Json) -> str:
    """Return the Service that an EndpointSlice belongs to, "" where it does not say."""
    return str(labels_of(endpoint_slice).get(_SERVICE_LABEL) or "")


def may_still_come(created: str, now: datetime) -> bool:
    """Tell whether the first endpoints of a Service that was created then may still have to come."""
    return seconds_since(created, now) < _NEW_S


def is_ready_endpoint(endpoint: Json) -> bool:
    """Tell whether an endpoint takes traffic; an absent `ready` means true (EndpointConditions)."""
    return (endpoint.get("conditions") or {}).get("ready") is not False


def addresses_in(endpoints: Iterable[Json]) -> frozenset[str]:
    """Return the addresses of endpoints, each once."""
    return frozenset(str(address) for each in endpoints for address in each.get("addresses") or ())


def node_of_endpoint(endpoint: Json) -> str:
    """Return the node of an endpoint, "" where it does not say."""
    topology = endpoint.get("topology") or {}
    return str(endpoint.get("nodeName") or topology.get("kubernetes.io/hostname") or "")


def ready_addresses(slices: Iterable[Json]) -> Mapping[str, frozenset[str]]:
    """Return the ready addresses of each Service out of all its slices; one without a slice is not in it."""
    ready: dict[str, frozenset[str]] = {}
    for each in slices:
        service = service_of(each)
        addresses = addresses_in(filter(is_ready_endpoint, each.get("endpoints") or ()))
        ready[service] = ready.get(service, frozenset()) | addresses
    return ready


_WITH_PORT: Final = re.compile(r"^(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<other>[^:\s]+)):(?P<port>\d{1,5})$")


def ip_in(address: str) -> str:
    """Return the IP of an address, with or without a port; "" for a host name or no address."""
    found = _WITH_PORT.match(address)
    host = (found["six"] or found["other"]) if found else address.strip("[]")
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


def port_in(address: str) -> int:
    """Return the port of an address, 0 if it has none."""
    found = _WITH_PORT.match(address)
    port = int(found["port"]) if found else 0
    return port if port < 65536 else 0


_NAME: Final = r"[\"'`]?(?P<name>[A-Za-z0-9_][\w-]*(?:\.[\w-]+)*)\.?[\"'`]?"
# How the resolvers of languages and tools name the host they cannot resolve.
_FAILURES: Final = tuple(
    re.compile(pattern.replace("NAME", _NAME))
    for pattern in (
        r"(?:Name or service not known|No such host is known)\.? \(NAME:\d+\)",
        r"\blookup NAME on \S+: (?=.*(?:no such host|i/o timeout|server misbehaving|connection refused))",
        r"\blookup NAME: (?:no such host|i/o timeout|server misbehaving)",
        r"\b(?:EAI_AGAIN|ENOTFOUND) NAME",
        r"(?i:could not resolve host(?:name)?): NAME",
        r"(?i:(?:server )?can't (?:find|resolve)) NAME",
        r"(?i:host not found in upstream) NAME",
        r"(?i:could not translate host name) NAME to address",
        r"\bUnknownHostException: NAME",
        r"(?i:unable to resolve host(?: address)?|failed to resolve(?: host| hostname)?|bad address) NAME",
        r"(?i:unknown (?:mysql server )?host) NAME",
        r"NAME: (?i:temporary failure in name resolution|name or service not known|name does not resolve)",
        r"(?i:dns resolution failed for(?: service:)?) NAME",
    )
)
# What stands where the host is expected: an address, an exception, or a word of the message.
_NO_NAME: Final = re.compile(
    r"\d+(?:\.\d+){3}|.*(?:Exception|Error)|address|failed|host|hostname|getaddrinfo"
    r"|specified|information|unknown|name|service|server|lookup"
)
_SERVICES: Final = "svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceName:
    """The Service that a name means. `sure`: the name's form says that it is a Service's.

    `namespace` is "" where only the resolver of a pod knows it, `pod` names a pod below the Service, if it is one.
    """

    service: str
    namespace: str = ""
    sure: bool = False
    pod: str = ""


def unresolved_name(line: str) -> str:
    """Return the host that a line of a log says does not resolve, "" if it says so of none."""
    for pattern in _FAILURES:
        if (found := pattern.search(line)) and not _NO_NAME.fullmatch(name := found["name"].rstrip(".")):
            return name
    return ""


def may_be_host(name: str) -> bool:
    """Tell whether a word that stands where a host is expected may be one."""
    return bool(ip_in(name)) or not _NO_NAME.fullmatch(name)


def service_meant(name: str) -> ServiceName | None:
    """Return the Service that a host name may mean, None for a name of three labels or more outside the cluster."""
    labels = [label for label in name.lower().rstrip(".").split(".") if not label.startswith("_")]
    if _SERVICES in labels[2:4]:
        at = labels.index(_SERVICES, 2)
        return ServiceName(service=labels[at - 2], namespace=labels[at - 1], sure=True, pod="".join(labels[: at - 2]))
    if len(labels) in (1, 2):
        return ServiceName(service=labels[0], namespace=".".join(labels[1:]), sure=len(labels) == 1)
    return None


# Values so alike are taken for one that is misspelled.
_ALIKE: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A pod that a selector misses: the labels it asks for and the pod lacks, and what the pod has in their place."""

    pod: Mapping[str, Any]
    lacking: tuple[str, ...]
    instead: tuple[str, ...]
    score: float


def address_named(service: Mapping[str, Any]) -> str:
    """Return the IP address that an ExternalName Service gives as its name, "" for none.

    The DNS answers it as a name, which does not resolve.
    """
    spec = spec_of(service)
    return ip_in(str(spec.get("externalName") or "").rstrip(".")) if spec.get("type") == "ExternalName" else ""


def selector_of(service: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels that a Service selects pods by; none for an ExternalName Service, which ignores them."""
    spec = spec_of(service)
    if spec.get("type") == "ExternalName" or not is_builtin(service):
        return {}
    return spec.get("selector") or {}


def selected_pods(service: Mapping[str, Any], pods: Iterable[Any]) -> list[Any]:
    """Return the pods behind a Service. Those that have ended are no endpoints."""
    selector, home = selector_of(service), namespace_of(service)
    return [
        pod
        for pod in pods
        if selector and namespace_of(pod) == home and selector.items() <= labels_of(pod).items() and not has_ended(pod)
    ]


def near_misses(service: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> list[NearMiss]:
    """Return the pods of the Service's namespace that its selector nearly means, all of one score: the closest."""
    home = namespace_of(service)
    found = [_near_miss(service, pod) for pod in pods if namespace_of(pod) == home and not has_ended(pod)]
    best = max((each.score for each in found), default=0.0)
    return sorted((each for each in found if each.score == best > 0), key=lambda each: name_of(each.pod))


def certain_label(near: Sequence[NearMiss]) -> tuple[str, str]:
    """Return the label of a selector that its nearest pods lack, and theirs: tier=backend, tier=web.

    Return "" and "" unless it is the only one, and the same for all of them and their one owner.
    """
    found = {(each.lacking, each.instead, str(owner_of(each.pod))) for each in near}
    lacking, instead, _ = next(iter(found)) if len(found) == 1 else ((), (), "")
    return (lacking[0], instead[0]) if len(lacking) == len(instead) == 1 else ("", "")


def _near_miss(service: Mapping[str, Any], pod: Mapping[str, Any]) -> NearMiss:
    labels, lacking, instead, score = labels_of(pod), [], [], 0.0
    for key, value in selector_of(service).items():
        if labels.get(key) == value:
            score += 1
            continue
        lacking.append(f"{key}={value}")
        if key in labels:
            instead.append(f"{key}={labels[key]}")
            likeness = SequenceMatcher(None, value, str(labels[key])).ratio()
            score += likeness if likeness >= _ALIKE else 0
        elif other := next((each for each in sorted(labels) if labels[each] == value), ""):
            instead.append(f"{other}={value}")
            score += 0.5
    return NearMiss(pod=pod, lacking=tuple(lacking), instead=tuple(instead), score=score)
