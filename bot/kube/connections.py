"""Walk a connection from a pod to what it calls, and stop at the first hop that is broken.

A hop is broken only by what was read. What could not be read, or cannot be told from the API, is unknown: the walk goes
on, since a later hop may still be proven broken. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.kube import cluster_names, connection_policies
from bot.kube.cluster_names import Meaning, Meant
from bot.kube.connection_hops import MOST_SHOWN, Destination, Facts, Hop, Objects, State, Step, Way, not_ready
from bot.kube.objects import (
    full_name,
    has_ended,
    label_selector,
    name_of,
    namespace_of,
    node_name_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.rollouts import replicas_of
from bot.kube.services import (
    address_named,
    addresses_in,
    is_ready_endpoint,
    near_misses,
    node_of_endpoint,
    numbers_of,
    selected_pods,
    selector_of,
    service_of,
    shown_declared,
    shown_ports,
    undeclared_ports,
    unnamed_ports,
)
from bot.kube.timestamps import UNKNOWN
from intents.domain import Json

_POLICY_HOPS: Final = frozenset({Hop.DNS_ACCESS, Hop.EGRESS, Hop.INGRESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The hops that were looked at, in order. The last one is the broken one, if one is."""

    meaning: Meaning
    steps: tuple[Step, ...]

    @property
    def deciding(self) -> Step:
        """Return the broken hop, else the first unknown one, else the last."""
        broken = (each for each in self.steps if each.state is State.BROKEN)
        unknown = (each for each in self.steps if each.state is State.UNKNOWN)
        return next(broken, None) or next(unknown, None) or self.steps[-1]

    @property
    def passed(self) -> tuple[Hop, ...]:
        """Return the hops that are in order."""
        return tuple(each.hop for each in self.steps if each.state is State.OK)


def walk(source: Json | None, destination: Destination, objects: Objects, *, home: str = "") -> Walk:
    """Return the hops from a pod, or from any pod of a namespace, to a destination."""
    namespace = namespace_of(source) if source else home
    meaning = cluster_names.meaning_of(destination.host, pod=source, home=namespace, known=objects.names)
    way = Way(source=source, destination=destination, objects=objects, meaning=meaning)
    return Walk(meaning=meaning, steps=tuple(_steps(way)))


def is_decided_by_policies(found: Walk) -> bool:
    """Tell whether policies of other kinds may change a walk: nothing is broken, or only NetworkPolicies block it."""
    step = found.deciding
    return step.state is not State.BROKEN or step.hop in _POLICY_HOPS


def beside(found: Walk, others: Sequence[str], *, may_admit: bool) -> Walk:
    """Return a walk at whose end stand the policies of other kinds that exist and are not evaluated here.

    Policies of network plugins add to NetworkPolicies: one that may admit the connection leaves a block unproven.
    """
    if not others or not is_decided_by_policies(found) or (found.deciding.state is State.BROKEN and not may_admit):
        return found
    known = tuple(each for each in found.steps if each.state is not State.BROKEN)
    at = found.steps[-1].at
    step = Step(hop=Hop.OTHER_POLICIES, state=State.UNKNOWN, at=at, facts=Facts(policies=tuple(others)))
    return replace(found, steps=(*known, step))


def _steps(way: Way) -> Iterator[Step]:
    for hop in _HOPS:
        if (step := hop(way)) is not None:
            yield step
            if step.state is State.BROKEN:
                return


def _dns_policy(way: Way) -> Step | None:
    if way.source is None or not way.resolves or way.meaning.what is Meant.OUTSIDE:
        return None
    pod = ref(way.source, "Pod")
    if why := cluster_names.asks_node(way.source):
        return way.step(Hop.DNS_POLICY, State.BROKEN, Facts(why=why), at=pod)
    own, address = cluster_names.own_name_servers(way.source), spec_of(way.objects.dns or {}).get("clusterIP")
    if own and address not in own:
        # They may forward names of the cluster to its DNS.
        return way.step(Hop.DNS_POLICY, State.UNKNOWN, Facts(why=f"name servers {', '.join(own)}"), at=pod)
    return way.step(Hop.DNS_POLICY, State.OK, at=pod)


