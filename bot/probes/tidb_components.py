"""The components of TidbClusters: what is asked for, what runs, and whether the Service before it leads to what runs.

PD, TiKV and discovery wait for each other through Services: a row tells of a component what the others see of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NotServed
from bot.kube import tidb_clusters
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.endpoints import ready_addresses
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.pod_readiness import is_ready, unready_reason
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.declaring import FormerNames
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

MOST_CLUSTERS: Final = 20
_KIND: Final = "tidbclusters.pingcap.com"
# What a text may call a thing of the cluster, where the request is about no object.
_NAMING: Final = ("tidbcluster", "pod", "statefulset", "service", "host", "cluster")

DECLARATION: Final = ProbeDeclaration(
    name="tidb-components",
    says="a row per component (discovery, pd, tidb, tikv) of each TidbCluster in question: its pods and its Service",
    rows={
        "namespace": RowType.STRING,
        "cluster": RowType.STRING,
        "cluster_age_s": RowType.INTEGER,
        "component": RowType.STRING,
        "desired": RowType.INTEGER,  # with those the operator added for members it has given up on
        "without_tikv": RowType.BOOLEAN,  # the cluster is to have TiKV, PD has pods, and no TiKV was ever made
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
        "service_exists": RowType.BOOLEAN,  # true as well where it could not be read
        "ready_endpoints": RowType.INTEGER,  # -1 where they could not be read
        "endpoints_match": RowType.BOOLEAN,  # the endpoints are exactly the addresses of the pods that should be there
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
    formerly=(
        FormerNames(
            leaving={
                "made": RowType.BOOLEAN,
                "majority": RowType.BOOLEAN,
                "ready_since_s": RowType.INTEGER,
                "youngest_s": RowType.INTEGER,
                "cluster_ip": RowType.STRING,
            }
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What lies in a cluster's namespace; None for what could not be read."""

    pods: tuple[Json, ...] | None = None
    services: Mapping[str, Json] | None = None
    endpoints: Mapping[str, frozenset[str]] | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> Reading:
    try:
        listing = await look.snapshot.list(_KIND, namespace=look.focus.namespace)
    except NotServed:
        return Reading(not_applicable="this cluster has no TidbCluster")
    except ClusterError as error:
        return Reading(gaps=(error.gap("the TidbClusters"),))
    gaps = [gap] if (gap := listing.gap("the TidbClusters")) else []
    clusters = _in_question(look, listing.items)
    if clusters is None:
        if look.focus.kind == "TidbCluster":
            return Reading(gaps=tuple(gaps), missing=str(look.focus))
        return Reading(gaps=tuple(gaps), not_applicable=f"{look.focus} belongs to no TidbCluster")
    chosen = sorted(clusters, key=lambda each: (namespace_of(each), name_of(each)))[:MOST_CLUSTERS]
    namespaces = sorted({namespace_of(each) for each in chosen})
    around = dict(zip(namespaces, await asyncio.gather(*(_around(look, each) for each in namespaces)), strict=True))
    gaps += [gap for each in around.values() for gap in each.gaps]
    # Without the pods nothing is told of a component: none would look as if none ran.
    told = [(each, pods, near) for each in chosen if (pods := (near := around[namespace_of(each)]).pods) is not None]
    rows = tuple(row for cluster, pods, near in told for row in _rows(look, cluster, pods, near))
    return Reading(rows=rows, gaps=tuple(dict.fromkeys(gaps)))


def _in_question(look: Look, clusters: Sequence[Json]) -> Sequence[Json] | None:
    """The clusters that the request means; None if it names an object that is of none of them."""
    focus = look.focus
    if focus.name:
        if focus.kind == "TidbCluster":
            return [each for each in clusters if name_of(each) == focus.name] or None
        return _owning(clusters, focus.name) or None
    for name in filter(None, (look.named.get(word, "") for word in _NAMING)):
        # orders-pd.orders-db.svc names the namespace as well.
        label, _, rest = name.partition(".")
        home = rest.partition(".")[0]
        near = [each for each in clusters if not home or namespace_of(each) == home]
        if found := [each for each in near if name_of(each) == label] or _owning(near, label):
            return found
    return clusters


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


