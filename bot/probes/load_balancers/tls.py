"""Services behind an AWS Network Load Balancer: does it end TLS, which protocols does it negotiate, and who manages it.

An NLB with a certificate ends TLS itself, and by default negotiates no protocol (ALPN policy None): every client then
speaks HTTP/1. Not every controller reads the annotation that changes it, nor carries a change over to an existing NLB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.load_balancers import NLB, ingress_of, kind_of
from bot.kube.objects import annotations_of, labels_of, name_of, namespace_of, ref, spec_of
from bot.probes.load_balancers.addresses import ServiceRow
from bot.probes.rows import RowValues
from intents.domain import Json, Row

_PREFIX: Final = "service.beta.kubernetes.io/aws-load-balancer-"
ALPN: Final = f"{_PREFIX}alpn-policy"
_CERTIFICATE: Final = f"{_PREFIX}ssl-cert"
# With these values the AWS Load Balancer Controller manages a Service instead of the cloud provider's own controller.
_TAKEN_OVER: Final = frozenset({"external", "nlb-ip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsShown(RowValues):
    """A Network Load Balancer and what it negotiates."""

    host: str  # of the load balancer, "" before it has one
    ends_tls: bool  # it has a certificate, so that it and not the pod negotiates
    tls_ports: str  # the ports on which it does; "" means all
    backend_protocol: str  # to the pods: tcp, ssl …; "" not given
    alpn: str  # as annotated: HTTP2Preferred, HTTP2Optional, HTTP2Only, HTTP1Only, None; "" not given
    http2: bool  # that policy lets clients have HTTP/2
    manager: str  # aws-load-balancer-controller or cloud-provider


def rows_of(services: Sequence[Json]) -> list[Row]:
    """Return the rows of the Network Load Balancers; those that end TLS for Istio come first."""
    meant = [each for each in services if _is_network_load_balancer(each)]
    meant.sort(key=lambda each: (not _ends_tls(each), not _leads_to_istio(each), str(ref(each, "Service"))))
    return [_row(each) for each in meant]


def _is_network_load_balancer(service: Json) -> bool:
    return spec_of(service).get("type") == "LoadBalancer" and kind_of(service) is NLB


def _ends_tls(service: Json) -> bool:
    return bool(annotations_of(service).get(_CERTIFICATE))


def _row(service: Json) -> Row:
    annotations = annotations_of(service)
    alpn = str(annotations.get(ALPN) or "")
    namespace, name = namespace_of(service), name_of(service)
    shown = TlsShown(
        host=next((str(each["hostname"]) for each in ingress_of(service) if each.get("hostname")), ""),
        ends_tls=_ends_tls(service),
        tls_ports=str(annotations.get(f"{_PREFIX}ssl-ports") or ""),
        backend_protocol=str(annotations.get(f"{_PREFIX}backend-protocol") or ""),
        alpn=alpn,
        http2=alpn.startswith("HTTP2"),
        manager=_manager(service),
    )
    return ServiceRow(namespace=namespace, service=name, kind=NLB.name).row(
        ref(service, "Service"),
        quote=f"{ALPN}: {alpn or 'not set'}; {_CERTIFICATE}: {'set' if _ends_tls(service) else 'not set'}",
        reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
        more=shown.values(),
    )


def _manager(service: Json) -> str:
    lb_type = annotations_of(service).get(f"{_PREFIX}type")
    taken_over = spec_of(service).get("loadBalancerClass") or lb_type in _TAKEN_OVER
    return "aws-load-balancer-controller" if taken_over else "cloud-provider"


def _leads_to_istio(service: Json) -> bool:
    """Tell whether the Service is an Istio gateway's, by the labels of Istio's charts."""
    selector = spec_of(service).get("selector") or {}
    return "istio" in selector or "istio" in labels_of(service) or "istio" in str(selector.get("app") or "")
