"""The Services and the workloads in question, the pods of workloads, and the earlier templates kept of them.

A Service in question is the one named, at an address or port of the text, or in front of its pods. A pod or ReplicaSet
in question stands for its workload, a Service or an Ingress for the workloads whose pods get its traffic; without a
name all of the namespace or cluster are in question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube import services as kube
from bot.kube.ingresses import backends_of
from bot.kube.objects import (
    has_ended,
    label_selector,
    labels_of,
    name_of,
    namespace_of,
    place_of,
    pod_template_of,
    ref,
    spec_of,
    uid_of,
)
from bot.kube.owners import controller_of, controller_reference, generated_stem, ordinal_of, owner_of
from bot.kube.rollouts import earlier_in, revisions_in
from bot.kube.services import ip_in, port_in, selected_pods, selector_of
from bot.probes.contract import Look, Missing, may
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef

# Nodes open ports for Services from here on (the API server's default range).
_FIRST_NODE_PORT: Final = 30000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedServices:
    """The Services in question; `matched` is false where the request means none, and these are all there are.

    `called` says that the text names them, or an address or port of theirs. See ProbeResult for the rest.
    """

    services: tuple[Json, ...] = ()
    matched: bool = False
    called: bool = False
    missing: str = ""


async def questioned_services(look: Look) -> QuestionedServices:
    """Return the Services, sorted. A port or an address of the text wins over the pods named: it is what was called."""
    if name := look.focus.name if look.focus.kind == "Service" else look.named.get("service", ""):
        return await look.unless_refused(_services_named(look, name), QuestionedServices())
    services = sorted(await look.list("Service"), key=place_of)
    for means in (_at_address(look), _at_node_port(look)):
        if found := [each for each in services if means(each)]:
            return QuestionedServices(services=tuple(found), matched=True, called=True)
    if services and look.focus.name and look.focus.kind not in ("Node", ""):
        return await _before_pods(look, services)
    in_namespace = tuple(each for each in services if look.focus.namespace in ("", namespace_of(each)))
    return QuestionedServices(services=in_namespace, matched=bool(look.focus.namespace))


async def _services_named(look: Look, name: str) -> QuestionedServices:
    namespace = look.focus.namespace
    listing = await look.snapshot.list("Service", namespace=namespace, fields=f"metadata.name={name}")
    about = ObjectRef(kind="Service", namespace=namespace, name=name)
    missing = "" if listing.items or listing.truncated else str(about)
    services = tuple(sorted(listing.items, key=place_of))
    return QuestionedServices(services=services, matched=True, called=True, missing=missing)


def _at_address(look: Look) -> Callable[[Json], bool]:
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    return lambda service: bool(ips & kube.addresses_of(service))


def _at_node_port(look: Look) -> Callable[[Json], bool]:
    given = {port_in(look.named.get("address", ""))}
    given |= {int(port) for word in ("port", "number") if (port := look.named.get(word, "")).isdecimal()}
    ports = {port for port in given if port >= _FIRST_NODE_PORT}
    return lambda service: bool(ports & set(kube.node_ports(service)))


async def _before_pods(look: Look, services: Iterable[Json]) -> QuestionedServices:
    suspects = await pods_of(look)
    found = tuple(service for service in services if any(_selects_pod(service, pod) for pod in suspects.pods))
    return QuestionedServices(services=found, matched=True, missing=suspects.missing)


def _selects_pod(service: Json, pod: Json) -> bool:
    selector = spec_of(service).get("selector") or {}
    same_namespace = namespace_of(pod) == namespace_of(service)
    return bool(selector) and same_namespace and selector.items() <= labels_of(pod).items()


KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet")
READS_WORKLOADS: Final = (
    *may("get list", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "ingresses.networking.k8s.io"),
    *may("get list", "pods", "services"),
    *may("get", "replicasets.apps"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioned:
    """The workloads in question, and the Service in question that selects the pods of each; see ProbeResult too."""

    workloads: tuple[Json, ...] = ()
    services: Mapping[ObjectRef, str] = field(default_factory=dict)
    missing: str = ""


async def workloads_of(look: Look) -> Questioned:
    """Read the workloads in question, sorted by namespace and name."""
    focus = look.focus
    if not focus.name:
        listings = await asyncio.gather(*(look.list(kind, namespace=focus.namespace) for kind in KINDS))
        return Questioned(workloads=tuple(sorted((one for each in listings for one in each), key=place_of)))
    about = ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name)
    return await look.unless_refused(_of(look, about), Questioned(), what=f"the workload of {focus}")


async def _of(look: Look, about: ObjectRef) -> Questioned:
    if about.kind in ("Pod", "ReplicaSet"):
        return await _above(look, about)
    if about.kind in ("Service", "Ingress"):
        return await _behind(look, about)
    return await _named(look, about) if about.kind in KINDS else Questioned()


async def _above(look: Look, below: ObjectRef) -> Questioned:
    """Return the workload of a pod or ReplicaSet. The name of a pod that is gone still tells its workload."""
    found = await look.snapshot.find(below.kind, below.name, namespace=below.namespace)
    if found is not None:
        owner = owner_of(found) if below.kind == "Pod" else controller_of(found)
        return await _named(look, owner) if owner and owner.kind in KINDS else Questioned()
    stem = generated_stem(below.name)
    if below.kind == "Pod" and below.namespace and stem:
        kept = await look.snapshot.find("Deployment", stem, namespace=below.namespace)
        return Questioned(workloads=(kept,) if kept else (), missing=str(below))
    return Questioned(missing=str(below))


async def _named(look: Look, about: ObjectRef) -> Questioned:
    try:
        return Questioned(workloads=await look.of_name(about.kind, about.name, namespace=about.namespace))
    except Missing as missing:
        return Questioned(missing=str(missing))


async def _behind(look: Look, front: ObjectRef) -> Questioned:
    """Return the workloads whose pods a Service selects, or one of the Services that an Ingress leads to."""
    found = await _named(look, front)
    services = found.workloads
    if front.kind == "Ingress":
        meant = {(namespace_of(each), backend.service) for each in services for backend in backends_of(each)}
        listings = await asyncio.gather(*(look.snapshot.list("Service", namespace=home) for home, _ in sorted(meant)))
        services = tuple(
            {place_of(one): one for each in listings for one in each.items if place_of(one) in meant}.values()
        )
    parts = await asyncio.gather(*(_selected(look, each) for each in services))
    behind = {ref(one): (one, name_of(each)) for each, part in zip(services, parts, strict=True) for one in part}
    return Questioned(
        workloads=tuple(one for one, _ in behind.values()),
        services={key: name for key, (_, name) in behind.items()},
        missing=found.missing,
    )


async def _selected(look: Look, service: Json) -> tuple[Json, ...]:
    """Return the workloads of a Service: the owners of its pods, without pods those that would make such pods."""
    home, labels = namespace_of(service), label_selector(dict(selector_of(service)))
    if not labels:
        return ()
    pods = selected_pods(service, (await look.snapshot.list("Pod", namespace=home, labels=labels)).items)
    if not pods:
        return await workloads_selected_by(look, service, scope=home)
    owners = {owner for pod in pods if (owner := owner_of(pod)).kind in KINDS}
    found = await asyncio.gather(*(look.snapshot.find(one.kind, one.name, namespace=home) for one in sorted(owners)))
    return tuple(one for one in found if one is not None)


async def workloads_selected_by(look: Look, service: Json, *, scope: str) -> tuple[Json, ...]:
    """Return the workloads whose pods a Service would select, by name. Raises ClusterError."""
    selector, home = selector_of(service), namespace_of(service)
    listings = await asyncio.gather(*(look.snapshot.list(kind, namespace=scope) for kind in KINDS))
    meant = [
        each
        for listing in listings
        for each in listing.items
        if namespace_of(each) == home and selector.items() <= labels_of(pod_template_of(each)).items()
    ]
    return tuple(sorted(meant, key=name_of))


async def pods_of_workload(look: Look, workload: Json) -> tuple[Json, ...]:
    """Return the pods of a workload that have not ended, by ordinal and name. Raises ClusterError."""
    labels = (spec_of(workload).get("selector") or {}).get("matchLabels") or {}
    listing = await look.snapshot.list("Pod", namespace=namespace_of(workload), labels=label_selector(labels))
    itself = (workload.get("kind"), name_of(workload))
    owned = (pod for pod in listing.items if (owner_of(pod).kind, owner_of(pod).name) == itself and not has_ended(pod))
    return tuple(sorted(owned, key=lambda pod: (ordinal_of(name_of(pod)), name_of(pod))))


async def controller_workloads(look: Look) -> tuple[Json, ...]:
    """Return all Deployments and DaemonSets of the cluster."""
    deployments, daemon_sets = await asyncio.gather(look.list("Deployment"), look.list("DaemonSet"))
    return (*deployments, *daemon_sets)


READS_REVISIONS: Final = may("list", "controllerrevisions.apps", "replicasets.apps")


async def older_revisions(snapshot: Snapshot, workload: Json) -> int:
    """Return how many revisions precede the current one of a StatefulSet, DaemonSet or a Deployment's ReplicaSet.

    Revisions that differ by a restart alone do not count; 0 for other kinds. Raises ClusterError.
    """
    match workload.get("kind"):
        case "StatefulSet" | "DaemonSet":
            kept, owner = "ControllerRevision", uid_of(workload)
        case "ReplicaSet":
            kept, owner = "ReplicaSet", _controller_uid(workload)
        case _:
            return 0
    listing = await snapshot.list(kept, namespace=namespace_of(workload))
    return len(earlier_in(revisions_in(each for each in listing.items if owner and _controller_uid(each) == owner)))


def _controller_uid(obj: Mapping[str, Any]) -> str:
    return str(controller_reference(obj).get("uid") or "")
