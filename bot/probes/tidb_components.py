"""The components of TidbClusters: the pods asked for and running, and whether the component's Service reaches them.

PD, TiKV and discovery wait for each other through Services: a row shows a component as the others see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NotServed
from bot.kube import tidb_clusters
from bot.kube.containers import Container, Run, containers_in
from bot.kube.endpoints import ready_addresses
from bot.kube.objects import (
    created_at,
    labels_of,
    name_of,
    namespace_of,
    node_name_of,
    place_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.owners import owner_of
from bot.kube.pod_readiness import is_ready, unready_reason
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

MOST_CLUSTERS: Final = 20
_KIND: Final = "tidbclusters.pingcap.com"
# Words of a text that may name an object of the cluster, where the request names none.
_NAMING: Final = ("tidbcluster", "pod", "statefulset", "service", "host", "cluster")

DECLARATION: Final = ProbeDeclaration(
    name="tidb-components",
    says="a row per component (discovery, pd, tidb, tikv) of each TidbCluster in question: its pods and its Service",
    rows={
        "namespace": RowType.STRING,
        "cluster": RowType.STRING,
        "cluster_age_s": RowType.INTEGER,
        "component": RowType.STRING,
        "desired": RowType.INTEGER,  # with one for each member the operator has given up
        "without_tikv": RowType.BOOLEAN,  # the cluster asks for TiKV, PD has pods, and no TiKV was ever made
        "pods": RowType.INTEGER,
        "ready_pods": RowType.INTEGER,
        "unready_pods": RowType.STRINGS,
        "unready": RowType.STRING,  # the same with the reasons
        "unready_pod": RowType.STRING,  # the first of them
        "pod": RowType.STRING,  # the first that is not ready, else the first
        "crash_looping": RowType.BOOLEAN,
        "restarts": RowType.INTEGER,
        "last_restart_s": RowType.INTEGER,  # since a container last ended
        "last_restart_pod": RowType.STRING,
        "last_exit_code": RowType.INTEGER,
        "nodes": RowType.STRINGS,
        "dns_policy": RowType.STRING,
        "host_network": RowType.BOOLEAN,
        "service": RowType.STRING,
        "service_exists": RowType.BOOLEAN,  # also true where it could not be read
        "ready_endpoints": RowType.INTEGER,  # -1 where they could not be read
        "endpoints_match": RowType.BOOLEAN,  # the endpoints are exactly the addresses of the pods that should have one
        "stray_endpoints": RowType.STRINGS,
        "lacking_endpoints": RowType.STRINGS,
        "healthy_members": RowType.INTEGER,  # of PD, as the operator last saw them
        "unhealthy_members": RowType.STRINGS,
    },
    permissions=(
        Permission(verb="list", group="pingcap.com", resource="tidbclusters"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", resource="services"),
        Permission(verb="list", group="discovery.k8s.io", resource="endpointslices"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The pods, Services and endpoints in a cluster's namespace; None for what could not be read."""

    pods: tuple[Json, ...] | None = None
    services: Mapping[str, Json] | None = None
    endpoints: Mapping[str, frozenset[str]] | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> ProbeResult:
    """Read the TidbClusters in question, and the pods, Services and endpoints around them."""
    try:
        listing = await look.snapshot.list(_KIND, namespace=look.focus.namespace)
    except NotServed:
        return ProbeResult(not_applicable="this cluster has no TidbCluster")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the TidbClusters"),))
    gaps = [gap] if (gap := listing.gap("the TidbClusters")) else []
    clusters = _in_question(look, listing.items)
    if clusters is None:
        if look.focus.kind == "TidbCluster":
            return ProbeResult(gaps=tuple(gaps), missing=str(look.focus))
        return ProbeResult(gaps=tuple(gaps), not_applicable=f"{look.focus} belongs to no TidbCluster")
    chosen = sorted(clusters, key=place_of)[:MOST_CLUSTERS]
    namespaces = sorted({namespace_of(each) for each in chosen})
    around = dict(zip(namespaces, await asyncio.gather(*(_around(look, each) for each in namespaces)), strict=True))
    gaps += [gap for each in around.values() for gap in each.gaps]
    # Without the pods a component has no row: it would look as if none ran.
    readable = [
        (each, pods, near) for each in chosen if (pods := (near := around[namespace_of(each)]).pods) is not None
    ]
    rows = tuple(row for cluster, pods, near in readable for row in _rows(look, cluster, pods, near))
    return ProbeResult(rows=rows, gaps=tuple(dict.fromkeys(gaps)))


