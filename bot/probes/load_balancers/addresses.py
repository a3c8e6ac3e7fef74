"""The addresses that load balancers give to Services, and what the controller says of one that has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen
from bot.kube.ages import UNKNOWN
from bot.kube.conditions import condition
from bot.kube.load_balancers import ingress_of, kind_of
from bot.kube.objects import created_at, name_of, namespace_of, ref, spec_of
from bot.kube.settling import is_settling
from bot.probes.contract import Look
from bot.probes.shared.ages import age_s
from bot.probes.shared.questioned_services import questioned_services
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

_MOST_ROWS: Final = 200
# Normal events by which a controller says that it has made, changed or found what the Service asks for.
_DONE: Final = frozenset({"EnsuredLoadBalancer", "IPAllocated", "SuccessfullyReconciled", "UpdatedLoadBalancer"})
_CILIUM: Final = "cilium.io/IPAMRequestSatisfied"

KEYS: Final[Mapping[str, RowType]] = {
    "asked": RowType.BOOLEAN,  # the request names the Service or an address of it
    "pending": RowType.BOOLEAN,  # of type LoadBalancer, without an address for longer than a cloud needs
    "waits_s": RowType.INTEGER,  # since the Service was made
    "class": RowType.STRING,  # spec.loadBalancerClass
    "refusal": RowType.STRING,  # the controller's newest complaint that no success followed
    "over": RowType.STRING,  # its newest complaint, where a success followed
    "over_s": RowType.INTEGER,  # since that success
    "others": RowType.INTEGER,  # other Services that a load balancer gave an address; -1 not looked for or not known
}


async def read(look: Look) -> ProbeResult:
    """Read the Services in question; their events, and other Services, only for those of type LoadBalancer."""
    found = await questioned_services(look)
    gaps = list(found.gaps)
    asked = found.called or bool(look.focus.name)
    # One that is named is told about whatever its type is.
    meant = [each for each in found.services if found.called or _is_balanced(each)][:_MOST_ROWS]
    rows = [await _row(look, each, gaps, asked=asked) for each in meant]
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=found.missing)


async def _row(look: Look, service: Json, gaps: list[Gap], *, asked: bool) -> Row:
    namespace, name = namespace_of(service), name_of(service)
    events: Sequence[Json] = ()
    if _is_balanced(service):
        try:
            events = await look.snapshot.events(ref(service, "Service"))
        except ClusterError as error:
            gaps.append(error.gap(f"events of Service {namespace}/{name}"))
    refusal, over, over_s = _said(look, service, events)
    waits = _is_balanced(service) and not (ingress_of(service) or spec_of(service).get("externalIPs"))
    pending = waits and (bool(refusal) or not is_settling(service, "Service", look.now))
    values: dict[str, Value] = {
        "namespace": namespace,
        "service": name,
        "kind": kind_of(service).name,
        "asked": asked,
        "pending": pending,
        "waits_s": age_s(look.snapshot, created_at(service)),
        "class": str(spec_of(service).get("loadBalancerClass") or ""),
        "refusal": refusal,
        "over": over,
        "over_s": over_s,
        "others": await _others(look, service, gaps) if pending and not refusal else UNKNOWN,
    }
    return Row(
        values=values,
        subject=ref(service, "Service"),
        quote=refusal or f"type: {spec_of(service).get('type')}, {len(ingress_of(service))} addresses in its status",
        reproduce=f"kubectl -n {namespace} describe service {name}",
    )


def _is_balanced(service: Json) -> bool:
    return spec_of(service).get("type") == "LoadBalancer"


def _said(look: Look, service: Json, events: Iterable[Json]) -> tuple[str, str, int]:
    """Return the controller's complaint; or one that a success followed, with the seconds since. Oldest first."""
    refusal = over = ""
    over_s = UNKNOWN
    for event in events:
        if event.get("type") == "Warning":
            refusal, over, over_s = str(event.get("message") or event.get("reason") or ""), "", UNKNOWN
        elif event.get("reason") in _DONE and refusal:
            seen = event_last_seen(event)
            refusal, over, over_s = "", refusal, int((look.now - seen).total_seconds()) if seen else UNKNOWN
    ipam = condition(service, _CILIUM)
    if not refusal and ipam.get("status") == "False":
        return str(ipam.get("message") or ipam.get("reason") or _CILIUM), "", UNKNOWN
    return refusal, over, over_s


async def _others(look: Look, service: Json, gaps: list[Gap]) -> int:
    try:
        listing = await look.snapshot.list("Service")
    except ClusterError as error:
        gaps.append(error.gap("Services in all namespaces"))
        return UNKNOWN
    mine = (namespace_of(service), name_of(service))
    given = (each for each in listing.items if _is_balanced(each) and ingress_of(each))
    return sum((namespace_of(each), name_of(each)) != mine for each in given)
