"""The cluster's DNS: the Service that pods ask for names, and the workload that answers behind it.

Installations name both differently (kube-dns, coredns, rke2-coredns), but label the Service `k8s-app=kube-dns`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.containers import containers_in
from bot.kube.objects import label_selector, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.pod_readiness import is_ready, unready_reason
from bot.kube.services import ports_of
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from bot.probes.services.requested import ServiceRow
from bot.probes.shared import backends
from intents.domain import Json, ProbeResult, Row

_LABEL: Final = "k8s-app=kube-dns"
_PORT: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDns(RowValues):
    """What answers behind a Service of the cluster's DNS."""

    backend_kind: str  # the workload whose pods the Service selects; "" where unknown
    backend: str
    unready: str  # the pods that are not ready with the reasons
    restarts: int


async def read(look: Look) -> ProbeResult:
    """Read the Services that answer names for the cluster, with their endpoints and pods."""
    labelled = await look.snapshot.list("Service", labels=_LABEL)
    services = sorted(filter(_answers_names, labelled.items), key=place_of)
    if not services:
        return ProbeResult(not_applicable=f"no Service is labelled {_LABEL}: names are answered by something else here")
    return ProbeResult(rows=tuple(await asyncio.gather(*(_row(look, each) for each in services))))


def _answers_names(service: Json) -> bool:
    return any(port.get("port") == _PORT for port in ports_of(service))


async def _row(look: Look, service: Json) -> Row:
    namespace, name, spec = namespace_of(service), name_of(service), spec_of(service)
    behind, pods = await asyncio.gather(
        backends.backend(look, namespace=namespace, service=name),
        _pods(look, namespace=namespace, selector=spec.get("selector") or {}),
    )
    unready = sorted((pod for pod in pods if not is_ready(pod)), key=name_of)
    dns = ClusterDns(
        backend_kind=behind.workload.backend_kind,
        backend=behind.workload.backend,
        unready=", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        restarts=sum(each.restarts for pod in pods for each in containers_in(pod)),
    )
    return ServiceRow(
        namespace=namespace,
        name=name,
        cluster_ip=str(spec.get("clusterIP") or ""),
        pods=len(pods),
        ready_pods=len(pods) - len(unready),
        unready_pods=behind.workload.unready_pods,
        ready_endpoints=behind.ready_endpoints,
    ).row(
        ref(service, "Service"),
        quote=f"{name}: {behind.ready_endpoints} ready endpoints{f', {dns.unready}' if dns.unready else ''}",
        reproduce=f"kubectl -n {namespace} get endpointslices,pods -l {_LABEL} -o wide",
        more=dns.values(),
    )


async def _pods(look: Look, *, namespace: str, selector: Mapping[str, str]) -> Sequence[Json]:
    return await look.list("Pod", namespace=namespace, labels=label_selector(selector)) if selector else ()