def _in_question(look: Look, clusters: Sequence[Json]) -> Sequence[Json] | None:
    """Return the clusters that the request means; None if it names an object that belongs to none of them."""
    focus = look.focus
    if focus.name:
        if focus.kind == "TidbCluster":
            return [each for each in clusters if name_of(each) == focus.name] or None
        return _owning(clusters, focus.name) or None
    named = (_of_name(clusters, name) for word in _NAMING if (name := look.named.get(word, "")))
    return next(filter(None, named), clusters)


def _of_name(clusters: Sequence[Json], name: str) -> list[Json]:
    """Return the clusters that a name of the text belongs to; orders-pd.orders-db.svc has the namespace as well."""
    label, _, rest = name.partition(".")
    home = rest.partition(".")[0]
    near = [each for each in clusters if not home or namespace_of(each) == home]
    return [each for each in near if name_of(each) == label] or _owning(near, label)


def _owning(clusters: Sequence[Json], name: str) -> list[Json]:
    owner = tidb_clusters.owner_among(map(name_of, clusters), name)
    return [each for each in clusters if owner and name_of(each) == owner]


async def _around(look: Look, namespace: str) -> _Around:
    pods, services, slices = await asyncio.gather(
        *(look.snapshot.list(kind, namespace=namespace) for kind in ("Pod", "Service", "EndpointSlice")),
        return_exceptions=True,
    )
    gaps: list[Gap] = []
    found: list[tuple[Json, ...] | None] = []
    for read_, what in ((pods, "pods"), (services, "Services"), (slices, "EndpointSlices")):
        if isinstance(read_, ClusterError):
            gaps.append(read_.gap(f"{what} in {namespace}"))
            found.append(None)
        elif isinstance(read_, BaseException):
            raise read_
        else:
            gaps += [gap] if (gap := read_.gap(f"{what} in {namespace}")) else []
            found.append(read_.items)
    return _Around(
        pods=found[0],
        services=None if found[1] is None else {name_of(each): each for each in found[1]},
        endpoints=None if found[2] is None else ready_addresses(found[2]),
        gaps=tuple(gaps),
    )


def _rows(look: Look, cluster: Json, nearby: Sequence[Json], around: _Around) -> Iterator[Row]:
    pods = {each: _pods(cluster, each, nearby) for each in tidb_clusters.components_of(cluster)}
    made = {each: bool(pods[each]) or tidb_clusters.is_made(cluster, each) for each in pods}
    without_tikv = made.get("tikv") is False and bool(pods.get("pd"))
    for component, own in pods.items():
        service = f"{name_of(cluster)}-{tidb_clusters.SERVICES[component]}"
        values: dict[str, Value] = {
            **_counts(look, cluster, component, own),
            "without_tikv": without_tikv,
            **_trouble(look, own),
            **_placed(own),
            **_service(service, own, around),
        }
        yield _row(cluster, component, values)


def _counts(look: Look, cluster: Json, component: str, pods: Sequence[Json]) -> dict[str, Value]:
    """Return how many pods and members a component should have and has."""
    wanted, ready = tidb_clusters.desired(cluster, component), sum(map(is_ready, pods))
    members = tidb_clusters.members_of(cluster) if component == "pd" else tidb_clusters.Members()
    return {
        "namespace": namespace_of(cluster),
        "cluster": name_of(cluster),
        "cluster_age_s": age_s(look.snapshot, created_at(cluster)),
        "component": component,
        "desired": wanted,
        "pods": len(pods),
        "ready_pods": ready,
        "healthy_members": len(members.healthy),
        "unhealthy_members": members.unhealthy,
    }


