"""The Istio proxies in the pods of autoscalers: their share of the use that scales, and the Sidecar that bounds them.

A HorizontalPodAutoscaler adds up all containers of a pod. A proxy that no Sidecar resource bounds keeps the
configuration of every Service of the mesh, and can reach the target by itself, with no request to serve.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.kube.autoscaling import hottest
from bot.kube.istio import bounding_sidecar, defaults
from bot.kube.objects import name_of, namespace_of, place_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.quantities import cpu_millis, whole
from bot.probes.contract import Look
from bot.probes.pod_autoscalers.scalers import in_question, row, target_of, worst_first
from intents.domain import Gap, GapReason, Json, ProbeResult, RowType, Value

PROXY: Final = "istio-proxy"
_SIDECARS: Final = "sidecars.networking.istio.io"
_METRICS: Final = "podmetrics.metrics.k8s.io"
_ROOT: Final = "istio-system"
_ROOT_SETTING: Final = re.compile(r"(?m)^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)")
# For more namespaces the use of all pods is read at once.
_MOST_APART: Final = 5

KEYS: Final[Mapping[str, RowType]] = {
    "proxy_share": RowType.INTEGER,  # percent of the use of that resource; -1 unknown
    "proxy_use": RowType.STRING,  # of an average pod, as kubectl top shows it
    "app_use": RowType.STRING,
    "sidecar": RowType.STRING,  # namespace/name of the Sidecar that bounds these proxies, "" if none does
    "root": RowType.STRING,  # the mesh's root namespace
    "root_default": RowType.STRING,  # the Sidecar there that selects all workloads, though it may bound nothing
}


@dataclass(slots=True)
class _Mesh:
    """The Sidecars, pods and use that were read beside the autoscalers, and what was refused."""

    sidecars: tuple[Json, ...] = ()
    root: str = _ROOT
    pods: tuple[Json, ...] = ()
    use: dict[tuple[str, str], Json] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)


async def read(look: Look) -> ProbeResult:
    """Read the autoscalers whose pods carry a proxy; not applicable without Istio."""
    mesh = _Mesh()
    try:
        mesh.sidecars = (await look.snapshot.list(_SIDECARS)).items
    except NotServed:
        return ProbeResult(not_applicable="Istio's Sidecar resource is not installed in this cluster")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("Istio's Sidecars"),))
    try:
        scalers, everything = await asyncio.gather(
            look.snapshot.list("HorizontalPodAutoscaler"), look.snapshot.list("Pod")
        )
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(),))
    mesh.pods = everything.items
    meant, missing = in_question(look, scalers.items)
    chosen = [(scaler, pods) for scaler in meant if (pods := _proxied(scaler, mesh.pods))]
    if chosen:
        homes = {namespace_of(scaler) for scaler, _ in chosen}
        mesh.root, _ = await asyncio.gather(_root(look, mesh), _measure(look, mesh, homes))
    rows = sorted((row(look, scaler, _of_proxies(scaler, pods, mesh)) for scaler, pods in chosen), key=worst_first)
    return ProbeResult(rows=tuple(rows), gaps=tuple(mesh.gaps.values()), missing=missing)


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


async def _root(look: Look, mesh: _Mesh) -> str:
    """Return the namespace whose Sidecar applies to the whole mesh, by the mesh's own configuration."""
    try:
        config = await look.snapshot.get("ConfigMap", "istio", namespace=_ROOT)
    except NotFound:
        return _ROOT
    except ClusterError as error:
        mesh.gaps["root"] = error.gap()
        return _ROOT
    written = _ROOT_SETTING.search(str((config.get("data") or {}).get("mesh") or ""))
    return written.group(1) if written else _ROOT


async def _measure(look: Look, mesh: _Mesh, namespaces: set[str]) -> None:
    """Read what the pods of these namespaces use."""
    places = sorted(namespaces) if len(namespaces) <= _MOST_APART else [""]
    try:
        listings = await asyncio.gather(*(look.snapshot.list(_METRICS, namespace=place) for place in places))
        mesh.use.update((place_of(item), item) for listing in listings for item in listing.items)
    except NotServed:
        detail = "this cluster serves no metrics.k8s.io: install metrics-server"
        gap = Gap(what="the use of pods", reason=GapReason.NOT_CONFIGURED, detail=detail,
                  detail_zh="该集群没有提供 metrics.k8s.io：请安装 metrics-server")  # fmt: skip
        mesh.gaps["metrics"] = gap
    except ClusterError as error:
        mesh.gaps["metrics"] = error.gap("the use of pods")


def _of_proxies(scaler: Json, pods: Sequence[Json], mesh: _Mesh) -> dict[str, Value]:
    root_default = next(iter(defaults(mesh.sidecars, mesh.root)), None)
    return {
        **_use(pods, resource=hottest(scaler).resource, mesh=mesh),
        "sidecar": bounding_sidecar(pods[0], mesh.sidecars, root=mesh.root),
        "root": mesh.root,
        "root_default": name_of(root_default) if root_default else "",
    }


def _use(pods: Sequence[Json], *, resource: str, mesh: _Mesh) -> dict[str, Value]:
    """Return what proxies and the other containers of these pods use of a resource."""
    measured = [use for pod in pods if (use := mesh.use.get(place_of(pod)))]
    containers = [each for use in measured for each in use.get("containers") or ()]
    proxy = sum(_amount(each, resource) for each in containers if each.get("name") == PROXY)
    app = sum(_amount(each, resource) for each in containers if each.get("name") != PROXY)
    known = proxy + app > 0
    return {
        "proxy_share": proxy * 100 // (proxy + app) if known else -1,
        "proxy_use": _shown(proxy, resource, len(measured)) if known else "",
        "app_use": _shown(app, resource, len(measured)) if known else "",
    }


def _amount(container: Mapping[str, Any], resource: str) -> int:
    """Return what a container uses of cpu or memory; 0 for anything else."""
    quantity = (container.get("usage") or {}).get(resource) or 0
    try:
        return {"cpu": cpu_millis, "memory": whole}[resource](quantity)
    except (KeyError, ValueError):
        return 0


def _shown(amount: int, resource: str, pods: int) -> str:
    return f"{amount // pods}m" if resource == "cpu" else f"{amount // pods >> 20}Mi"
