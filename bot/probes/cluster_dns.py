"""The cluster's DNS: the Service that pods ask for names, and the workload that answers behind it.

Installations name both differently (kube-dns, coredns, rke2-coredns), but label the Service `k8s-app=kube-dns`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.objects import label_selector, name_of, namespace_of, ref
from bot.kube.unready import is_ready, why_unready
from bot.probes.contract import Look, Probe
from bot.probes.shared import backends
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

_LABEL: Final = "k8s-app=kube-dns"
_PORT: Final = 53

DECLARATION: Final = ProbeDeclaration(
    name="cluster-dns",
    says="a row per Service that answers names for the cluster: its address, its endpoints and the workload behind it",
    rows={
        "namespace": RowType.STRING,
        "service": RowType.STRING,
        "cluster_ip": RowType.STRING,
        **backends.KEYS,
        "pods": RowType.INTEGER,
        "ready_pods": RowType.INTEGER,
        "unready": RowType.STRING,  # the pods that are not ready with the reasons
        "down_s": RowType.INTEGER,  # since the last of its pods stopped being ready; -1 while one is, or not known
        "restarts": RowType.INTEGER,
    },
    permissions=(
        Permission(verb="list", resource="services"),
        *backends.PERMISSIONS,
    ),
)


async def read(look: Look) -> Reading:
    try:
        listing = await look.snapshot.list("Service", labels=_LABEL)
    except ClusterError as error:
        return Reading(gaps=(error.gap("the Service of the cluster's DNS"),))
    services = sorted(filter(_answers_names, listing.items), key=lambda each: (namespace_of(each), name_of(each)))
    if not services:
        return Reading(not_applicable=f"no Service is labelled {_LABEL}: names are answered by something else here")
    found = await asyncio.gather(*(_row(look, each) for each in services))
    gaps = tuple(dict.fromkeys(gap for _, of in found for gap in of))
    return Reading(rows=tuple(row for row, _ in found), gaps=gaps)


def _answers_names(service: Json) -> bool:
    return any(port.get("port") == _PORT for port in (service.get("spec") or {}).get("ports") or ())


async def _row(look: Look, service: Json) -> tuple[Row, tuple[Gap, ...]]:
    namespace, name = namespace_of(service), name_of(service)
    spec = service.get("spec") or {}
    behind, gaps = await backends.together(
        backends.backend(look, namespace=namespace, service=name),
        _pods(look, namespace=namespace, selector=spec.get("selector") or {}),
        start={**backends.UNKNOWN, "pods": 0, "ready_pods": 0, "unready": "", "down_s": UNKNOWN, "restarts": 0},
    )
    values: dict[str, Value] = {
        "namespace": namespace,
        "service": name,
        "cluster_ip": str(spec.get("clusterIP") or ""),
        **behind,
    }
    row = Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"{name}: {values['ready_endpoints']} ready endpoints"
        + (f", {values['unready']}" if values["unready"] else ""),
        reproduce=f"kubectl -n {namespace} get endpointslices,pods -l {_LABEL} -o wide",
    )
    return row, gaps


async def _pods(look: Look, *, namespace: str, selector: dict[str, Any]) -> backends.Found:
    if not selector:
        return {}, ()
    pods = (await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(selector))).items
    unready = sorted((pod for pod in pods if not is_ready(pod)), key=name_of)
    since = [_since(look, pod) for pod in unready]
    values: dict[str, Value] = {
        "pods": len(pods),
        "ready_pods": len(pods) - len(unready),
        "unready": ", ".join(f"{name_of(pod)} ({why_unready(pod)})" for pod in unready),
        "down_s": min(since) if since and len(unready) == len(pods) else UNKNOWN,
        "restarts": sum(each.restarts for pod in pods for each in containers_in(pod)),
    }
    return values, ()


def _since(look: Look, pod: Json) -> int:
    return age_s(look.snapshot, condition(pod, "Ready").get("lastTransitionTime"))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
