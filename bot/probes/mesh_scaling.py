"""Autoscalers whose pods carry an Istio proxy: its share of the use they scale by, and the Sidecar that bounds it.

A HorizontalPodAutoscaler adds up all containers of a pod. A proxy that no Sidecar resource bounds keeps the
configuration of every Service of the mesh, and can reach the target by itself, with no request to serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.kube.autoscaling import hottest
from bot.kube.conditions import condition
from bot.kube.istio import bounding, defaults
from bot.kube.quantities import cpu_millis, whole
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from bot.probes.shared.scope import name_of, namespace_of, owner_of, ref
from intents.domain import Gap, GapReason, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

PROXY: Final = "istio-proxy"
_SIDECARS: Final = "sidecars.networking.istio.io"
_METRICS: Final = "podmetrics.metrics.k8s.io"
_ROOT: Final = "istio-system"
_ROOT_SETTING: Final = re.compile(r"(?m)^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)")
# Beyond so many namespaces the use of all pods is read at once.
_MOST_APART: Final = 5

DECLARATION: Final = ProbeDeclaration(
    name="mesh-scaling",
    says="a row per HorizontalPodAutoscaler in question whose pods carry an Istio proxy",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "target_kind": RowType.STRING,
        "target": RowType.STRING,
        "current": RowType.INTEGER,
        "desired": RowType.INTEGER,
        "max": RowType.INTEGER,
        "at_max": RowType.BOOLEAN,
        "scaled_s": RowType.INTEGER,  # since it last scaled; -1 never
        "resource": RowType.STRING,  # cpu or memory: the one of its metrics that is highest against its target
        "percent": RowType.INTEGER,  # of the request, over all containers; -1 unknown
        "target_percent": RowType.INTEGER,
        "over": RowType.BOOLEAN,  # above its target now
        "one_container": RowType.BOOLEAN,  # it measures single containers only, so that no proxy counts
        "pods": RowType.INTEGER,  # of its target, with a proxy
        "measured": RowType.INTEGER,  # of these, whose use is known
        "proxy_share": RowType.INTEGER,  # percent of the use of that resource; -1 unknown
        "proxy_use": RowType.STRING,  # of an average pod, as kubectl top shows it
        "app_use": RowType.STRING,
        "sidecar": RowType.STRING,  # namespace/name of the Sidecar that bounds these proxies, "" if none does
        "root": RowType.STRING,  # the mesh's root namespace
        "root_default": RowType.STRING,  # the Sidecar there that means all workloads, though it may bound nothing
    },
    permissions=(
        Permission(verb="list", group="autoscaling", resource="horizontalpodautoscalers"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", group="metrics.k8s.io", resource="pods"),
        Permission(verb="list", group="networking.istio.io", resource="sidecars"),
        Permission(verb="get", resource="configmaps"),
    ),
)


@dataclass(slots=True)
class _Mesh:
    """What was read beside the autoscalers, and what was refused."""

    sidecars: tuple[Json, ...] = ()
    root: str = _ROOT
    pods: tuple[Json, ...] = ()
    use: dict[tuple[str, str], Json] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)


async def read(look: Look) -> Reading:
    """`not_applicable` without Istio; `missing` where the autoscaler named is not there."""
    mesh = _Mesh()
    try:
        mesh.sidecars = (await look.snapshot.list(_SIDECARS)).items
    except NotServed:
        return Reading(not_applicable="Istio's Sidecar resource is not installed in this cluster")
    except ClusterError as error:
        return Reading(gaps=(error.gap("Istio's Sidecars"),))
    try:
        scalers = await look.snapshot.list("HorizontalPodAutoscaler")
        mesh.pods = (await look.snapshot.list("Pod")).items
    except ClusterError as error:
        return Reading(gaps=(error.gap(),))
    asked = [(each, _proxied(each, mesh.pods)) for each in scalers.items if _asked(look, each)]
    chosen = [(scaler, pods) for scaler, pods in asked if pods]
    if chosen:
        mesh.root = await _root(look, mesh)
        await _measure(look, mesh, {namespace_of(scaler) for scaler, _ in chosen})
    named = look.named.get("hpa", "")
    rows = [_row(look, scaler, pods=pods, mesh=mesh) for scaler, pods in chosen]
    return Reading(
        rows=tuple(sorted(rows, key=_worst_first)),
        gaps=tuple(mesh.gaps.values()),
        missing=f"HorizontalPodAutoscaler {named}" if named and not asked else "",
    )


def _worst_first(row: Row) -> tuple[bool, bool, int, str]:
    values = row.values
    return not values["at_max"], not values["over"], -int(str(values["proxy_share"])), str(row.subject)


def _target(scaler: Json) -> tuple[str, str]:
    reference = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
    return str(reference.get("kind") or ""), str(reference.get("name") or "")


def _asked(look: Look, scaler: Json) -> bool:
    """Whether the request means it: by its own name, its target's, or a pod's of its target; else by the namespace."""
    focus = look.focus
    if focus.namespace and focus.namespace != namespace_of(scaler):
        return False
    if named := look.named.get("hpa", ""):
        return name_of(scaler) == named
    kind, name = _target(scaler)
    if focus.name and focus.kind == "Pod":
        return focus.name.startswith(f"{name}-")
    return not focus.name or (focus.kind, focus.name) == (kind, name)


def _proxied(scaler: Json, pods: Iterable[Json]) -> list[Json]:
    """The running pods of its target that carry a proxy, as a container or as a native sidecar."""
    home, (kind, name) = namespace_of(scaler), _target(scaler)
    found = []
    for pod in pods:
        owner = owner_of(pod)
        if namespace_of(pod) != home or (owner.kind, owner.name) != (kind, name):
            continue
        spec = pod.get("spec") or {}
        containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
        if any(each.get("name") == PROXY for each in containers):
            found.append(pod)
    return found


async def _root(look: Look, mesh: _Mesh) -> str:
    """The namespace whose Sidecar means the whole mesh, by the mesh's own configuration."""
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
    places = sorted(namespaces) if len(namespaces) <= _MOST_APART else [""]
    try:
        for place in places:
            for item in (await look.snapshot.list(_METRICS, namespace=place)).items:
                mesh.use[namespace_of(item), name_of(item)] = item
    except NotServed:
        detail = "this cluster serves no metrics.k8s.io: install metrics-server"
        gap = Gap(what="the use of pods", reason=GapReason.NOT_CONFIGURED, detail=detail,
                  detail_zh="该集群没有提供 metrics.k8s.io：请安装 metrics-server")  # fmt: skip
        mesh.gaps["metrics"] = gap
    except ClusterError as error:
        mesh.gaps["metrics"] = error.gap("the use of pods")


