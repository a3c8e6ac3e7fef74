"""HorizontalPodAutoscalers: how far they scaled, by which metric, why they have none, and what an Istio proxy adds.

A HorizontalPodAutoscaler adds up all containers of a pod. A proxy that no Sidecar resource bounds keeps the
configuration of every Service of the mesh, and can reach the target by itself, with no request to serve.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.autoscaling import API_OF_REASON, Metric, above_target, hottest, missing_request, target_of
from bot.kube.containers import template_containers
from bot.kube.ingresses import bounding_sidecar, defaults
from bot.kube.objects import (
    all_containers,
    condition,
    created_at,
    name_of,
    namespace_of,
    place_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.owners import owner_of
from bot.kube.quantities import CPU, MEMORY, thousandths, whole_or
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.measured_use import READS_USE, measured_use
from intents.domain import ArgDeclaration, Json, ProbeResult, Row


class _Pipeline(RowValues):
    """The pipeline of the metrics that an autoscaler lacks; empty where it has them or nothing of it was read."""

    api: str = ""  # the API of the metrics that it cannot read
    api_problem: str = ""  # why that API answers nothing, "" if it is available
    no_request: tuple[str, ...] = ()  # containers of its target without the request that the metric needs


class _Scaler(RowValues):
    """A HorizontalPodAutoscaler."""

    of_subject = ("namespace", "name")

    target_kind: str
    target: str
    current: int
    max: int
    at_max: bool  # it has reached its maximum, or would go beyond it
    metric: Metric  # the one of its metrics that is highest against its target
    over: bool  # above its target now
    created_s: int
    no_scale: str  # why its controller cannot read the scale of its target, "" if it can
    no_scale_s: int  # since when
    active: str  # the condition ScalingActive: True, False, "" before the first look
    active_reason: str
    active_message: str
    active_s: int  # since when
    limited: bool  # it would run more replicas than its maximum
    limited_s: int  # since when it is limited or not
    above: str  # the metrics above their targets: cpu: 188%/60%
    pipeline: _Pipeline


def _in_question(look: Look, scalers: Iterable[Json]) -> tuple[list[Json], str]:
    """Return the autoscalers that the request means, and the name of the one that it names and that does not exist."""
    named = look.named.get("hpa", "") or (look.focus.name if look.focus.kind == "HorizontalPodAutoscaler" else "")
    found = [each for each in scalers if _is_meant(look, each, named)]
    return found, f"HorizontalPodAutoscaler {named}" if named and not found else ""


def _is_meant(look: Look, scaler: Json, named: str) -> bool:
    """Tell whether the request means it: by its name, its target's, or that of a pod; else by the namespace."""
    focus = look.focus
    if focus.namespace and focus.namespace != namespace_of(scaler):
        return False
    if named:
        return name_of(scaler) == named
    kind, name = target_of(scaler)
    if focus.name and focus.kind == "Pod":
        return focus.name.startswith(f"{name}-")
    return not focus.name or (focus.kind, focus.name) == (kind, name)


def _row(look: Look, scaler: Json, *, pipeline: _Pipeline | None = None, proxies: RowValues | None = None) -> Row:
    """Return the row of an autoscaler, with the values that the argument `proxy` adds."""
    status, metric = status_of(scaler), hottest(scaler)
    kind, target = target_of(scaler)
    most, current = int(spec_of(scaler).get("maxReplicas") or 0), int(status.get("currentReplicas") or 0)
    namespace, name = namespace_of(scaler), name_of(scaler)
    active, limited = condition(scaler, "ScalingActive"), condition(scaler, "ScalingLimited")
    able = condition(scaler, "AbleToScale")
    held_back = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas"
    unread = able if able.get("reason") == "FailedGetScale" else {}
    return _Scaler(
        target_kind=kind,
        target=target,
        current=current,
        max=most,
        at_max=1 < most <= current or held_back,
        metric=metric,
        over=metric.percent > metric.target_percent >= 0,
        created_s=look.age_s(created_at(scaler)),
        no_scale=str(unread.get("message") or unread.get("reason") or ""),
        no_scale_s=look.age_s(unread.get("lastTransitionTime")),
        active=str(active.get("status") or ""),
        active_reason=str(active.get("reason") or ""),
        active_message=str(active.get("message") or ""),
        active_s=look.age_s(active.get("lastTransitionTime")),
        limited=held_back,
        limited_s=look.age_s(limited.get("lastTransitionTime")),
        above=", ".join(above_target(scaler)),
        pipeline=pipeline or _Pipeline(),
    ).row(
        ref(scaler, "HorizontalPodAutoscaler"),
        quote=f"{current} of at most {most} replicas, {metric.resource}: {metric.percent}%/{metric.target_percent}%",
        reproduce=f"kubectl -n {namespace} describe hpa {name}; kubectl -n {namespace} top pods --containers",
        more=proxies.values() if proxies else None,
    )


