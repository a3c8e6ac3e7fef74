"""The monitors of the Prometheus operator that scrape a component of the cluster, beside its pods.

An alert that a target has disappeared fires for a component that is down and for one that nothing scrapes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.kube.containers import words_of
from bot.kube.objects import labels_of, name_of, namespace_of, place_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.pod_states import is_ready
from bot.kube.prometheus_monitors import GROUP, Selection, picks, selections
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.kinds import ServedObjects, served_objects
from intents.domain import ArgDeclaration, Json, ObjectRef, ProbeResult, Row
from intents.templates import counted

# Labels with the name of a component of the cluster, also of static pods on GKE and AKS.
_NAME_LABELS: Final = ("k8s-app", "component", "app.kubernetes.io/name", "app")
_HOME: Final = "kube-system"
_MONITORS: Final = ("podmonitors", "servicemonitors", "scrapeconfigs")
_SERVERS: Final = ("prometheuses", "prometheusagents")
_ADDRESS: Final = re.compile(r"(?m)^\s*metricsBindAddress:[ \t]*[\"']?([^\"'\s#]*)")


class _Prometheus(RowValues):
    """The first Prometheus object, and the PodMonitors that it takes."""

    prometheus_namespace: str  # "" if there is none
    prometheus: str
    additional: bool  # some Prometheus has scrape configs in a Secret, which is not read
    release: str  # the label `release` that this Prometheus requires of a PodMonitor
    takes_any: bool  # it takes PodMonitors of any labels
    name_free: bool  # no PodMonitor beside it has the component's name yet


class _Component(RowValues):
    """A component, its pods, and what selects them."""

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
    server: _Prometheus
    address: str  # where the component serves its metrics, by its configuration; "" unknown
    loopback: bool  # only its own node reaches that address


_Found = Mapping[str, ServedObjects]  # by plural


@probe(
    says="one row: a component's pods, and the PodMonitors, ServiceMonitors and ScrapeConfigs that select them",
    row=_Component,
    args={"component": ArgDeclaration(says="its name, as its pods' labels carry it", required=True)},
    permissions=(
        *may("list", *(f"{plural}.{GROUP}" for plural in (*_MONITORS, *_SERVERS))),
        *may("list", "pods", "services", "namespaces"),
        *may("get", "configmaps"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read monitors, servers and the component; not applicable without the Prometheus operator's kinds."""
    component = str(look.args.get("component") or "")
    found = await _objects(look, (*_MONITORS, *_SERVERS), group=f".{GROUP}")
    if not (found["podmonitors"].served or found["servicemonitors"].served):
        return ProbeResult(
            not_applicable="the Prometheus operator's PodMonitor and ServiceMonitor are not installed here"
        )
    found |= await _objects(look, ("pods", "services", "namespaces"), namespace=_HOME)
    if not found["pods"].whole:
        return ProbeResult()
    pods = [pod for pod in found["pods"].items if _label_key(pod, component)]
    chosen = selections(_of(found, *_MONITORS), pods=pods, services=found["services"].items, component=component)
    address = await _address(look, component=component, pods=pods)
    row = _row(found, component=component, pods=pods, chosen=chosen, address=address)
    return ProbeResult(rows=(row,))


async def _objects(
    look: Look, plurals: Sequence[str], *, group: str = "", namespace: str = ""
) -> dict[str, ServedObjects]:
    found = await asyncio.gather(*(served_objects(look, f"{each}{group}", namespace=namespace) for each in plurals))
    return dict(zip(plurals, found, strict=True))


def _of(found: _Found, *plurals: str) -> list[Json]:
    return [obj for plural in plurals for obj in found[plural].items]


def _label_key(pod: Json, component: str) -> str:
    labels = labels_of(pod)
    return next((key for key in _NAME_LABELS if labels.get(key) == component), "")


async def _address(look: Look, *, component: str, pods: Sequence[Json]) -> str:
    """Return where its metrics are served, by its arguments or its ConfigMap; "" if neither says."""
    if given := next(_bind_addresses(pods), ""):
        return given
    config = await look.find("ConfigMap", component, namespace=_HOME) if pods else None
    texts = ((config or {}).get("data") or {}).values()
    match = next(filter(None, (_ADDRESS.search(str(text)) for text in texts)), None)
    # An empty one is the default of KubeProxyConfiguration.
    return "" if match is None else match.group(1) or "127.0.0.1:10249"


def _bind_addresses(pods: Sequence[Json]) -> Iterator[str]:
    """Yield the addresses in the arguments of pods."""
    flag = "--metrics-bind-address="
    for pod in pods:
        for container in spec_of(pod).get("containers") or ():
            yield from (word.removeprefix(flag) for word in words_of(container) if word.startswith(flag))


def _row(found: _Found, *, component: str, pods: Sequence[Json], chosen: Sequence[Selection], address: str) -> Row:
    taken = _taken(found, chosen)
    owner = owner_of(pods[0]) if pods else ObjectRef(kind="", name="")
    served = (plural for plural in (*_MONITORS, *_SERVERS) if found[plural].served)
    return _Component(
        namespace=_HOME,
        name=component,
        pods=len(pods),
        unready_pods=tuple(sorted(name_of(pod) for pod in pods if not is_ready(pod))),
        owner_kind=owner.kind,
        owner=owner.name,
        label_key=_label_key(pods[0], component) if pods else "",
        known=all(each.whole for each in found.values()),
        monitors=tuple(each.named for each in taken if each.targets),
        portless=tuple(each.named for each in taken if not each.targets),
        ignored=tuple(each.named for each in chosen if each not in taken),
        server=_prometheus(found, component),
        address=address,
        loopback=address.startswith(("127.", "localhost", "[::1]")),
    ).row(
        ObjectRef(kind=owner.kind or "Namespace", namespace=_HOME, name=owner.name or _HOME),
        quote=f"{counted(len(pods), 'pods')} of {component} in {_HOME}, monitors that select them: {len(chosen)}",
        reproduce=f"kubectl get {','.join(sorted(served))} -A",
    )


def _taken(found: _Found, chosen: Sequence[Selection]) -> list[Selection]:
    """Return the monitors that some Prometheus takes.

    Other programs than the operator read these objects too: without a Prometheus object all count as taken.
    """
    servers = _of(found, *_SERVERS)
    labels = {name_of(item): labels_of(item) for item in found["namespaces"].items}
    return [
        each
        for each in chosen
        if not servers or any(picks(server, each.monitor, namespace_labels=labels) for server in servers)
    ]


def _prometheus(found: _Found, component: str) -> _Prometheus:
    servers = _of(found, *_SERVERS)
    server: Json = min(servers, key=place_of, default={})
    wanted = spec_of(server).get("podMonitorSelector")
    return _Prometheus(
        prometheus_namespace=namespace_of(server),
        prometheus=name_of(server),
        additional=any(spec_of(each).get("additionalScrapeConfigs") for each in servers),
        release=_release(wanted),
        takes_any=wanted == {},
        name_free=(namespace_of(server), component) not in map(place_of, found["podmonitors"].items),
    )


def _release(selector: Mapping[str, Any] | None) -> str:
    """Return the one label that the usual chart asks for; "" for any other selector."""
    labels = (selector or {}).get("matchLabels") or {}
    alone = set(labels) == {"release"} and not (selector or {}).get("matchExpressions")
    return str(labels["release"]) if alone else ""
