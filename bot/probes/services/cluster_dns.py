"""The cluster's DNS: the Service that pods ask for names, and the workload that answers behind it.

Installations name both differently (kube-dns, coredns, rke2-coredns), but label the Service `k8s-app=kube-dns`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in
from bot.kube.objects import label_selector, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.pod_readiness import is_ready, unready_reason
from bot.kube.services import ports_of
from bot.probes.contract import Look
from bot.probes.shared import backends
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

_LABEL: Final = "k8s-app=kube-dns"
_PORT: Final = 53

KEYS: Final[Mapping[str, RowType]] = {
    "backend_kind": RowType.STRING,  # the workload whose pods the Service selects; "" where unknown
    "backend": RowType.STRING,
    "unready": RowType.STRING,  # the pods that are not ready with the reasons
    "restarts": RowType.INTEGER,
}
_NO_PODS: Final[Mapping[str, Value]] = {"pods": 0, "ready_pods": 0, "unready": "", "restarts": 0}


async def read(look: Look) -> ProbeResult:
    """Read the Services that answer names for the cluster, with their endpoints and pods."""
    try:
        listing = await look.snapshot.list("Service", labels=_LABEL)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the Service of the cluster's DNS"),))
    services = sorted(filter(_answers_names, listing.items), key=place_of)
    if not services:
        return ProbeResult(not_applicable=f"no Service is labelled {_LABEL}: names are answered by something else here")
    found = await asyncio.gather(*(_row(look, each) for each in services))
    gaps = tuple(dict.fromkeys(gap for _, of in found for gap in of))
    return ProbeResult(rows=tuple(row for row, _ in found), gaps=gaps)


def _answers_names(service: Json) -> bool:
    return any(port.get("port") == _PORT for port in ports_of(service))


async def _row(look: Look, service: Json) -> tuple[Row, tuple[Gap, ...]]:
    namespace, name, spec = namespace_of(service), name_of(service), spec_of(service)
    behind, gaps = await backends.together(
        backends.backend(look, namespace=namespace, service=name),
        _pods(look, namespace=namespace, selector=spec.get("selector") or {}),
        start={**backends.UNKNOWN, **_NO_PODS},
    )
    values: dict[str, Value] = {
        "namespace": namespace,
        "name": name,
        "cluster_ip": str(spec.get("clusterIP") or ""),
        **behind,
    }
    unready = f", {values['unready']}" if values["unready"] else ""
    row = Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"{name}: {values['ready_endpoints']} ready endpoints{unready}",
        reproduce=f"kubectl -n {namespace} get endpointslices,pods -l {_LABEL} -o wide",
    )
    return row, gaps


async def _pods(look: Look, *, namespace: str, selector: Mapping[str, str]) -> backends.Found:
    if not selector:
        return {}, ()
    pods = (await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(selector))).items
    unready = sorted((pod for pod in pods if not is_ready(pod)), key=name_of)
    values: dict[str, Value] = {
        "pods": len(pods),
        "ready_pods": len(pods) - len(unready),
        "unready": ", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        "restarts": sum(each.restarts for pod in pods for each in containers_in(pod)),
    }
    return values, ()
