"""Read which Services of type LoadBalancer wait for an address, and what says why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen, oldest_first
from bot.kube.load_balancers import ingress_of
from bot.kube.objects import created_at, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.replicas import replicas_of
from bot.probes.contract import Look
from bot.probes.load_balancers.in_question import services_in_question
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.controllers import controller_workloads
from intents.domain import Gap, Json, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "pending": RowType.BOOLEAN,  # of type LoadBalancer, without an address
    "address": RowType.STRING,
    "since_s": RowType.INTEGER,  # since the Service was created
    "class": RowType.STRING,  # its loadBalancerClass, "" for the cluster's default
    "failure": RowType.STRING,  # what the newest warning of a controller says
    "failed_s": RowType.INTEGER,  # since then
    "controller": RowType.STRING,  # a workload of the cluster that usually gives addresses, "" where none is seen
    "controller_ready": RowType.INTEGER,  # its ready pods
}
# Workloads that give addresses to Services, as namespace/name: MetalLB, kube-vip, cloud controllers, Cilium and others.
_CONTROLLERS: Final = re.compile(
    r"[^/]*metallb[^/]*/.*controller|[^/]+/(kube-vip.*|aws-load-balancer-controller|.*cloud-controller-manager.*"
    r"|openelb-manager|cilium-operator|.*loxilb.*)|purelb/allocator"
)


async def read(look: Look) -> ProbeResult:
    """Read the Services in question; events and controllers only of those that wait."""
    gaps: list[Gap] = []
    try:
        items, missing, gap = await services_in_question(look)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(),))
    gaps += [gap] if gap else []
    balanced = [each for each in items if spec_of(each).get("type") == "LoadBalancer"]
    controller = await _controller(look, gaps) if any(not ingress_of(each) for each in balanced) else None
    rows = await asyncio.gather(*(_row(look, each, controller, gaps) for each in balanced))
    rows.sort(key=lambda row: (not row.values["pending"], row.subject))
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=missing)


async def _row(look: Look, service: Json, controller: Json | None, gaps: list[Gap]) -> Row:
    namespace, name, ingress = namespace_of(service), name_of(service), ingress_of(service)
    failure, failed_s = ("", UNKNOWN) if ingress else await _failure(look, service, gaps)
    first: Mapping[str, object] = next(iter(ingress), {})
    return Row(
        values={
            "namespace": namespace,
            "service": name,
            "kind": "",
            "pending": not ingress,
            "address": str(first.get("hostname") or first.get("ip") or ""),
            "since_s": age_s(look.snapshot, created_at(service)),
            "class": str(spec_of(service).get("loadBalancerClass") or ""),
            "failure": failure,
            "failed_s": failed_s,
            "controller": "/".join(place_of(controller)) if controller else "",
            "controller_ready": replicas_of(controller).ready if controller else UNKNOWN,
        },
        subject=ref(service, "Service"),
        quote=failure or f"status.loadBalancer: {list(ingress) or '{}'}",
        reproduce=f"kubectl -n {namespace} describe service {name}",
        lasts=not ingress,
    )


async def _failure(look: Look, service: Json, gaps: list[Gap]) -> tuple[str, int]:
    """Return what the newest warning about a Service says, and its age; a later success ends it."""
    try:
        events = oldest_first(await look.snapshot.events(ref(service, "Service")))
    except ClusterError as error:
        gaps.append(error.gap(f"events of Service {name_of(service)}"))
        return "", UNKNOWN
    if not events or events[-1].get("type") != "Warning":
        return "", UNKNOWN
    newest = events[-1]
    says = f"{newest.get('reason', '')}: {newest.get('message', '')}"
    seen = event_last_seen(newest)
    return says, UNKNOWN if seen is None else max(int((look.snapshot.now - seen).total_seconds()), 0)


async def _controller(look: Look, gaps: list[Gap]) -> Json | None:
    """Return the workload that usually gives addresses here, if one is in the cluster."""
    found = await controller_workloads(look, gaps)
    likely = (each for each in found if _CONTROLLERS.fullmatch("/".join(place_of(each))))
    return min(likely, key=place_of, default=None)
