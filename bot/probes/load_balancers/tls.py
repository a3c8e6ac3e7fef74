"""Services behind an AWS Network Load Balancer: does it end TLS, which protocols does it negotiate, and who manages it.

An NLB with a certificate ends TLS itself, and by default negotiates no protocol (ALPN policy None): every client then
speaks HTTP/1. Not every controller reads the annotation that changes it, nor carries a change over to an existing NLB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.load_balancers import NLB, ingress_of, kind_of
from bot.kube.objects import annotations_of, labels_of, name_of, namespace_of, ref, spec_of
from bot.probes.contract import Look
from bot.probes.load_balancers.in_question import services_in_question
from intents.domain import Json, ProbeResult, Row, RowType

_PREFIX: Final = "service.beta.kubernetes.io/aws-load-balancer-"
ALPN: Final = f"{_PREFIX}alpn-policy"
_CERTIFICATE: Final = f"{_PREFIX}ssl-cert"
# With these values the AWS Load Balancer Controller manages a Service instead of the cloud provider's own controller.
_TAKEN_OVER: Final = frozenset({"external", "nlb-ip"})

KEYS: Final[Mapping[str, RowType]] = {
    "host": RowType.STRING,  # of the load balancer, "" as long as there is none
    "ends_tls": RowType.BOOLEAN,  # it has a certificate, so that it and not the pod negotiates
    "tls_ports": RowType.STRING,  # the ports on which it does; "" means all
    "backend_protocol": RowType.STRING,  # to the pods: tcp, ssl …; "" not given
    "alpn": RowType.STRING,  # as annotated: HTTP2Preferred, HTTP2Optional, HTTP2Only, HTTP1Only, None; "" not given
    "http2": RowType.BOOLEAN,  # that policy lets clients have HTTP/2
    "manager": RowType.STRING,  # aws-load-balancer-controller or cloud-provider
}


async def read(look: Look) -> ProbeResult:
    """Read the Service named, or all of the namespace or the cluster; those that end TLS for Istio come first."""
    try:
        items, missing, gap = await services_in_question(look)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(),))
    ordered = sorted(filter(_is_network_load_balancer, items), key=_rank)
    return ProbeResult(
        rows=tuple(_row(each) for each in ordered),
        gaps=(gap,) if gap else (),
        missing=missing,
    )


def _is_network_load_balancer(service: Json) -> bool:
    return spec_of(service).get("type") == "LoadBalancer" and kind_of(service) is NLB


def _rank(service: Json) -> tuple[bool, bool, str]:
    return not annotations_of(service).get(_CERTIFICATE), not _leads_to_istio(service), str(ref(service, "Service"))


def _leads_to_istio(service: Json) -> bool:
    """Tell whether the Service is an Istio gateway's, by the labels of Istio's charts."""
    selector = spec_of(service).get("selector") or {}
    return "istio" in selector or "istio" in labels_of(service) or "istio" in str(selector.get("app") or "")


def _row(service: Json) -> Row:
    annotations = annotations_of(service)
    alpn = str(annotations.get(ALPN) or "")
    namespace, name = namespace_of(service), name_of(service)
    ends_tls = bool(annotations.get(_CERTIFICATE))
    return Row(
        values={
            "namespace": namespace,
            "service": name,
            "kind": NLB.name,
            "host": next((str(each["hostname"]) for each in ingress_of(service) if each.get("hostname")), ""),
            "ends_tls": ends_tls,
            "tls_ports": str(annotations.get(f"{_PREFIX}ssl-ports") or ""),
            "backend_protocol": str(annotations.get(f"{_PREFIX}backend-protocol") or ""),
            "alpn": alpn,
            "http2": alpn.startswith("HTTP2"),
            "manager": _manager(service),
        },
        subject=ref(service, "Service"),
        quote=f"{ALPN}: {alpn or 'not set'}; {_CERTIFICATE}: {'set' if ends_tls else 'not set'}",
        reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
    )


def _manager(service: Json) -> str:
    lb_type = annotations_of(service).get(f"{_PREFIX}type")
    taken_over = spec_of(service).get("loadBalancerClass") or lb_type in _TAKEN_OVER
    return "aws-load-balancer-controller" if taken_over else "cloud-provider"
