"""Services behind an AWS Network Load Balancer: does it end TLS, which protocols does it negotiate, and who manages it.

An NLB with a certificate ends TLS itself, and by default negotiates no protocol (ALPN policy None): every client then
speaks HTTP/1. Not every controller reads the annotation that changes it, nor carries a change over to an NLB that is
there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.load_balancers import NLB, kind_of
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from intents.domain import Json, Permission, ProbeDeclaration, Reading, Row, RowType

_PREFIX: Final = "service.beta.kubernetes.io/aws-load-balancer-"
ALPN: Final = f"{_PREFIX}alpn-policy"
_CERTIFICATE: Final = f"{_PREFIX}ssl-cert"
# By these the AWS Load Balancer Controller takes a Service over from the cloud provider's own controller.
_TAKEN_OVER: Final = frozenset({"external", "nlb-ip"})

DECLARATION: Final = ProbeDeclaration(
    name="network-load-balancers",
    says="a row per Service in question that asks for an AWS Network Load Balancer",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "host": RowType.STRING,  # of the load balancer, "" as long as there is none
        "ends_tls": RowType.BOOLEAN,  # it has a certificate, so that it and not the pod negotiates
        "tls_ports": RowType.STRING,  # the ports on which it does; "" means all
        "backend_protocol": RowType.STRING,  # to the pods: tcp, ssl …; "" not given
        "alpn": RowType.STRING,  # as annotated: HTTP2Preferred, HTTP2Optional, HTTP2Only, HTTP1Only, None; "" not given
        "http2": RowType.BOOLEAN,  # that policy lets clients have HTTP/2
        "manager": RowType.STRING,  # aws-load-balancer-controller or cloud-provider
        "istio": RowType.BOOLEAN,  # it leads to an Istio gateway
        "age_s": RowType.INTEGER,
    },
    permissions=(
        Permission(verb="list", resource="services"),
        Permission(verb="get", resource="services"),
    ),
)


async def read(look: Look) -> Reading:
    """The Service named, or all of the namespace or the cluster."""
    focus = look.focus
    name = focus.name if focus.kind == "Service" else ""
    try:
        if name and focus.namespace:
            found = await look.snapshot.find("Service", name, namespace=focus.namespace)
            items: tuple[Json, ...] = (found,) if found else ()
            gap = None
        else:
            fields = f"metadata.name={name}" if name else ""
            listing = await look.snapshot.list("Service", namespace=focus.namespace, fields=fields)
            items, gap = listing.items, listing.gap("all Services")
    except ClusterError as error:
        return Reading(gaps=(error.gap(),))
    rows = [_row(look, each) for each in items if _is_ours(each)]
    return Reading(
        rows=tuple(
            sorted(rows, key=lambda row: (not row.values["ends_tls"], not row.values["istio"], str(row.subject)))
        ),
        gaps=(gap,) if gap else (),
        missing=f"Service {focus.namespace or '*'}/{name}" if name and not items else "",
    )


def _is_ours(service: Json) -> bool:
    return (service.get("spec") or {}).get("type") == "LoadBalancer" and kind_of(service) is NLB


def _row(look: Look, service: Json) -> Row:
    annotations: Mapping[str, str] = (service.get("metadata") or {}).get("annotations") or {}
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    alpn = str(annotations.get(ALPN) or "")
    home, name = namespace_of(service), name_of(service)
    ends_tls = bool(annotations.get(_CERTIFICATE))
    return Row(
        values={
            "namespace": home,
            "name": name,
            "host": next((str(each["hostname"]) for each in ingress if each.get("hostname")), ""),
            "ends_tls": ends_tls,
            "tls_ports": str(annotations.get(f"{_PREFIX}ssl-ports") or ""),
            "backend_protocol": str(annotations.get(f"{_PREFIX}backend-protocol") or ""),
            "alpn": alpn,
            "http2": alpn.startswith("HTTP2"),
            "manager": _manager(service, annotations),
            "istio": _leads_to_istio(service),
            "age_s": age_s(look.snapshot, (service.get("metadata") or {}).get("creationTimestamp")),
        },
        subject=ref(service, "Service"),
        quote=f"{ALPN}: {alpn or 'not set'}; {_CERTIFICATE}: {'set' if ends_tls else 'not set'}",
        reproduce=f"kubectl -n {home} get service {name} -o yaml",
    )


def _manager(service: Json, annotations: Mapping[str, str]) -> str:
    class_ = (service.get("spec") or {}).get("loadBalancerClass")
    taken_over = class_ or annotations.get(f"{_PREFIX}type") in _TAKEN_OVER
    return "aws-load-balancer-controller" if taken_over else "cloud-provider"


def _leads_to_istio(service: Json) -> bool:
    """By the labels that Istio's charts give to gateways."""
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = (service.get("metadata") or {}).get("labels") or {}
    return "istio" in selector or "istio" in labels or "istio" in str(selector.get("app") or "")


PROBE: Final = Probe(declaration=DECLARATION, read=read)
