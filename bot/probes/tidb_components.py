"""The components of TidbClusters: the pods asked for and running, and whether the component's Service reaches them.

PD, TiKV and discovery wait for each other through Services: a row shows a component as the others see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube import tidb_clusters
from bot.kube.containers import Container, Run, containers_in
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
from bot.kube.pod_states import is_ready, unready_reason
from bot.kube.services import ready_addresses
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe
from intents.domain import Json, ProbeResult, Row

MOST_CLUSTERS: Final = 20
_KIND: Final = "tidbclusters.pingcap.com"
# Words of a text that may name an object of the cluster, where the request names none.
_NAMING: Final = ("tidbcluster", "pod", "statefulset", "service", "host", "cluster")


class _Counts(RowValues):
    """How many pods and members a component should have and has."""

    cluster_age_s: int
    component: str
    desired: int  # with one for each member the operator has given up
    pods: int
    ready_pods: int
    healthy_members: int  # of PD, as the operator last saw them
    unhealthy_members: tuple[str, ...]


class _Trouble(RowValues):
    """Which pods are not ready, and how their containers ended."""

    unready_pods: tuple[str, ...]
    unready: str  # the same with the reasons
    unready_pod: str  # the first of them
    pod: str  # the first that is not ready, else the first
    crash_looping: bool
    restarts: int
    last_restart_s: int  # since a container last ended
    last_restart_pod: str
    last_exit_code: int


class _Service(RowValues):
    """The Service of a component, and whether its endpoints are the pods."""

    service: str
    service_exists: bool  # also true where it could not be read
    ready_endpoints: int  # -1 where they could not be read
    endpoints_match: bool  # the endpoints are exactly the addresses of the pods that should have one
    stray_endpoints: tuple[str, ...]
    lacking_endpoints: tuple[str, ...]


class _Component(RowValues):
    of_subject = ("namespace", "cluster")

    counts: _Counts
    trouble: _Trouble
    without_tikv: bool  # the cluster asks for TiKV, PD has pods, and no TiKV was ever made
    nodes: tuple[str, ...]
    dns_policy: str
    host_network: bool
    reached_by: _Service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The pods, Services and endpoints in a cluster's namespace; None for what could not be read."""

    pods: tuple[Json, ...] | None = None
    services: Mapping[str, Json] | None = None
    endpoints: Mapping[str, frozenset[str]] | None = None


@probe(
    says="a row per component (discovery, pd, tidb, tikv) of each TidbCluster in question: its pods and its Service",
    row=_Component,
    permissions=may("list", "tidbclusters.pingcap.com", "pods", "services", "endpointslices.discovery.k8s.io"),
)
async def read(look: Look) -> ProbeResult:
    """Read the TidbClusters in question, and the pods, Services and endpoints around them."""
    clusters = _in_question(look, (await look.snapshot.list(_KIND, namespace=look.focus.namespace)).items)
    if clusters is None:
        if look.focus.kind == "TidbCluster":
            return ProbeResult(missing=str(look.focus))
        return ProbeResult(not_applicable=f"{look.focus} belongs to no TidbCluster")
    chosen = sorted(clusters, key=place_of)[:MOST_CLUSTERS]
    namespaces = sorted({namespace_of(each) for each in chosen})
    around = dict(zip(namespaces, await asyncio.gather(*(_around(look, each) for each in namespaces)), strict=True))
    # Without the pods a component has no row: it would look as if none ran.
    readable = [
        (each, pods, near) for each in chosen if (pods := (near := around[namespace_of(each)]).pods) is not None
    ]
    rows = tuple(row for cluster, pods, near in readable for row in _rows(look, cluster, pods, near))
    return ProbeResult(rows=rows)


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
        *(look.readable(kind, namespace=namespace) for kind in ("Pod", "Service", "EndpointSlice"))
    )
    return _Around(
        pods=pods,
        services=None if services is None else {name_of(each): each for each in services},
        endpoints=None if slices is None else ready_addresses(slices),
    )


