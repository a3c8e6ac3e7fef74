"""Tell who calls an object, or uses it: each caller with the place that proves it.

A Service is called by the addresses in variables, arguments and ConfigMaps, a workload by those of its Services. Other
objects are referred to by name. Secrets are never read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.asked.contract import Asked
from bot.cluster.access import collect_gaps, record_gap
from bot.cluster.snapshot import Snapshot
from bot.graph.edges import edges_of, pod_labels_of
from bot.kube import ingresses
from bot.kube.address_texts import Address
from bot.kube.addresses import config_maps_used, given_addresses, services_meant
from bot.kube.config_references import references_of
from bot.kube.network_policies import restricting, summary
from bot.kube.network_policy_rules import Direction
from bot.kube.objects import (
    full_name,
    labels_of,
    name_of,
    named_ref,
    namespace_of,
    place_of,
    pod_spec_of,
    pod_template_of,
    spec_of,
)
from bot.kube.services import addresses_of, selector_of
from bot.probes.contract import may
from intents.domain import Gap, Json, ObjectRef, Text
from intents.gaps import GapReason
from intents.named_objects import EdgeType
from intents.sheets import NextAsk, Sheet, SheetRow

_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_RUNS: Final = frozenset({*_WORKLOADS, "ReplicaSet", "Job", "Pod"})
PERMISSIONS: Final = may(
    "list", *_WORKLOADS, "Service", "ConfigMap", "Ingress", "NetworkPolicy", "HorizontalPodAutoscaler"
)
# Kinds that a text may name without their namespace.
_IN_NAMESPACES: Final = frozenset({"ConfigMap", "ServiceAccount"})
_SHOWN: Final = (10, 10)
_ADDRESSES: Final = 3
# Of so many namespaces the ConfigMaps are read.
_NAMESPACES: Final = 12
_HEADING: Final = Text(en="Who calls {}", zh="谁在调用 {}")
_USED: Final = Text(en="Who uses {}", zh="谁在使用 {}")
_NOBODY: Final = Text(
    en="Nobody: no workload, Ingress or autoscaler that may be read names it.",
    zh="没有：可读取的工作负载、Ingress 和自动扩缩器都没有提到它。",
)
_UNSEEN: Final = Text(
    en="Addresses in Secrets, in code and outside this cluster are not seen.",
    zh="Secret、代码以及集群外部的地址不在检查范围内。",
)
_ROUTES: Final = Text(en="{} routes {} to Service {}", zh="{} 将 {} 转发到 Service {}")
_SCALES: Final = Text(en="{} scales it", zh="{} 对其扩缩容")
_REFERS: Final = Text(en="{} refers to it", zh="{} 引用了它")
_ADMITS: Final = Text(en="NetworkPolicy {} admits", zh="NetworkPolicy {} 允许")
_OPEN: Final = Text(en="No NetworkPolicy restricts who may call it.", zh="没有 NetworkPolicy 限制谁可以调用它。")
_ANY: Final = Text(en="every host", zh="所有主机")
_REACHES: Final = Text(en="Can {} reach it?", zh="{} 能连上它吗？")
_EVENTS: Final = Text(en="Its events", zh="它的事件")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Objects:
    """The names by which a client may call the object, and the Services and pods behind it."""

    about: ObjectRef
    workloads: Sequence[Json]
    services: Sequence[Json]
    ingresses: Sequence[Json]
    scalers: Sequence[Json]
    policies: Sequence[Json]
    maps: Sequence[Json]
    pods: Sequence[Mapping[str, object]]

    @property
    def called(self) -> frozenset[tuple[str, str]]:
        """Return namespace and name of the Services that lead to it."""
        return frozenset(map(place_of, self.services))


async def callers(asked: Asked) -> Sheet:
    """Return who calls an object, or uses it. Raise ClusterError if the object cannot be read."""
    about, snapshot = asked.about, asked.snapshot
    with collect_gaps() as gaps:
        # A Secret is never read, and what a text names without its namespace may be any.
        known = about.kind != "Secret" and (about.namespace or about.kind not in _IN_NAMESPACES)
        obj = await snapshot.get(about.kind, about.name, namespace=about.namespace) if known else {}
        found = await _read(snapshot, about, {**obj, "kind": about.kind})
    callers_ = [*_calling(found), *_routing(found), *_scaling(found), *_referring(found)]
    # What cannot be read may call it.
    nobody = [] if callers_ or gaps else [SheetRow(says=_NOBODY)]
    heading = _HEADING if found.services or about.kind in ("Service", *_RUNS) else _USED
    return asked.sheet(
        heading.filled(about),
        callers_,
        most=_SHOWN,
        after=(*nobody, *_admitting(found), SheetRow(says=_UNSEEN)),
        further=_next(about, callers_),
        gaps=gaps,
        reproduce=f"kubectl get deploy,sts,ds,cronjob,cm,ingress -A -o yaml | grep -nw {about.name}",
    )


async def _read(snapshot: Snapshot, about: ObjectRef, obj: Json) -> _Objects:
    home = about.name if about.kind == "Namespace" else about.namespace
    kinds = (*_WORKLOADS, "Ingress")
    *workloads, routes, services, scalers, policies = await asyncio.gather(
        *(snapshot.list_readable(kind) for kind in kinds),
        *(snapshot.list_readable(kind, home) for kind in ("Service", "HorizontalPodAutoscaler", "NetworkPolicy")),
    )
    every = [each for of_kind in workloads for each in of_kind]
    leading = _leading_to(about, obj, services)
    pods = [_pod_of(each) for each in _behind(about, obj, leading, every)]
    maps = await _maps(snapshot, every, home) if leading or about.kind == "Ingress" else ()
    return _Objects(
        about=about,
        workloads=[each for each in every if named_ref(each) != about],
        services=leading,
        ingresses=routes,
        scalers=scalers,
        policies=policies,
        maps=maps,
        pods=pods,
    )


def _leading_to(about: ObjectRef, obj: Json, services: Iterable[Json]) -> list[Json]:
    """Return the Services that lead to an object: itself, those that select its pods, all of a namespace."""
    if about.kind in ("Service", "Namespace"):
        return [each for each in services if about.kind == "Namespace" or name_of(each) == about.name]
    labels = (pod_labels_of(obj) or {}).items()
    return [each for each in services if (wanted := selector_of(each)) and wanted.items() <= labels]


def _behind(about: ObjectRef, obj: Json, services: Sequence[Json], workloads: Iterable[Json]) -> Iterator[Json]:
    """Yield what runs the pods that are called."""
    if about.kind in _RUNS:
        yield obj
    elif about.kind == "Service":
        for each in workloads:
            if namespace_of(each) == about.namespace and _leading_to(named_ref(each), each, services):
                yield each


def _pod_of(obj: Json) -> Mapping[str, object]:
    """Return a pod as a workload makes it, for the test of policies."""
    if obj.get("kind") == "Pod":
        return obj
    template = pod_template_of(obj)
    return {
        "metadata": {"namespace": namespace_of(obj), "labels": dict(labels_of(template))},
        "spec": spec_of(template),
    }


async def _maps(snapshot: Snapshot, workloads: Iterable[Json], home: str) -> Sequence[Json]:
    """Return the ConfigMaps that workloads use, those of a limited number of namespaces."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for each in workloads:
        used[namespace_of(each)].update(config_maps_used(each))
    spaces = sorted((space for space, names in used.items() if names), key=lambda space: (space != home, space))
    if len(spaces) > _NAMESPACES:
        what = f"the ConfigMaps of {len(spaces) - _NAMESPACES} more namespaces"
        record_gap(Gap(what=what, reason=GapReason.TRUNCATED))
    found = await asyncio.gather(*(snapshot.list_readable("ConfigMap", space) for space in spaces[:_NAMESPACES]))
    return [each for of_space in found for each in of_space if name_of(each) in used[namespace_of(each)]]