def _asks_cluster(way: Way) -> bool:
    pod = way.source
    return (
        pod is not None and way.resolves and not (cluster_names.asks_node(pod) or cluster_names.own_name_servers(pod))
    )


def _dns_egress(way: Way) -> Step | None:
    return connection_policies.to_dns(way, way.source) if way.source and _asks_cluster(way) else None


def _dns_service(way: Way) -> Step | None:
    dns = way.objects.dns
    if dns is None or not _asks_cluster(way):
        return None
    at, slices = ref(dns, "Service"), way.objects.dns_slices
    if slices is None:
        return way.step(Hop.DNS_SERVICE, State.UNKNOWN, Facts(why="EndpointSlices"), at=at)
    ready = len(addresses_in(_ready_in(dns, slices)))
    facts = Facts(pods=not_ready(way.objects.dns_pods or ()))
    return way.step(Hop.DNS_SERVICE, State.OK if ready else State.BROKEN, facts, at=at)


def _name(way: Way) -> Step | None:
    meaning, pods = way.meaning, way.objects.pods
    elsewhere = meaning.elsewhere[:MOST_SHOWN]
    if meaning.alias and (address := address_named(meaning.alias)):
        return way.step(Hop.NAME, State.BROKEN, Facts(target=address), at=ref(meaning.alias, "Service"))
    match meaning.what:
        case Meant.UNKNOWN:
            return way.step(Hop.NAME, State.UNKNOWN, Facts(why=meaning.unread, elsewhere=elsewhere))
        case Meant.NOTHING:
            near = f"{elsewhere[0]}/{meaning.name}" if elsewhere else ""
            if meaning.closest:
                near = f"{meaning.namespace}/{meaning.closest}"
            return way.step(Hop.NAME, State.BROKEN, Facts(closest=near, elsewhere=elsewhere))
        case Meant.SERVICE if meaning.pod_name and pods is not None and not way.behind:
            there = tuple(sorted(map(full_name, selected_pods(meaning.service or {}, pods))))
            return way.step(Hop.NAME, State.BROKEN, Facts(pods=there[:MOST_SHOWN]))
        case Meant.SERVICE if meaning.pod_name and pods is not None:
            governing = {str(spec_of(pod).get("subdomain") or "") for pod in way.behind}
            if meaning.name in governing:
                return way.step(Hop.NAME, State.OK)
            facts = Facts(why="subdomain", governing=", ".join(sorted(governing - {""})))
            return way.step(Hop.NAME, State.BROKEN, facts)
        case _:
            return way.step(Hop.NAME, State.OK)


def _port(way: Way) -> Step | None:
    if way.service is None or way.is_direct or not way.destination.port:
        return None
    state = State.OK if way.called_ports else State.BROKEN
    return way.step(Hop.PORT, state, Facts(listens=shown_ports(way.service)))


def _selector(way: Way) -> Step | None:
    service, pods = way.service, way.objects.pods
    if service is None or not (selector := label_selector(dict(selector_of(service)))):
        return None
    if pods is None:
        return way.step(Hop.SELECTOR, State.UNKNOWN, Facts(why="pods", selector=selector))
    if selected_pods(service, pods) or way.objects.workload is not None:
        return way.step(Hop.SELECTOR, State.OK, Facts(selector=selector))
    near = near_misses(service, pods)
    facts = Facts(
        selector=selector,
        pods=tuple(full_name(each.pod) for each in near[:MOST_SHOWN]),
        lacking=near[0].lacking if near else (),
        instead=near[0].instead if near else (),
    )
    return way.step(Hop.SELECTOR, State.BROKEN, facts)


