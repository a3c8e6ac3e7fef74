"""The Services in question, those of type LoadBalancer that wait for an address, and what says why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.load_balancers import ingress_of
from bot.kube.objects import created_at, place_of, ref, spec_of
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, Missing
from bot.probes.rows import RowValues
from bot.probes.shared.controllers import controller_workloads
from intents.domain import Json, Row

# Workloads that give addresses to Services, as namespace/name: MetalLB, kube-vip, cloud controllers, Cilium and others.
_CONTROLLERS: Final = re.compile(
    r"[^/]*metallb[^/]*/.*controller|[^/]+/(kube-vip.*|aws-load-balancer-controller|.*cloud-controller-manager.*"
    r"|openelb-manager|cilium-operator|.*loxilb.*)|purelb/allocator"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow(RowValues):
    """A Service of type LoadBalancer."""

    namespace: str
    service: str
    kind: str  # aws-elb, aws-nlb, azure, alibaba, huawei, google, openstack; "" if it cannot be told


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressShown(RowValues):
    """A Service of type LoadBalancer and its address."""

    pending: bool  # without an address
    address: str
    since_s: int  # since the Service was created
    class_: str  # its loadBalancerClass, "" for the cluster's default
    failure: str  # what the newest warning of a controller says
    failed_s: int  # since then
    controller: str  # a workload of the cluster that usually gives addresses, "" where none is seen
    controller_ready: int  # its ready pods


async def services_in_question(look: Look) -> tuple[Json, ...]:
    """Return the Services in question. Raise Missing if the one named does not exist, and ClusterError."""
    namespace = look.focus.namespace
    name = look.focus.name if look.focus.kind == "Service" else ""
    if name and namespace:
        found = await look.snapshot.find("Service", name, namespace=namespace)
        items: tuple[Json, ...] = (found,) if found else ()
    else:
        fields = f"metadata.name={name}" if name else ""
        items = (await look.snapshot.list("Service", namespace=namespace, fields=fields)).items
    if name and not items:
        raise Missing(f"Service {namespace or '*'}/{name}")
    return items


async def rows_of(look: Look, services: Sequence[Json]) -> list[Row]:
    """Return the rows of load balancers; events and controllers are read only of those that wait."""
    balanced = [each for each in services if spec_of(each).get("type") == "LoadBalancer"]
    controller = await _controller(look) if any(not ingress_of(each) for each in balanced) else None
    rows = await asyncio.gather(*(_row(look, each, controller) for each in balanced))
    return sorted(rows, key=lambda row: (not row.values["pending"], row.subject))


async def _row(look: Look, service: Json, controller: Json | None) -> Row:
    (namespace, name), ingress = place_of(service), ingress_of(service)
    failure, failed_s = ("", UNKNOWN) if ingress else await look.newest_warning(ref(service, "Service"))
    first: Mapping[str, object] = next(iter(ingress), {})
    shown = AddressShown(
        pending=not ingress,
        address=str(first.get("hostname") or first.get("ip") or ""),
        since_s=look.age_s(created_at(service)),
        class_=str(spec_of(service).get("loadBalancerClass") or ""),
        failure=failure,
        failed_s=failed_s,
        controller="/".join(place_of(controller)) if controller else "",
        controller_ready=replicas_of(controller).ready if controller else UNKNOWN,
    )
    return ServiceRow(namespace=namespace, service=name, kind="").row(
        ref(service, "Service"),
        quote=failure or f"status.loadBalancer: {list(ingress) or '{}'}",
        reproduce=f"kubectl -n {namespace} describe service {name}",
        lasts=not ingress,
        more=shown.values(),
    )


async def _controller(look: Look) -> Json | None:
    """Return the workload that usually gives addresses here, if one is in the cluster."""
    found = await controller_workloads(look)
    likely = (each for each in found if _CONTROLLERS.fullmatch("/".join(place_of(each))))
    return min(likely, key=place_of, default=None)
