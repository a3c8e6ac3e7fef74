"""Whether a component of the cluster is watched: its pods, and the monitors of the Prometheus operator that mean them.

An alert that a target has disappeared says the same of a component that is down and of one that nobody scrapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.conditions import condition
from bot.kube.objects import labels_of, name_of, namespace_of
from bot.kube.owners import owner_of
from bot.kube.prometheus_monitors import GROUP, Selection, picks, selections
from bot.probes.contract import Look, Probe
from intents.domain import (
    ArgDeclaration,
    Gap,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    Reading,
    Row,
    RowType,
)

# Labels under which components of the cluster carry their name, and on GKE and AKS their static pods.
_NAME_LABELS: Final = ("k8s-app", "component", "app.kubernetes.io/name", "app")
_MONITORS: Final = ("podmonitors", "servicemonitors", "scrapeconfigs")
_SERVERS: Final = ("prometheuses", "prometheusagents")
_ADDRESS: Final = re.compile(r"(?m)^\s*metricsBindAddress:[ \t]*[\"']?([^\"'\s#]*)")

DECLARATION: Final = ProbeDeclaration(
    name="monitors",
    says="One row: a component's pods, and the PodMonitors, ServiceMonitors and ScrapeConfigs that mean them",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "pods": RowType.INTEGER,
        "unready_pods": RowType.STRINGS,
        "owner_kind": RowType.STRING,  # DaemonSet, StaticPod …; "" without pods
        "owner": RowType.STRING,
        "label_key": RowType.STRING,  # the label that carries its name
        "known": RowType.BOOLEAN,  # all monitors could be read
        "monitors": RowType.STRINGS,  # those that select its pods, find a port, and are taken by some Prometheus
        "portless": RowType.STRINGS,  # those that select its pods by a port that these do not declare
        "ignored": RowType.STRINGS,  # those that no Prometheus takes
        "prometheus_namespace": RowType.STRING,  # the first Prometheus object, "" if there is none
        "prometheus": RowType.STRING,
        "additional": RowType.BOOLEAN,  # some Prometheus has scrape configs in a Secret, which is not looked into
        "release": RowType.STRING,  # the label `release` that this Prometheus wants of a PodMonitor
        "takes_any": RowType.BOOLEAN,  # it takes PodMonitors of any labels
        "name_free": RowType.BOOLEAN,  # no PodMonitor of the component's name is beside it yet
        "address": RowType.STRING,  # where the component's configuration has its metrics listen; "" unknown
        "loopback": RowType.BOOLEAN,  # that is an address which only its own node reaches
    },
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
)


@dataclass(slots=True)
class _Found:
    """What was read: objects by plural, which plurals the cluster has, and what was refused."""

    objects: dict[str, list[Json]] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    gaps: dict[str, Gap] = field(default_factory=dict)

    def of(self, *plurals: str) -> list[Json]:
        return [obj for plural in plurals for obj in self.objects.get(plural, ())]


async def read(look: Look) -> Reading:
    """`not_applicable` where the Prometheus operator's kinds are not installed."""
    component = str(look.args.get("component") or "")
    namespace = str(look.args.get("namespace") or "kube-system")
    found = _Found()
    try:
        for plural in (*_MONITORS, *_SERVERS):
            await _list(look, found, plural)
    except ClusterError as error:
        return Reading(gaps=(error.gap("the kinds of the Prometheus operator"),))
    if not found.served & {"podmonitors", "servicemonitors"}:
        return Reading(not_applicable="the Prometheus operator's PodMonitor and ServiceMonitor are not installed here")
    await _core(look, found, namespace)
    pods = [pod for pod in found.of("pods") if _label_key(pod, component)]
    chosen = selections(found.of(*_MONITORS), pods=pods, services=found.of("services"), component=component)
    address = await _address(look, found, component=component, namespace=namespace, pods=pods)
    if "pods" in found.gaps:
        return Reading(gaps=tuple(found.gaps.values()))
    row = _row(found, component=component, namespace=namespace, pods=pods, chosen=chosen, address=address)
    return Reading(rows=(row,), gaps=tuple(found.gaps.values()))


