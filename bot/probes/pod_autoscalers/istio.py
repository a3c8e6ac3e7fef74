"""The Istio proxies in the pods of autoscalers: their share of the use that scales, and the Sidecar that bounds them.

A HorizontalPodAutoscaler adds up all containers of a pod. A proxy that no Sidecar resource bounds keeps the
configuration of every Service of the mesh, and can reach the target by itself, with no request to serve.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.access import record_gap
from bot.kube.autoscaling import hottest
from bot.kube.ingresses import bounding_sidecar, defaults
from bot.kube.objects import name_of, namespace_of, place_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.quantities import cpu_millis, whole
from bot.probes.contract import Look
from bot.probes.pod_autoscalers.scalers import in_question, row_of, target_of, worst_first
from bot.probes.rows import RowValues
from intents.domain import Gap, GapReason, Json, ProbeResult

PROXY: Final = "istio-proxy"
_SIDECARS: Final = "sidecars.networking.istio.io"
_METRICS: Final = "podmetrics.metrics.k8s.io"
_ROOT: Final = "istio-system"
_ROOT_SETTING: Final = re.compile(r"(?m)^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)")
# For more namespaces the use of all pods is read at once.
_MOST_APART: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use(RowValues):
    """What proxies use of a resource, beside the other containers of their pods."""

    proxy_share: int = -1  # percent of the use of that resource; -1 unknown
    proxy_use: str = ""  # of an average pod, as kubectl top shows it
    app_use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxiesShown(RowValues):
    """The Istio proxies in the pods of an autoscaler."""

    use: _Use
    sidecar: str  # namespace/name of the Sidecar that bounds these proxies, "" if none does
    root: str  # the mesh's root namespace
    root_default: str  # the Sidecar there that selects all workloads, though it may bound nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mesh:
    """The Sidecars of a mesh, its root namespace, and the measured use of pods by their place."""

    sidecars: tuple[Json, ...]
    root: str
    use: Mapping[tuple[str, str], Json]


async def read(look: Look) -> ProbeResult:
    """Read the autoscalers whose pods carry a proxy; not applicable without Istio."""
    sidecars = await look.snapshot.list(_SIDECARS)
    scalers, pods = await asyncio.gather(look.snapshot.list("HorizontalPodAutoscaler"), look.snapshot.list("Pod"))
    meant, missing = in_question(look, scalers.items)
    chosen = [(scaler, mine) for scaler in meant if (mine := _proxied(scaler, pods.items))]
    if not chosen:
        return ProbeResult(missing=missing)
    homes = {namespace_of(scaler) for scaler, _ in chosen}
    root, use = await asyncio.gather(_root(look), look.unless_refused(_measured(look, homes), {}))
    mesh = _Mesh(sidecars=sidecars.items, root=root, use=use)
    rows = [row_of(look, scaler, proxies=_of_proxies(scaler, mine, mesh)) for scaler, mine in chosen]
    return ProbeResult(rows=tuple(sorted(rows, key=worst_first)), missing=missing)


def _proxied(scaler: Json, pods: Iterable[Json]) -> list[Json]:
    """Return the pods of its target that carry a proxy, as a container or as a native sidecar."""
    namespace, target = namespace_of(scaler), target_of(scaler)
    return [
        pod
        for pod in pods
        if namespace_of(pod) == namespace
        and (owner_of(pod).kind, owner_of(pod).name) == target
        and any(name == PROXY for name in _container_names(pod))
    ]


def _container_names(pod: Json) -> Iterable[str]:
    spec = spec_of(pod)
    return (str(each.get("name")) for key in ("containers", "initContainers") for each in spec.get(key) or ())


async def _root(look: Look) -> str:
    """Return the namespace whose Sidecar applies to the whole mesh, by the mesh's own configuration."""
    config = await look.find("ConfigMap", "istio", namespace=_ROOT) or {}
    written = _ROOT_SETTING.search(str((config.get("data") or {}).get("mesh") or ""))
    return written.group(1) if written else _ROOT


async def _measured(look: Look, namespaces: set[str]) -> dict[tuple[str, str], Json]:
    """Return what the pods of these namespaces use, by their place."""
    places = sorted(namespaces) if len(namespaces) <= _MOST_APART else [""]
    if await look.snapshot.served(_METRICS) is None:
        detail = "this cluster serves no metrics.k8s.io: install metrics-server"
        record_gap(Gap(what="the use of pods", reason=GapReason.NOT_CONFIGURED, detail=detail,
                       detail_zh="该集群没有提供 metrics.k8s.io：请安装 metrics-server"))  # fmt: skip
        return {}
    listings = await asyncio.gather(*(look.list(_METRICS, namespace=place) for place in places))
    return {place_of(item): item for items in listings for item in items}


def _of_proxies(scaler: Json, pods: Sequence[Json], mesh: _Mesh) -> ProxiesShown:
    root_default = next(iter(defaults(mesh.sidecars, mesh.root)), None)
    return ProxiesShown(
        use=_use(pods, resource=hottest(scaler).resource, mesh=mesh),
        sidecar=bounding_sidecar(pods[0], mesh.sidecars, root=mesh.root),
        root=mesh.root,
        root_default=name_of(root_default) if root_default else "",
    )


def _use(pods: Sequence[Json], *, resource: str, mesh: _Mesh) -> _Use:
    """Return what proxies and the other containers of these pods use of a resource."""
    measured = [use for pod in pods if (use := mesh.use.get(place_of(pod)))]
    containers = [each for use in measured for each in use.get("containers") or ()]
    proxy = sum(_amount(each, resource) for each in containers if each.get("name") == PROXY)
    app = sum(_amount(each, resource) for each in containers if each.get("name") != PROXY)
    if proxy + app <= 0:
        return _Use()
    return _Use(
        proxy_share=proxy * 100 // (proxy + app),
        proxy_use=_shown(proxy, resource, len(measured)),
        app_use=_shown(app, resource, len(measured)),
    )


def _amount(container: Mapping[str, Any], resource: str) -> int:
    """Return what a container uses of cpu or memory; 0 for anything else."""
    quantity = (container.get("usage") or {}).get(resource) or 0
    try:
        return {"cpu": cpu_millis, "memory": whole}[resource](quantity)
    except (KeyError, ValueError):
        return 0


def _shown(amount: int, resource: str, pods: int) -> str:
    return f"{amount // pods}m" if resource == "cpu" else f"{amount // pods >> 20}Mi"