def _row(look: Look, scaler: Json, *, pods: Sequence[Json], mesh: _Mesh) -> Row:
    spec, status = scaler.get("spec") or {}, scaler.get("status") or {}
    kind, target = _target(scaler)
    most, current = int(spec.get("maxReplicas") or 0), int(status.get("currentReplicas") or 0)
    limited = condition(scaler, "ScalingLimited")
    at_max = 1 < most <= current or (limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas")
    metric = hottest(scaler)
    root_default = next(iter(defaults(mesh.sidecars, mesh.root)), None)
    home, name = namespace_of(scaler), name_of(scaler)
    return Row(
        values={
            "namespace": home,
            "name": name,
            "target_kind": kind,
            "target": target,
            "current": current,
            "desired": int(status.get("desiredReplicas") or 0),
            "max": most,
            "at_max": at_max,
            "scaled_s": age_s(look.snapshot, status.get("lastScaleTime")),
            "resource": metric.resource,
            "percent": metric.current,
            "target_percent": metric.target,
            "over": metric.current > metric.target >= 0,
            "one_container": metric.one_container,
            **_use(pods, resource=metric.resource, mesh=mesh),
            "sidecar": bounding(pods[0], mesh.sidecars, root=mesh.root),
            "root": mesh.root,
            "root_default": name_of(root_default) if root_default else "",
        },
        subject=ref(scaler, "HorizontalPodAutoscaler"),
        quote=f"{current} of at most {most} replicas, {metric.resource}: {metric.current}%/{metric.target}%",
        reproduce=f"kubectl -n {home} describe hpa {name}; kubectl -n {home} top pods --containers",
    )


def _use(pods: Sequence[Json], *, resource: str, mesh: _Mesh) -> dict[str, Value]:
    """What proxies and the other containers of these pods use of a resource."""
    reads = {"cpu": cpu_millis, "memory": whole}.get(resource)
    measured = [use for pod in pods if (use := mesh.use.get((namespace_of(pod), name_of(pod))))]
    proxy = app = 0
    for use in measured if reads else ():
        for container in use.get("containers") or ():
            try:
                amount = reads((container.get("usage") or {}).get(resource) or 0) if reads else 0
            except ValueError:
                continue
            if container.get("name") == PROXY:
                proxy += amount
            else:
                app += amount
    known = bool(measured) and proxy + app > 0
    return {
        "pods": len(pods),
        "measured": len(measured),
        "proxy_share": proxy * 100 // (proxy + app) if known else -1,
        "proxy_use": _shown(proxy, resource, len(measured)) if known else "",
        "app_use": _shown(app, resource, len(measured)) if known else "",
    }


def _shown(amount: int, resource: str, pods: int) -> str:
    return f"{amount // pods}m" if resource == "cpu" else f"{amount // pods >> 20}Mi"


PROBE: Final = Probe(declaration=DECLARATION, read=read)
