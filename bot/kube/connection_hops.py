"""Define the hops of a connection, what was read for it, and what was found at a hop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.kube.cluster_names import Known, Meaning
from bot.kube.objects import full_name, is_terminating, name_of, ref, spec_of
from bot.kube.pod_states import is_ready, unready_reason
from bot.kube.services import ip_in, is_headless, ports_of, selected_pods
from bot.kube.timestamps import UNKNOWN
from intents.domain import Json, ObjectRef

MOST_SHOWN: Final = 5


class Hop(StrEnum):
    """A hop of a connection, in the order in which a packet meets them."""

    DNS_POLICY = "dns-policy"  # the source asks the cluster's DNS
    DNS_ACCESS = "dns-access"  # NetworkPolicies let it ask
    DNS_SERVICE = "dns-service"  # the cluster's DNS has endpoints
    NAME = "name"  # the name means a Service that exists
    PORT = "port"  # which has that port
    SELECTOR = "selector"  # and selects pods
    TARGET_PORT = "target-port"  # which have the target port
    ENDPOINTS = "endpoints"  # and are ready
    TRAFFIC_POLICY = "traffic-policy"  # on the source's node, if it must be that
    EGRESS = "egress"  # NetworkPolicies let the source out
    INGRESS = "ingress"  # and into the target
    OTHER_POLICIES = "other-policies"  # those of network plugins and meshes, which are not evaluated
    OUTSIDE = "outside"  # what is beyond the cluster


class State(StrEnum):
    """The result for a hop."""

    OK = "ok"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The host and port that are called, as written; port 0 and protocol "" are not known."""

    host: str
    port: int = 0
    protocol: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """The objects that were read; None for a list that could not be read in full."""

    names: Known
    pods: Sequence[Json] | None = ()  # behind the Service; of its namespace if it selects none, all without a selector
    slices: Sequence[Json] | None = ()  # of the Service
    policies: Sequence[Json] | None = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of namespaces
    workload: Json | None = None  # that would have the pods that the Service selects
    loopback: Mapping[int, str] = field(default_factory=dict)  # ports that pods serve to themselves
    dns: Json | None = None  # the Service of the cluster's DNS
    dns_slices: Sequence[Json] | None = ()
    dns_pods: Sequence[Json] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of a hop, for the sentence about it; empty where the hop needs none."""

    why: str = ""  # what could not be read, or the field that breaks the hop
    node: str = ""  # the node of the source
    closest: str = ""  # the most similar Service, namespace/name
    governing: str = ""  # the Service below which the pod called has its name, or the EndpointSlices that lead astray
    elsewhere: tuple[str, ...] = ()  # other namespaces that have a Service of that name
    listens: tuple[str, ...] = ()  # the ports of the Service
    target: str = ""  # the target port, or the addresses that endpoints lead to
    declared: tuple[str, ...] = ()  # the ports that the containers declare, or what the program says of its port
    selector: str = ""
    lacking: tuple[str, ...] = ()  # labels of the selector that the nearest pods lack
    instead: tuple[str, ...] = ()  # what these have in their place
    pods: tuple[str, ...] = ()  # nearest, not ready with the reason, or blocked
    workload_kind: str = ""  # of the workload whose pods the Service would select
    workload: str = ""  # its name
    wanted: int = UNKNOWN  # its replicas
    direction: str = ""  # egress or ingress
    policies: tuple[str, ...] = ()  # the NetworkPolicies that restrict the pod there, the nearest to admit it first
    admitting: str = ""  # the NetworkPolicy that would admit the connection, as YAML
    admits: tuple[str, ...] = ()  # what each of them admits, and what the connection has instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A hop with its state, the object that it is about, and what was found."""

    hop: Hop
    state: State
    at: ObjectRef
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A connection that is walked."""

    source: Json | None
    destination: Destination
    objects: Objects
    meaning: Meaning

    @property
    def service(self) -> Json | None:
        """Return the Service that is called, None if it is none."""
        return self.meaning.service

    @property
    def behind(self) -> list[Json]:
        """Return the pods that the connection may lead to."""
        if self.meaning.pod is not None:
            return [self.meaning.pod]
        pods = selected_pods(self.service, self.objects.pods or ()) if self.service else []
        name = self.meaning.pod_name
        return [pod for pod in pods if not name or (spec_of(pod).get("hostname") or name_of(pod)) == name]

    @property
    def resolves(self) -> bool:
        """Tell whether the source has to look up a name first."""
        return self.source is not None and not ip_in(self.destination.host)

    def about(self) -> ObjectRef:
        """Return the Service, the pod called, or the pod that calls."""
        meaning = self.meaning
        if meaning.service is not None:
            return ref(meaning.service, "Service")
        if meaning.pod is not None:
            return ref(meaning.pod, "Pod")
        if self.source is not None:
            return ref(self.source, "Pod")
        return ObjectRef(kind="Service", namespace=meaning.namespace, name=meaning.name or meaning.host)

    @property
    def is_direct(self) -> bool:
        """Tell whether it goes straight to a pod, past the ports of a Service."""
        return self.service is None or bool(self.meaning.pod_name) or is_headless(self.service)

    @property
    def called_ports(self) -> list[Mapping[str, Any]]:
        """Return the ports of the Service that are called: all of them if no port is named."""
        port, protocol = self.destination.port, self.destination.protocol
        return [
            each
            for each in ports_of(self.service or {})
            if port in (0, each.get("port")) and protocol in ("", str(each.get("protocol") or "TCP"))
        ]

    @property
    def targets(self) -> frozenset[int | str]:
        """Return the ports of the pods that are called; none if they are not known."""
        if self.is_direct:
            return frozenset({self.destination.port} if self.destination.port else ())
        return frozenset(each.get("targetPort") or int(each.get("port") or 0) for each in self.called_ports)

    @property
    def protocol(self) -> str:
        """Return the protocol of the connection, "" where it is not known."""
        found = {str(each.get("protocol") or "TCP") for each in self.called_ports} if not self.is_direct else set()
        return self.destination.protocol or ("".join(found) if len(found) == 1 else "")

    def step(self, hop: Hop, state: State, facts: Facts | None = None, *, at: ObjectRef | None = None) -> Step:
        """Return a hop of this way, by default one that is about its Service."""
        return Step(hop=hop, state=state, at=at or self.about(), facts=facts or Facts())


def not_ready(pods: Iterable[Json]) -> tuple[str, ...]:
    """Return the pods that take no traffic, each with what kubectl shows of it."""
    unready = sorted((pod for pod in pods if not is_ready(pod) or is_terminating(pod)), key=name_of)
    return tuple(f"{full_name(pod)} ({unready_reason(pod)})" for pod in unready[:MOST_SHOWN])
