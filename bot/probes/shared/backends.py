"""The backend of a Service that the API server itself calls: its endpoints, its pods, and their workload.

Aggregated APIs and admission webhooks are served the same way, so "its backend" means the same for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.endpoints import ready_addresses, slices_of_service
from bot.kube.objects import label_selector, labels_of, name_of, pod_template_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.pod_readiness import is_ready
from bot.probes.contract import Look
from intents.domain import Gap, Json, Permission, RowType, Value

# Values of a row, and what of them could not be read.
Found = tuple[dict[str, Value], tuple[Gap, ...]]

KEYS: Final[Mapping[str, RowType]] = {
    "service_exists": RowType.BOOLEAN,  # also true where it could not be read: nothing is deleted on a guess
    "ready_endpoints": RowType.INTEGER,  # -1: not looked for, or not readable
    "backend_kind": RowType.STRING,  # the workload whose pods the Service selects; "" where unknown
    "backend": RowType.STRING,
    "backend_replicas": RowType.INTEGER,  # desired, -1 unknown
    "unready_pods": RowType.STRINGS,
}
UNKNOWN: Final[Mapping[str, Value]] = {
    "service_exists": True,
    "ready_endpoints": -1,
    "backend_kind": "",
    "backend": "",
    "backend_replicas": -1,
    "unready_pods": (),
}
PERMISSIONS: Final = (
    Permission(verb="get", resource="services"),
    Permission(verb="list", group="discovery.k8s.io", resource="endpointslices"),
    Permission(verb="list", resource="pods"),
    Permission(verb="list", group="apps", resource="deployments"),
)


async def together(*parts: Awaitable[Found], start: Mapping[str, Value]) -> Found:
    """Merge the values of several reads over those of `start`; later ones win, a read that is refused leaves a gap."""
    values: dict[str, Value] = dict(start)
    gaps: list[Gap] = []
    for part in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(part, ClusterError):
            gaps.append(part.gap())
        elif isinstance(part, BaseException):
            raise part
        else:
            values |= part[0]
            gaps += part[1]
    return values, tuple(gaps)


async def backend(look: Look, *, namespace: str, service: str) -> Found:
    """Return a Service, its ready endpoints and the workload behind it, as far as known. Raises ClusterError."""
    try:
        found = await look.snapshot.get("Service", service, namespace=namespace)
    except NotFound:
        return {"service_exists": False, "ready_endpoints": 0}, ()
    spec = spec_of(found)
    if spec.get("type") == "ExternalName":
        return {}, ()
    selector = spec.get("selector") or {}
    # A Deployment says more surely than its pods who owns them, and comes last.
    return await together(
        _endpoints(look, namespace=namespace, service=service),
        _pods(look, namespace=namespace, selector=selector),
        _deployment(look, namespace=namespace, selector=selector),
        start={},
    )


async def _endpoints(look: Look, *, namespace: str, service: str) -> Found:
    labels = slices_of_service(service)
    slices = await look.snapshot.list("EndpointSlice", namespace=namespace, labels=labels)
    return {"ready_endpoints": len(ready_addresses(slices.items).get(service, ()))}, ()


async def _pods(look: Look, *, namespace: str, selector: Mapping[str, str]) -> Found:
    """Return the pods that the selector selects, and their workload."""
    if not selector:
        return {}, ()
    pods = (await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(selector))).items
    unready = tuple(sorted(name_of(pod) for pod in pods if not is_ready(pod)))
    values: dict[str, Value] = {"unready_pods": unready}
    if owners := sorted(owner for pod in pods if (owner := owner_of(pod)).kind not in ("Pod", "StaticPod")):
        values |= {"backend_kind": owners[0].kind, "backend": owners[0].name}
    return values, ()


async def _deployment(look: Look, *, namespace: str, selector: Mapping[str, str]) -> Found:
    """Return the Deployment whose pods the selector would select, even if it has none now."""
    if not selector:
        return {}, ()
    deployments = (await look.snapshot.list("Deployment", namespace=namespace)).items
    found = min((item for item in deployments if _template_has(item, selector)), key=name_of, default=None)
    if found is None:
        return {}, ()
    replicas = int(spec_of(found).get("replicas", 1))
    return {"backend_kind": "Deployment", "backend": name_of(found), "backend_replicas": replicas}, ()


def _template_has(deployment: Json, selector: Mapping[str, str]) -> bool:
    return selector.items() <= labels_of(pod_template_of(deployment)).items()