def _rows(look: Look, cluster: Json, nearby: Sequence[Json], around: _Around) -> Iterator[Row]:
    pods = {each: _pods(cluster, each, nearby) for each in tidb_clusters.components_of(cluster)}
    made = "tikv" in pods and (bool(pods["tikv"]) or tidb_clusters.is_made(cluster, "tikv"))
    instance = tidb_clusters.instance_of(cluster)
    without_tikv = "tikv" in pods and not made and bool(pods.get("pd"))
    for component, own in pods.items():
        specs = [spec_of(pod) for pod in own]
        counts, trouble = _counts(look, cluster, component, own), _trouble(look, own)
        yield _Component(
            counts=counts,
            trouble=trouble,
            without_tikv=without_tikv,
            nodes=tuple(filter(None, dict.fromkeys(map(node_name_of, own)))),
            dns_policy=",".join(dict.fromkeys(str(spec.get("dnsPolicy") or "ClusterFirst") for spec in specs)),
            host_network=any(bool(spec.get("hostNetwork")) for spec in specs),
            reached_by=_service(f"{name_of(cluster)}-{tidb_clusters.SERVICES[component]}", own, around),
        ).row(
            ref(cluster, "TidbCluster"),
            quote=f"{component}: {counts.ready_pods} of {counts.desired} pods ready"
            + (f", {trouble.unready}" if own else ""),
            reproduce=(
                f"kubectl -n {namespace_of(cluster)} get pods,services,endpointslices -o wide"
                f" -l app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}"
            ),
        )


def _counts(look: Look, cluster: Json, component: str, pods: Sequence[Json]) -> _Counts:
    wanted, ready = tidb_clusters.desired(cluster, component), sum(map(is_ready, pods))
    members = tidb_clusters.members_of(cluster) if component == "pd" else tidb_clusters.Members()
    return _Counts(
        cluster_age_s=look.age_s(created_at(cluster)),
        component=component,
        desired=wanted,
        pods=len(pods),
        ready_pods=ready,
        healthy_members=len(members.healthy),
        unhealthy_members=members.unhealthy,
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


def _trouble(look: Look, pods: Sequence[Json]) -> _Trouble:
    unready = [pod for pod in pods if not is_ready(pod)]
    containers = [each for pod in pods for each in containers_in(pod)]
    last = _last_end(look, containers)
    return _Trouble(
        unready_pods=tuple(map(name_of, unready)),
        unready=", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        unready_pod=name_of(next(iter(unready), {})),
        pod=name_of(next(iter([*unready, *pods]), {})),
        crash_looping=any(each.crash_looping(look.now) for each in containers),
        restarts=sum(each.restarts for each in containers),
        last_restart_s=last[0].finished_s if last else UNKNOWN,
        last_restart_pod=name_of(last[1]) if last else "",
        last_exit_code=last[0].exit_code if last else -1,
    )


def _last_end(look: Look, containers: Iterable[Container]) -> tuple[Run, Json] | None:
    """Return the run that ended last, with its pod; init containers do not count."""
    ended = [(run, each.pod) for each in containers if not each.init and (run := each.ended(look.now))]
    known = (each for each in ended if each[0].finished_s != UNKNOWN)
    return min(known, key=lambda each: (each[0].finished_s, name_of(each[1])), default=None)


def _service(name: str, pods: Sequence[Json], around: _Around) -> _Service:
    service = None if around.services is None else around.services.get(name)
    spec = spec_of(service or {})
    published = pods if spec.get("publishNotReadyAddresses") else [pod for pod in pods if is_ready(pod)]
    wanted = {str(address) for pod in published if (address := status_of(pod).get("podIP"))}
    ready = wanted if around.endpoints is None else around.endpoints.get(name, frozenset())
    return _Service(
        service=name,
        service_exists=around.services is None or service is not None,
        ready_endpoints=UNKNOWN if around.endpoints is None else len(ready),
        endpoints_match=ready == wanted,
        stray_endpoints=tuple(sorted(ready - wanted)),
        lacking_endpoints=tuple(sorted(wanted - ready)),
    )