def _worst_first(row: Row) -> tuple[bool, bool, int, str]:
    """Return the sort key: those at their maximum first, then those above their target, then by the proxy's share."""
    values = row.values
    return not values["at_max"], not values["over"], -int(str(values.get("proxy_share", 0))), str(row.subject)


_READS_PIPELINE: Final = (
    *may("list", "apiservices.apiregistration.k8s.io"),
    *may("get", "deployments.apps", "statefulsets.apps", "replicasets.apps"),
)
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
# Of so many autoscalers without metrics the target is read.
_MOST_TARGETS: Final = 10


async def _pipelines(look: Look, scalers: Iterable[Json]) -> dict[tuple[str, str], _Pipeline]:
    """Return the pipelines of the autoscalers without metrics by their place; nothing is read if all have theirs."""
    blind = [each for each in scalers if condition(each, "ScalingActive").get("reason") in API_OF_REASON]
    services = await look.whole("APIService") if blind else None
    found: dict[tuple[str, str], _Pipeline] = {}
    for count, scaler in enumerate(blind):
        api = API_OF_REASON[str(condition(scaler, "ScalingActive")["reason"])]
        found[place_of(scaler)] = _Pipeline(
            api=api,
            api_problem="" if services is None else _problem(api, services),
            no_request=await _without_request(look, scaler) if count < _MOST_TARGETS else (),
        )
    return found


def _problem(group: str, services: Iterable[Json]) -> str:
    """Return why an API answers nothing; "" if one of its versions is available."""
    mine = [each for each in services if spec_of(each).get("group") == group]
    down = [available for each in mine if (available := condition(each, "Available")).get("status") != "True"]
    if len(down) < len(mine):
        return ""
    return str(down[0].get("message") or down[0].get("reason") or "") if down else "no APIService is registered for it"


async def _without_request(look: Look, scaler: Json) -> tuple[str, ...]:
    """Return the container that the controller says lacks the request, else those of the target's template."""
    missing = missing_request(str(condition(scaler, "ScalingActive").get("message") or ""))
    if missing is None or missing.container:
        return (missing.container,) if missing else ()
    kind, name = target_of(scaler)
    target = await look.find(kind, name, namespace=namespace_of(scaler)) if kind in _WORKLOADS else None
    containers = template_containers(target or {})
    return tuple(str(each.get("name")) for each in containers if not _requests(each, missing.resource))


def _requests(container: Mapping[str, Any], resource: str) -> bool:
    """Tell whether a container requests a resource; a limit alone is also its request."""
    resources = container.get("resources") or {}
    return any((resources.get(key) or {}).get(resource) for key in ("requests", "limits"))


PROXY: Final = "istio-proxy"
_SIDECARS: Final = "sidecars.networking.istio.io"
_ROOT: Final = "istio-system"
_ROOT_SETTING: Final = re.compile(r"(?m)^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)")


class _ProxyUse(RowValues):
    """The use of a resource by proxies, compared with the other containers of their pods."""

    proxy_share: int = -1  # percent of the use of that resource; -1 unknown
    proxy_use: str = ""  # of an average pod, as kubectl top shows it
    app_use: str = ""


class _Proxies(RowValues):
    """The Istio proxies in the pods of an autoscaler."""

    use: _ProxyUse
    sidecar: str  # namespace/name of the Sidecar that bounds these proxies, "" if none does
    root: str  # the mesh's root namespace
    root_default: str  # the Sidecar there that selects all workloads, though it may bound nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mesh:
    """The Sidecars of a mesh, its root namespace, and the measured use of pods by their place."""

    sidecars: tuple[Json, ...]
    root: str
    use: Mapping[tuple[str, str], Json]


