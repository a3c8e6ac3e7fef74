"""Load balancers of clouds: the kind that serves a Service, and after how much silence it closes a connection.

Where the Service does not set it, the cloud's default applies. Sources: the documentation of the cloud controllers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import annotations_of, spec_of, status_of
from intents.domain import Json

_AWS: Final = "service.beta.kubernetes.io/aws-load-balancer-"
_ALIBABA: Final = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
_AZURE: Final = "service.beta.kubernetes.io/azure-load-balancer-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of load balancer. `default_s` is its idle timeout, 0 if none is known.

    `annotation` sets the timeout in units of `unit_s` seconds; "" if a Service cannot set it. With
    `counts_probes` a TCP keepalive probe counts as traffic, so that a connection with probes is never idle.
    """

    name: str
    default_s: int = 0
    annotation: str = ""
    unit_s: float = 1.0
    counts_probes: bool = True


CLASSIC_ELB: Final = Kind(
    name="aws-elb", default_s=60, annotation=f"{_AWS}connection-idle-timeout", counts_probes=False
)
NLB: Final = Kind(name="aws-nlb", default_s=350)
AZURE: Final = Kind(name="azure", default_s=240, annotation=f"{_AZURE}tcp-idle-timeout", unit_s=60)
ALIBABA: Final = Kind(name="alibaba", default_s=900, annotation=f"{_ALIBABA}established-timeout")
HUAWEI: Final = Kind(name="huawei", default_s=300, annotation="kubernetes.io/elb.keepalive_timeout")
GOOGLE: Final = Kind(name="google", default_s=600)
OPENSTACK: Final = Kind(
    name="openstack", default_s=50, annotation="loadbalancer.openstack.org/timeout-client-data", unit_s=0.001
)
UNKNOWN: Final = Kind(name="")

# The kind by the prefix of a Service's annotations, then by the providerID of nodes.
_PREFIXES: Final[tuple[tuple[str, Kind], ...]] = (
    (_ALIBABA, ALIBABA),
    ("service.beta.kubernetes.io/alicloud-loadbalancer-", ALIBABA),
    (_AZURE, AZURE),
    ("kubernetes.io/elb.", HUAWEI),
    ("loadbalancer.openstack.org/", OPENSTACK),
    ("networking.gke.io/", GOOGLE),
    ("cloud.google.com/", GOOGLE),
)
_PROVIDERS: Final[Mapping[str, Kind]] = {
    "aws": CLASSIC_ELB,
    "azure": AZURE,
    "gce": GOOGLE,
    "openstack": OPENSTACK,
    "alicloud": ALIBABA,
}
_PROVIDER: Final = re.compile(r"^([a-z]+)://")
_LISTENER: Final = re.compile(r"tcp\.idle_timeout\.seconds=(\d+)")
_NUMBER: Final = re.compile(r"^(\d+)s?$")


def ingress_of(service: Json) -> tuple[Mapping[str, Any], ...]:
    """Return the addresses that a load balancer has given to a Service."""
    return tuple((status_of(service).get("loadBalancer") or {}).get("ingress") or ())


def kind_of(service: Json, *, provider_id: str = "") -> Kind:
    """Return the kind of load balancer of a Service; `provider_id` is a node's, for Services that do not tell it."""
    annotations = annotations_of(service)
    class_ = str(spec_of(service).get("loadBalancerClass") or "")
    hosts = [str(each.get("hostname") or "") for each in ingress_of(service)]
    if any(_is_aws_host(host) for host in hosts) or _has_prefix(annotations, _AWS):
        return _of_aws(annotations, class_, hosts)
    if class_.startswith(("service.k8s.aws/", "eks.amazonaws.com/")):
        return NLB
    by_annotation = (kind for prefix, kind in _PREFIXES if _has_prefix(annotations, prefix))
    provider = _PROVIDER.match(provider_id)
    by_provider = _PROVIDERS.get(provider[1], UNKNOWN) if provider else UNKNOWN
    return next(by_annotation, by_provider)


def _is_aws_host(host: str) -> bool:
    return ".elb." in host and "amazonaws.com" in host


def _has_prefix(annotations: Mapping[str, Any], prefix: str) -> bool:
    return any(key.startswith(prefix) for key in annotations)


def _of_aws(annotations: Mapping[str, Any], class_: str, hosts: list[str]) -> Kind:
    wanted = str(annotations.get(f"{_AWS}type") or "")
    # The host name of a network load balancer has "elb" before the region, a classic one's behind it.
    by_host = any(re.search(r"\.elb\.[a-z0-9-]+\.amazonaws\.com", host) for host in hosts)
    return NLB if wanted in ("nlb", "nlb-ip", "external") or class_ or by_host else CLASSIC_ELB


def idle_timeout_s(service: Json, kind: Kind) -> tuple[int, bool]:
    """Return its idle timeout in seconds (0: not known), and whether the Service sets it."""
    annotations = annotations_of(service)
    if kind is NLB:
        for key in sorted(annotations):
            if key.startswith(f"{_AWS}listener-attributes.TCP-") and (found := _LISTENER.search(str(annotations[key]))):
                return int(found[1]), True
        return kind.default_s, False
    found = _NUMBER.match(str(annotations.get(kind.annotation) or "").strip()) if kind.annotation else None
    return (int(int(found[1]) * kind.unit_s), True) if found else (kind.default_s, False)