async def _list(look: Look, found: _Found, plural: str) -> None:
    """Raises ClusterError if it cannot be told whether there is such a kind."""
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
    """The pods and Services where the component runs, and the labels of namespaces that selectors go by."""
    for kind, plural, home in (
        ("Pod", "pods", namespace),
        ("Service", "services", namespace),
        ("Namespace", "namespaces", ""),
    ):
        try:
            listing = await look.snapshot.list(kind, namespace=home)
            found.objects[plural] = list(listing.items)
        except ClusterError as error:
            found.gaps[plural] = error.gap()


def _label_key(pod: Json, component: str) -> str:
    labels = labels_of(pod)
    return next((key for key in _NAME_LABELS if labels.get(key) == component), "")


async def _address(look: Look, found: _Found, *, component: str, namespace: str, pods: Sequence[Json]) -> str:
    """Where its metrics listen, by its arguments or its ConfigMap; "" if neither says."""
    flag = "--metrics-bind-address="
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or ():
            for argument in (*(container.get("command") or ()), *(container.get("args") or ())):
                if str(argument).startswith(flag):
                    return str(argument).removeprefix(flag)
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


def _row(
    found: _Found, *, component: str, namespace: str, pods: Sequence[Json], chosen: Sequence[Selection], address: str
) -> Row:
    servers = found.of(*_SERVERS)
    namespaces = {name_of(item): labels_of(item) for item in found.of("namespaces")}
    taken = [
        each
        for each in chosen
        # Others than the operator read these objects too: without a Prometheus object nothing says who does not.
        if not servers or any(picks(server, each.monitor, namespace_labels=namespaces) for server in servers)
    ]
    server: Json = min(servers, key=lambda each: (namespace_of(each), name_of(each)), default={})
    wanted = (server.get("spec") or {}).get("podMonitorSelector")
    owner = owner_of(pods[0]) if pods else ObjectRef(kind="", name="")
    unready = sorted(name_of(pod) for pod in pods if condition(pod, "Ready").get("status") != "True")
    return Row(
        values={
            "namespace": namespace,
            "name": component,
            "pods": len(pods),
            "unready_pods": tuple(unready),
            "owner_kind": owner.kind,
            "owner": owner.name,
            "label_key": _label_key(pods[0], component) if pods else "",
            "known": not found.gaps.keys() & {*_MONITORS, *_SERVERS, "services", "namespaces"},
            "monitors": tuple(each.named for each in taken if each.targets),
            "portless": tuple(each.named for each in taken if not each.targets),
            "ignored": tuple(each.named for each in chosen if each not in taken),
            "prometheus_namespace": namespace_of(server),
            "prometheus": name_of(server),
            "additional": any((each.get("spec") or {}).get("additionalScrapeConfigs") for each in servers),
            "release": _release(wanted),
            "takes_any": wanted == {},
            "name_free": (namespace_of(server), component)
            not in {(namespace_of(each), name_of(each)) for each in found.of("podmonitors")},
            "address": address,
            "loopback": address.startswith(("127.", "localhost", "[::1]")),
        },
        subject=ObjectRef(kind=owner.kind or "Namespace", namespace=namespace, name=owner.name or namespace),
        quote=f"{len(pods)} pods of {component} in {namespace}, {len(chosen)} monitors that select them",
        reproduce=f"kubectl get {','.join(sorted(found.served))} -A",
    )


def _release(selector: Mapping[str, Any] | None) -> str:
    """The one label that the usual chart asks for; "" for any other demand."""
    labels = (selector or {}).get("matchLabels") or {}
    alone = set(labels) == {"release"} and not (selector or {}).get("matchExpressions")
    return str(labels["release"]) if alone else ""


PROBE: Final = Probe(declaration=DECLARATION, read=read)