async def _with_proxies(look: Look) -> ProbeResult:
    """Read the autoscalers whose pods carry a proxy; not applicable without Istio."""
    sidecars = await look.snapshot.list(_SIDECARS)
    scalers, pods = await asyncio.gather(look.snapshot.list("HorizontalPodAutoscaler"), look.snapshot.list("Pod"))
    meant, missing = _in_question(look, scalers.items)
    chosen = [(scaler, mine) for scaler in meant if (mine := _proxied(scaler, pods.items))]
    if not chosen:
        return ProbeResult(missing=missing)
    homes = {namespace_of(scaler) for scaler, _ in chosen}
    root, use = await asyncio.gather(_root(look), look.unless_refused(measured_use(look, homes), {}))
    mesh = _Mesh(sidecars=sidecars.items, root=root, use=use)
    rows = [_row(look, scaler, proxies=_of_proxies(scaler, mine, mesh)) for scaler, mine in chosen]
    return ProbeResult(rows=tuple(sorted(rows, key=_worst_first)), missing=missing)


def _proxied(scaler: Json, pods: Iterable[Json]) -> list[Json]:
    """Return the pods of its target that carry a proxy, as a container or as a native sidecar."""
    namespace, target = namespace_of(scaler), target_of(scaler)
    return [
        pod
        for pod in pods
        if namespace_of(pod) == namespace
        and (owner_of(pod).kind, owner_of(pod).name) == target
        and any(each.get("name") == PROXY for each in all_containers(spec_of(pod)))
    ]


async def _root(look: Look) -> str:
    """Return the namespace whose Sidecar applies to the whole mesh, by the mesh's own configuration."""
    config = await look.find("ConfigMap", "istio", namespace=_ROOT) or {}
    written = _ROOT_SETTING.search(str((config.get("data") or {}).get("mesh") or ""))
    return written.group(1) if written else _ROOT


def _of_proxies(scaler: Json, pods: Sequence[Json], mesh: _Mesh) -> _Proxies:
    root_default = next(iter(defaults(mesh.sidecars, mesh.root)), None)
    return _Proxies(
        use=_proxy_use(pods, resource=hottest(scaler).resource, mesh=mesh),
        sidecar=bounding_sidecar(pods[0], mesh.sidecars, root=mesh.root),
        root=mesh.root,
        root_default=name_of(root_default) if root_default else "",
    )


def _proxy_use(pods: Sequence[Json], *, resource: str, mesh: _Mesh) -> _ProxyUse:
    """Return what proxies and the other containers of these pods use of a resource."""
    measured = [use for pod in pods if (use := mesh.use.get(place_of(pod)))]
    containers = [each for use in measured for each in use.get("containers") or ()]
    proxy = sum(_amount(each, resource) for each in containers if each.get("name") == PROXY)
    app = sum(_amount(each, resource) for each in containers if each.get("name") != PROXY)
    if proxy + app <= 0:
        return _ProxyUse()
    return _ProxyUse(
        proxy_share=proxy * 100 // (proxy + app),
        proxy_use=_shown(proxy, resource, len(measured)),
        app_use=_shown(app, resource, len(measured)),
    )


def _amount(container: Mapping[str, Any], resource: str) -> int:
    """Return what a container uses of cpu or memory; 0 for anything else."""
    quantity = (container.get("usage") or {}).get(resource) or 0
    return {CPU: thousandths(quantity), MEMORY: whole_or(quantity, 0)}.get(resource, 0)


def _shown(amount: int, resource: str, pods: int) -> str:
    return f"{amount // pods}m" if resource == "cpu" else f"{amount // pods >> 20}Mi"


@probe(
    says="a row per HorizontalPodAutoscaler in question",
    row=_Scaler,
    args={
        "proxy": ArgDeclaration(
            says="istio: only those whose pods carry an Istio proxy, with its share of the use and the Sidecar that"
            " bounds it",
            choices=("istio",),
            fills={"istio": _Proxies.keys()},
        )
    },
    permissions=(
        *_READS_PIPELINE,
        *may("list", "horizontalpodautoscalers.autoscaling", "sidecars.networking.istio.io"),
        *READS_USE,
        *may("list", "pods"),
        *may("get", "configmaps"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the autoscalers in question; `missing` where the one named does not exist."""
    if look.args.get("proxy") == "istio":
        return await _with_proxies(look)
    scalers, missing = _in_question(look, (await look.snapshot.list("HorizontalPodAutoscaler")).items)
    found = await _pipelines(look, scalers)
    rows = [_row(look, each, pipeline=found.get(place_of(each))) for each in scalers]
    return ProbeResult(rows=tuple(sorted(rows, key=_worst_first)), missing=missing)