def _rows(look: Look, cluster: Json, nearby: Iterable[Json], around: _Around) -> Iterator[Row]:
    name, namespace = name_of(cluster), namespace_of(cluster)
    instance = tidb_clusters.instance_of(cluster)
    nearby = tuple(nearby)
    pods = {each: _pods(cluster, each, nearby) for each in tidb_clusters.components_of(cluster)}
    made = {each: bool(pods[each]) or tidb_clusters.is_made(cluster, each) for each in pods}
    members = tidb_clusters.members_of(cluster)
    for component, own in pods.items():
        wanted = tidb_clusters.desired(cluster, component)
        ready = [pod for pod in own if is_ready(pod)]
        is_pd = component == "pd"
        values: dict[str, Value] = {
            "namespace": namespace,
            "cluster": name,
            "cluster_age_s": age_s(look.snapshot, (cluster.get("metadata") or {}).get("creationTimestamp")),
            "component": component,
            "desired": wanted,
            "made": made[component],
            "without_tikv": "tikv" in made and not made["tikv"] and bool(pods.get("pd")),
            "pods": len(own),
            "ready_pods": len(ready),
            "majority": 2 * len(ready) > wanted,
            "healthy_members": len(members.healthy) if is_pd else 0,
            "unhealthy_members": members.unhealthy if is_pd else (),
            **_trouble(look, own),
            **_service(f"{name}-{tidb_clusters.SERVICES[component]}", own, around),
        }
        yield Row(
            values=values,
            subject=ref(cluster, "TidbCluster"),
            quote=f"{component}: {len(ready)} of {wanted} pods ready" + (f", {values['unready']}" if own else ""),
            reproduce=(
                f"kubectl -n {namespace} get pods,services,endpointslices -o wide"
                f" -l app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}"
            ),
        )


def _pods(cluster: Json, component: str, pods: Iterable[Json]) -> list[Json]:
    """The pods of a component, by its workload's name or by the operator's labels."""
    workload, instance = f"{name_of(cluster)}-{component}", tidb_clusters.instance_of(cluster)
    found = []
    for pod in pods:
        labels = (pod.get("metadata") or {}).get("labels") or {}
        labelled = (labels.get(tidb_clusters.INSTANCE_LABEL), labels.get("app.kubernetes.io/component"))
        if owner_of(pod).name == workload or labelled == (instance, component):
            found.append(pod)
    return sorted(found, key=name_of)


def _trouble(look: Look, pods: Sequence[Json]) -> dict[str, Value]:
    """Which of the pods are not well and since when, and where they run."""
    unready = [pod for pod in pods if not is_ready(pod)]
    containers = [each for pod in pods for each in containers_in(pod)]
    ended = [(run, each) for each in containers if not each.init and (run := each.ended(look.now))]
    ended = [(run, each) for run, each in ended if run.finished_s != UNKNOWN]
    last = min(ended, key=lambda item: (item[0].finished_s, name_of(item[1].pod)), default=None)
    since = [age_s(look.snapshot, condition(pod, "Ready").get("lastTransitionTime")) for pod in pods]
    ages = [age_s(look.snapshot, (pod.get("metadata") or {}).get("creationTimestamp")) for pod in pods]
    specs = [pod.get("spec") or {} for pod in pods]
    return {
        "unready_pods": tuple(map(name_of, unready)),
        "unready": ", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        "unready_pod": name_of(next(iter(unready), {})),
        "pod": name_of(next(iter([*unready, *pods]), {})),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
        "restarts": sum(each.restarts for each in containers),
        "last_restart_s": last[0].finished_s if last else UNKNOWN,
        "last_restart_pod": name_of(last[1].pod) if last else "",
        "last_exit_code": last[0].exit_code if last else -1,
        "ready_since_s": UNKNOWN if unready or not since else min(since),
        "youngest_s": min((age for age in ages if age != UNKNOWN), default=UNKNOWN),
        "nodes": tuple(dict.fromkeys(str(spec["nodeName"]) for spec in specs if spec.get("nodeName"))),
        "dns_policy": ",".join(dict.fromkeys(str(spec.get("dnsPolicy") or "ClusterFirst") for spec in specs)),
        "host_network": any(bool(spec.get("hostNetwork")) for spec in specs),
    }


def _service(name: str, pods: Sequence[Json], around: _Around) -> dict[str, Value]:
    """The Service before the component, and whether its endpoints are the pods."""
    service = None if around.services is None else around.services.get(name)
    spec = (service or {}).get("spec") or {}
    published = pods if spec.get("publishNotReadyAddresses") else [pod for pod in pods if is_ready(pod)]
    wanted = {str(address) for pod in published if (address := (pod.get("status") or {}).get("podIP"))}
    values: dict[str, Value] = {
        "service": name,
        "service_exists": around.services is None or service is not None,
        "cluster_ip": str(spec.get("clusterIP") or ""),
        "ready_endpoints": UNKNOWN,
        "endpoints_match": True,
        "stray_endpoints": (),
        "lacking_endpoints": (),
    }
    if around.endpoints is None:
        return values
    ready: frozenset[str] = around.endpoints.get(name, frozenset())
    return values | {
        "ready_endpoints": len(ready),
        "endpoints_match": ready == wanted,
        "stray_endpoints": tuple(sorted(ready - wanted)),
        "lacking_endpoints": tuple(sorted(wanted - ready)),
    }


PROBE: Final = Probe(declaration=DECLARATION, read=read)