def _row(cluster: Json, component: str, values: Mapping[str, Value]) -> Row:
    instance, unready = tidb_clusters.instance_of(cluster), values["unready"]
    return Row(
        values=values,
        subject=ref(cluster, "TidbCluster"),
        quote=f"{component}: {values['ready_pods']} of {values['desired']} pods ready"
        + (f", {unready}" if values["pods"] else ""),
        reproduce=(
            f"kubectl -n {namespace_of(cluster)} get pods,services,endpointslices -o wide"
            f" -l app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}"
        ),
    )


def _pods(cluster: Json, component: str, pods: Iterable[Json]) -> list[Json]:
    """Return the pods of a component, by its workload's name or by the operator's labels."""
    workload, instance = f"{name_of(cluster)}-{component}", tidb_clusters.instance_of(cluster)
    found = []
    for pod in pods:
        labels = labels_of(pod)
        labelled = (labels.get(tidb_clusters.INSTANCE_LABEL), labels.get("app.kubernetes.io/component"))
        if owner_of(pod).name == workload or labelled == (instance, component):
            found.append(pod)
    return sorted(found, key=name_of)


def _trouble(look: Look, pods: Sequence[Json]) -> dict[str, Value]:
    """Return which pods are not ready, and how their containers ended."""
    unready = [pod for pod in pods if not is_ready(pod)]
    containers = [each for pod in pods for each in containers_in(pod)]
    last = _last_end(look, containers)
    return {
        "unready_pods": tuple(map(name_of, unready)),
        "unready": ", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        "unready_pod": name_of(next(iter(unready), {})),
        "pod": name_of(next(iter([*unready, *pods]), {})),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
        "restarts": sum(each.restarts for each in containers),
        "last_restart_s": last[0].finished_s if last else UNKNOWN,
        "last_restart_pod": name_of(last[1]) if last else "",
        "last_exit_code": last[0].exit_code if last else -1,
    }


def _last_end(look: Look, containers: Iterable[Container]) -> tuple[Run, Json] | None:
    """Return the run that ended last, with its pod; init containers do not count."""
    ended = [(run, each.pod) for each in containers if not each.init and (run := each.ended(look.now))]
    known = (each for each in ended if each[0].finished_s != UNKNOWN)
    return min(known, key=lambda each: (each[0].finished_s, name_of(each[1])), default=None)


def _placed(pods: Sequence[Json]) -> dict[str, Value]:
    """Return the nodes of the pods, and how they resolve names."""
    specs = [spec_of(pod) for pod in pods]
    return {
        "nodes": tuple(filter(None, dict.fromkeys(map(node_name_of, pods)))),
        "dns_policy": ",".join(dict.fromkeys(str(spec.get("dnsPolicy") or "ClusterFirst") for spec in specs)),
        "host_network": any(bool(spec.get("hostNetwork")) for spec in specs),
    }


def _service(name: str, pods: Sequence[Json], around: _Around) -> dict[str, Value]:
    """Return the Service of a component, and whether its endpoints are the pods."""
    service = None if around.services is None else around.services.get(name)
    spec = spec_of(service or {})
    published = pods if spec.get("publishNotReadyAddresses") else [pod for pod in pods if is_ready(pod)]
    wanted = {str(address) for pod in published if (address := status_of(pod).get("podIP"))}
    ready = wanted if around.endpoints is None else around.endpoints.get(name, frozenset())
    return {
        "service": name,
        "service_exists": around.services is None or service is not None,
        "ready_endpoints": UNKNOWN if around.endpoints is None else len(ready),
        "endpoints_match": ready == wanted,
        "stray_endpoints": tuple(sorted(ready - wanted)),
        "lacking_endpoints": tuple(sorted(wanted - ready)),
    }


PROBE: Final = Probe(declaration=DECLARATION, read=read)
