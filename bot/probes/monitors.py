"""The monitors of the Prometheus operator that scrape a component of the cluster, beside its pods.

An alert that a target has disappeared fires for a component that is down and for one that nothing scrapes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.flags import words_of
from bot.kube.objects import labels_of, name_of, namespace_of, place_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.pod_readiness import is_ready
from bot.kube.prometheus_monitors import GROUP, Selection, picks, selections
from bot.probes.contract import Look, Probe
from bot.probes.rows import RowValues
from intents.domain import (
    ArgDeclaration,
    Gap,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    ProbeResult,
    Row,
    Value,
)
from intents.plurals import counted

# Labels with the name of a component of the cluster, also of static pods on GKE and AKS.
_NAME_LABELS: Final = ("k8s-app", "component", "app.kubernetes.io/name", "app")
_MONITORS: Final = ("podmonitors", "servicemonitors", "scrapeconfigs")
_SERVERS: Final = ("prometheuses", "prometheusagents")
_ADDRESS: Final = re.compile(r"(?m)^\s*metricsBindAddress:[ \t]*[\"']?([^\"'\s#]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Monitored(RowValues):
    """TODO."""

    namespace: str
    name: str
    pods: int
    unready_pods: tuple[str, ...]
    owner_kind: str  # DaemonSet, StaticPod …; "" without pods
    owner: str
    label_key: str  # the label that carries its name
    known: bool  # all monitors could be read
    monitors: tuple[str, ...]  # those that select its pods, find a port, and are taken by some Prometheus
    portless: tuple[str, ...]  # those that select its pods by a port that these do not declare
    ignored: tuple[str, ...]  # those that no Prometheus takes
    prometheus_namespace: str  # the first Prometheus object, "" if there is none
    prometheus: str
    additional: bool  # some Prometheus has scrape configs in a Secret, which is not read
    release: str  # the label `release` that this Prometheus requires of a PodMonitor
    takes_any: bool  # it takes PodMonitors of any labels
    name_free: bool  # no PodMonitor beside it has the component's name yet
    address: str  # where the component serves its metrics, by its configuration; "" unknown
    loopback: bool  # only its own node reaches that address


@dataclass(slots=True)
class _Found:
    """The objects that were read by plural, the plurals that the cluster serves, and what was refused."""

    objects: dict[str, list[Json]] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    gaps: dict[str, Gap] = field(default_factory=dict)

    def of(self, *plurals: str) -> list[Json]:
        return [obj for plural in plurals for obj in self.objects.get(plural, ())]


async def read(look: Look) -> ProbeResult:
    """Read monitors, servers and the component; not applicable without the Prometheus operator's kinds."""
    component = str(look.args.get("component") or "")
    namespace = str(look.args.get("namespace") or "kube-system")
    found = _Found()
    try:
        await asyncio.gather(*(_list(look, found, plural) for plural in (*_MONITORS, *_SERVERS)))
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the kinds of the Prometheus operator"),))
    if not found.served & {"podmonitors", "servicemonitors"}:
        return ProbeResult(
            not_applicable="the Prometheus operator's PodMonitor and ServiceMonitor are not installed here"
        )
    await _core(look, found, namespace)
    pods = [pod for pod in found.of("pods") if _label_key(pod, component)]
    chosen = selections(found.of(*_MONITORS), pods=pods, services=found.of("services"), component=component)
    address = await _address(look, found, component=component, namespace=namespace, pods=pods)
    if "pods" in found.gaps:
        return ProbeResult(gaps=tuple(found.gaps.values()))
    row = _row(found, component=component, namespace=namespace, pods=pods, chosen=chosen, address=address)
    return ProbeResult(rows=(row,), gaps=tuple(found.gaps.values()))


async def _list(look: Look, found: _Found, plural: str) -> None:
    """Read all objects of a kind. Raises ClusterError if it is not known whether the cluster has the kind."""
    resource = await look.snapshot.served(f"{plural}.{GROUP}")
    if resource is None:
        return
    found.served.add(plural)
    try:
        listing = await look.snapshot.list(resource)
    except ClusterError as error:
        found.gaps[plural] = error.gap()
        return
    found.objects[plural] = list(listing.items)
    if gap := listing.gap(f"all {plural}"):
        found.gaps[plural] = gap


async def _core(look: Look, found: _Found, namespace: str) -> None:
    """Read the pods and Services where the component runs, and the namespaces that selectors may name."""

    async def listed(kind: str, plural: str, home: str = "") -> None:
        try:
            listing = await look.snapshot.list(kind, namespace=home)
            found.objects[plural] = list(listing.items)
        except ClusterError as error:
            found.gaps[plural] = error.gap()

    await asyncio.gather(
        listed("Pod", "pods", namespace), listed("Service", "services", namespace), listed("Namespace", "namespaces")
    )