def _calling(found: _Objects) -> Iterator[SheetRow]:
    """Yield the workloads that are given an address of it, with where that stands."""
    ips = frozenset(ip for each in found.services for ip in addresses_of(each))
    hosts = _hosts_of(found)
    for workload in sorted(found.workloads, key=lambda each: namespace_of(each) != found.about.namespace):
        home = namespace_of(workload)
        if found.about.kind == "Namespace" and home == found.about.name:
            continue
        given = [
            one
            for one in given_addresses(workload, found.maps)
            if one.host in ips or one.host in hosts or not found.called.isdisjoint(services_meant(one.host, home))
        ]
        if given:
            sources = ", ".join(dict.fromkeys(one.source for one in given))
            says = Text.same(f"{named_ref(workload)} · {sources}")
            yield SheetRow(says=says, quote=_addresses(given), about=named_ref(workload))


def _hosts_of(found: _Objects) -> frozenset[str]:
    """Return the hosts by which clients reach it through an Ingress."""
    if found.about.kind != "Ingress":
        return frozenset()
    own = (each for each in found.ingresses if named_ref(each).is_named_as(found.about))
    return frozenset(
        host for each in own if namespace_of(each) == found.about.namespace for host in ingresses.hosts_of(each) if host
    )


def _addresses(given: Iterable[Address]) -> str:
    shown = dict.fromkeys(f"{one.host}:{one.port}" if one.port else one.host for one in given)
    return ", ".join([*shown][:_ADDRESSES])