def _target_port(way: Way) -> Step | None:
    targets = way.targets
    if not targets or not way.behind:
        return None
    alone = way.objects.loopback.keys() & {n for pod in way.behind for n in numbers_of(targets, pod)}
    if alone:
        facts = Facts(why="loopback", target=str(min(alone)), declared=(way.objects.loopback[min(alone)],))
        return way.step(Hop.TARGET_PORT, State.UNKNOWN, facts)
    unnamed, undeclared = unnamed_ports(targets, way.behind), undeclared_ports(targets, way.behind)
    facts = Facts(target=", ".join(sorted(unnamed or undeclared)), declared=shown_declared(way.behind))
    if len(unnamed) == len(targets):
        return way.step(Hop.TARGET_PORT, State.BROKEN, facts)
    # A program may listen on a port that its container does not declare.
    return way.step(Hop.TARGET_PORT, State.UNKNOWN if unnamed or undeclared else State.OK, facts)


def _ready_in(service: Json, slices: Iterable[Json]) -> list[Json]:
    """Return the endpoints of a Service that take traffic."""
    home, name = namespace_of(service), name_of(service)
    mine = (each for each in slices if namespace_of(each) == home and service_of(each) == name)
    return [endpoint for each in mine for endpoint in each.get("endpoints") or () if is_ready_endpoint(endpoint)]


def _by_hand(way: Way, service: Json) -> Step | None:
    """Return that endpoints which somebody wrote lead to addresses among those of pods, of which no pod has any."""
    name, pods = name_of(service), way.objects.pods or ()
    written = addresses_in(_ready_in(service, way.objects.slices or ()))
    used = {str(status_of(pod).get("podIP") or ""): pod for pod in pods if not has_ended(pod)}
    networks = {ip.rpartition(".")[0] for ip, pod in used.items() if not spec_of(pod).get("hostNetwork")} - {""}
    if not written or not written.isdisjoint(used) or not any(ip.rpartition(".")[0] in networks for ip in written):
        return None
    by = sorted(name_of(each) for each in way.objects.slices or () if service_of(each) == name)
    facts = Facts(why="address", target=", ".join(sorted(written)), governing=", ".join(by))
    return way.step(Hop.ENDPOINTS, State.UNKNOWN, facts)


def _endpoints(way: Way) -> Step | None:
    service, slices = way.service, way.objects.slices
    if service is not None and not selector_of(service) and (written := _by_hand(way, service)):
        return written
    unready = not_ready(way.behind)
    if service is None or way.meaning.pod_name:
        # A pod that is called by itself may answer although it is not ready.
        return (
            way.step(Hop.ENDPOINTS, State.UNKNOWN if unready else State.OK, Facts(pods=unready)) if way.behind else None
        )
    workload = way.objects.workload
    ready = UNKNOWN if slices is None else len(addresses_in(_ready_in(service, slices)))
    facts = Facts(
        why="" if slices is not None else "EndpointSlices",
        pods=unready,
        workload_kind=str(workload.get("kind")) if workload else "",
        workload=name_of(workload or {}),
        wanted=replicas_of(workload).desired if workload else UNKNOWN,
    )
    if not ready:
        return way.step(Hop.ENDPOINTS, State.BROKEN, facts)
    # With publishNotReadyAddresses pods get traffic before they are ready.
    all_unready = bool(way.behind) and len(unready) == min(len(way.behind), MOST_SHOWN)
    state = State.UNKNOWN if ready == UNKNOWN or all_unready else State.OK
    return way.step(Hop.ENDPOINTS, state, facts)


def _traffic_policy(way: Way) -> Step | None:
    service, node = way.service, node_name_of(way.source or {})
    if service is None or spec_of(service).get("internalTrafficPolicy") != "Local" or not (node and way.objects.slices):
        return None
    nodes = {node_of_endpoint(each) for each in _ready_in(service, way.objects.slices)}
    # An endpoint that does not say its node may be on any.
    state = State.OK if node in nodes or "" in nodes else State.BROKEN
    return way.step(Hop.TRAFFIC_POLICY, state, Facts(node=node))


def _outside(way: Way) -> Step | None:
    return way.step(Hop.OUTSIDE, State.UNKNOWN) if way.meaning.what is Meant.OUTSIDE else None


_HOPS: Final[tuple[Callable[[Way], Step | None], ...]] = (
    _dns_policy,
    _dns_egress,
    _dns_service,
    _name,
    _port,
    _selector,
    _target_port,
    _endpoints,
    _traffic_policy,
    connection_policies.egress,
    connection_policies.ingress,
    _outside,
)