def _label_key(pod: Json, component: str) -> str:
    labels = labels_of(pod)
    return next((key for key in _NAME_LABELS if labels.get(key) == component), "")


async def _address(look: Look, found: _Found, *, component: str, namespace: str, pods: Sequence[Json]) -> str:
    """Return where its metrics are served, by its arguments or its ConfigMap; "" if neither says."""
    if given := next(_bind_addresses(pods), ""):
        return given
    if not pods:
        return ""
    try:
        config = await look.snapshot.get("ConfigMap", component, namespace=namespace)
    except NotFound:
        return ""
    except ClusterError as error:
        found.gaps["configmaps"] = error.gap()
        return ""
    written = (match for text in (config.get("data") or {}).values() if (match := _ADDRESS.search(str(text))))
    match = next(written, None)
    # An empty one is the default of KubeProxyConfiguration.
    return "" if match is None else match.group(1) or "127.0.0.1:10249"


def _bind_addresses(pods: Sequence[Json]) -> Iterator[str]:
    """Yield the addresses in the arguments of pods."""
    flag = "--metrics-bind-address="
    for pod in pods:
        for container in spec_of(pod).get("containers") or ():
            yield from (word.removeprefix(flag) for word in words_of(container) if word.startswith(flag))


def _row(
    found: _Found, *, component: str, namespace: str, pods: Sequence[Json], chosen: Sequence[Selection], address: str
) -> Row:
    taken = _taken(found, chosen)
    owner = owner_of(pods[0]) if pods else ObjectRef(kind="", name="")
    return _Monitored(
        namespace=namespace,
        name=component,
        pods=len(pods),
        unready_pods=tuple(sorted(name_of(pod) for pod in pods if not is_ready(pod))),
        owner_kind=owner.kind,
        owner=owner.name,
        label_key=_label_key(pods[0], component) if pods else "",
        known=not found.gaps.keys() & {*_MONITORS, *_SERVERS, "services", "namespaces"},
        monitors=tuple(each.named for each in taken if each.targets),
        portless=tuple(each.named for each in taken if not each.targets),
        ignored=tuple(each.named for each in chosen if each not in taken),
        **_of_prometheus(found, component),
        address=address,
        loopback=address.startswith(("127.", "localhost", "[::1]")),
    ).row(
        ObjectRef(kind=owner.kind or "Namespace", namespace=namespace, name=owner.name or namespace),
        quote=f"{counted(len(pods), 'pods')} of {component} in {namespace}, monitors that select them: {len(chosen)}",
        reproduce=f"kubectl get {','.join(sorted(found.served))} -A",
    )


def _taken(found: _Found, chosen: Sequence[Selection]) -> list[Selection]:
    """Return the monitors that some Prometheus takes.

    Other programs than the operator read these objects too: without a Prometheus object all count as taken.
    """
    servers = found.of(*_SERVERS)
    labels = {name_of(item): labels_of(item) for item in found.of("namespaces")}
    return [
        each
        for each in chosen
        if not servers or any(picks(server, each.monitor, namespace_labels=labels) for server in servers)
    ]


def _of_prometheus(found: _Found, component: str) -> dict[str, Value]:
    """Return the first Prometheus object, and the PodMonitors that it takes."""
    servers = found.of(*_SERVERS)
    server: Json = min(servers, key=place_of, default={})
    wanted = spec_of(server).get("podMonitorSelector")
    return {
        "prometheus_namespace": namespace_of(server),
        "prometheus": name_of(server),
        "additional": any(spec_of(each).get("additionalScrapeConfigs") for each in servers),
        "release": _release(wanted),
        "takes_any": wanted == {},
        "name_free": (namespace_of(server), component) not in set(map(place_of, found.of("podmonitors"))),
    }


def _release(selector: Mapping[str, Any] | None) -> str:
    """Return the one label that the usual chart asks for; "" for any other selector."""
    labels = (selector or {}).get("matchLabels") or {}
    alone = set(labels) == {"release"} and not (selector or {}).get("matchExpressions")
    return str(labels["release"]) if alone else ""


PROBE: Final = Probe(
    declaration=ProbeDeclaration(
        name="monitors",
        says="one row: a component's pods, and the PodMonitors, ServiceMonitors and ScrapeConfigs that select them",
        rows=_Monitored.keys(),
        args={
            "component": ArgDeclaration(says="its name, as its pods' labels carry it", required=True),
            "namespace": ArgDeclaration(says="where it runs; default kube-system"),
        },
        permissions=(
            Permission(verb="list", resource="pods"),
            Permission(verb="list", resource="services"),
            Permission(verb="list", resource="namespaces"),
            Permission(verb="get", resource="configmaps"),
            *(Permission(verb="list", group=GROUP, resource=plural) for plural in (*_MONITORS, *_SERVERS)),
        ),
    ),
    read=read,
)