def _routing(found: _Objects) -> Iterator[SheetRow]:
    for ingress in found.ingresses:
        ways: defaultdict[str, list[str]] = defaultdict(list)
        for one in ingresses.backends_of(ingress):
            if (namespace_of(ingress), one.service) in found.called:
                ways[one.service].append(f"{one.host}{one.path}")
        for service, routes in ways.items():
            shown = Text.same(", ".join(routes[:_ADDRESSES])) if any(routes) else _ANY
            yield SheetRow(says=_ROUTES.filled(named_ref(ingress), shown, service), about=named_ref(ingress))


def _scaling(found: _Objects) -> Iterator[SheetRow]:
    for scaler in found.scalers:
        if _names(scaler, found.about):
            yield SheetRow(says=_SCALES.filled(named_ref(scaler)), about=named_ref(scaler))


def _referring(found: _Objects) -> Iterator[SheetRow]:
    """Yield the workloads and Ingresses that refer to an object that is not called."""
    if found.about.kind in ("Service", *_RUNS):
        return
    for each in (*found.workloads, *found.ingresses):
        if not _names(each, found.about):
            continue
        pod = {"spec": pod_spec_of(each)}
        uses = (one.place for one in references_of(pod) if (one.kind, one.name) == (found.about.kind, found.about.name))
        if places := ", ".join(dict.fromkeys(uses)):
            yield SheetRow(says=Text.same(f"{named_ref(each)} · {places}"), about=named_ref(each))
        else:
            yield SheetRow(says=_REFERS.filled(named_ref(each)), about=named_ref(each))


def _names(obj: Json, about: ObjectRef) -> bool:
    """Return whether a field of an object names another."""
    named = (edge.target for edge in edges_of(obj) if edge.type is EdgeType.REFERENCES)
    return any(
        (kind, name) == (about.kind, about.name) and about.namespace in ("", space) for kind, space, name in named
    )


def _admitting(found: _Objects) -> Iterator[SheetRow]:
    """Yield whom the policies admit that restrict its pods."""
    policies = {
        str(named_ref(each)): each for pod in found.pods for each in restricting(pod, found.policies, Direction.INGRESS)
    }
    for each in policies.values():
        yield SheetRow(says=_ADMITS.filled(full_name(each)), quote=summary(each, Direction.INGRESS))
    if found.pods and not policies:
        yield SheetRow(says=_OPEN)


def _next(about: ObjectRef, rows: Iterable[SheetRow]) -> Iterator[NextAsk]:
    caller = next((row.about for row in rows if row.about and row.about.kind in _RUNS), None)
    if caller and about.kind in ("Service", *_RUNS):
        text = f"can {caller.namespace}/{caller.name} reach {about.namespace}/{about.name}?"
        yield NextAsk(label=_REACHES.filled(caller.name), text=text)
    if about.namespace:
        yield NextAsk(label=_EVENTS, text=f"events {about.kind.lower()} {about.namespace}/{about.name}")
