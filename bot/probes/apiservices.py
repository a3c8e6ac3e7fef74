"""Aggregated APIs and their backends: the APIService, its Service, endpoints, workload and rival providers.

The aggregator answers 503 for every APIService whose condition Available is not True. The reason decides what helps:
without a Service nothing can serve the API any more; with one, its backend needs repair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from bot.kube.api_names import Api, parse_api_name
from bot.kube.objects import condition, full_name, labels_of, name_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared.backends import PERMISSIONS, Backend, backend
from intents.domain import Json, ObjectRef, ProbeResult, Row

# Few clusters aggregate more than a handful of APIs; only unavailable ones cost reads beyond the first list.
MOST_BACKENDS: Final = 20

# Workloads that exist to serve metrics APIs, by the labels of their charts and manifests.
PROVIDERS: Final[Mapping[str, frozenset[str]]] = {
    "metrics.k8s.io": frozenset({"metrics-server", "prometheus-adapter"}),
    "custom.metrics.k8s.io": frozenset({
        "prometheus-adapter", "custom-metrics-apiserver", "custom-metrics-stackdriver-adapter", "kube-metrics-adapter",
        "datadog-cluster-agent",
    }),
    "external.metrics.k8s.io": frozenset({
        "prometheus-adapter", "keda-operator-metrics-apiserver", "custom-metrics-stackdriver-adapter",
        "kube-metrics-adapter", "datadog-cluster-agent",
    }),
}  # fmt: skip
_NAME_LABELS: Final = ("app.kubernetes.io/name", "k8s-app", "app", "name")


class _Behind(RowValues):
    """The backend of an APIService; unknown where it is available or local."""

    backend: Backend = field(default_factory=Backend)
    claimants: tuple[str, ...] = ()  # namespace/name of Deployments made to serve it


class _ApiService(RowValues):
    """An APIService, or a metrics API that the request names and no APIService serves."""

    name: str
    group: str
    version: str = ""
    registered: bool = True
    asked: bool  # the request is about this one, or names none
    available: str = ""  # True, False or Unknown
    reason: str = ""
    message: str = ""
    since_s: int = UNKNOWN
    local: bool = False
    service_namespace: str = ""
    service: str = ""
    behind: _Behind


@probe(
    says="a row per APIService: is it available, and what is behind it",
    row=_ApiService,
    permissions=(*PERMISSIONS, *may("list", "apiservices.apiregistration.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read every APIService. `missing` where the one named in the text or focus has no object."""
    items = (await look.snapshot.list("APIService")).items
    asked = _asked(look, items)
    down = [item for item in items if not _is_local(item) and condition(item, "Available").get("status") != "True"]
    # Those asked about come first: the bound must not cut them off.
    down.sort(key=lambda item: (asked is not None and _api(item) not in asked, name_of(item)))
    read_behind = await asyncio.gather(*(_behind(look, item) for item in down[:MOST_BACKENDS]))
    behind = dict(zip(map(name_of, down), read_behind, strict=False))
    rows = [
        _row(look, item, asked=asked is None or _api(item) in asked, behind=behind.get(name_of(item), _Behind()))
        for item in sorted(items, key=name_of)
    ]
    if asked == frozenset() and (group := _metrics_group(look)):
        rows.append(await _unregistered(look, group))
    missing = f"APIService {_asked_name(look)}" if asked == frozenset() else ""
    return ProbeResult(rows=tuple(rows), missing=missing)


def _asked(look: Look, items: Sequence[Json]) -> frozenset[Api] | None:
    """Return the APIs the request is about; None when it names none.

    APIs that the API server serves itself are always available: a text that names one (an apiVersion in a manifest) is
    about another.
    """
    name = parse_api_name(_asked_name(look))
    if name is None:
        return None
    meant = name.meant_of(map(_api, items))
    aggregated = meant & {_api(item) for item in items if not _is_local(item)}
    return None if meant and not aggregated else aggregated


def _asked_name(look: Look) -> str:
    """Return the name of an API in the text, group and version before the looser `nodes.metrics.k8s.io`; "" if none."""
    focused = look.focus.name if look.focus.kind == "APIService" else ""
    words = (look.named.get("api", ""), focused, look.named.get("apiservice", ""), look.named.get("resource", ""))
    return next((word for word in words if parse_api_name(word)), "")


def _api(item: Json) -> Api:
    spec = spec_of(item)
    return Api(group=str(spec.get("group") or ""), version=str(spec.get("version") or ""))


def _is_local(item: Json) -> bool:
    return not spec_of(item).get("service")


def _row(look: Look, item: Json, *, asked: bool, behind: _Behind) -> Row:
    available = condition(item, "Available")
    service = spec_of(item).get("service") or {}
    api = _api(item)
    message = str(available.get("message") or "")
    since, about = look.age_s(available.get("lastTransitionTime")), ref(item, "APIService")
    return _ApiService(
        name=about.name,
        group=api.group,
        version=api.version,
        asked=asked,
        available=str(available.get("status") or "Unknown"),
        reason=str(available.get("reason") or ""),
        message=message,
        since_s=since,
        local=_is_local(item),
        service_namespace=str(service.get("namespace") or ""),
        service=str(service.get("name") or ""),
        behind=behind,
    ).row(
        about,
        quote=message,
        reproduce=manifest_of(about),
        at=look.moment(since),
        lasts=True,
    )


def _metrics_group(look: Look) -> str:
    """Return the group of the metrics API that the request names, "" for another API."""
    name = parse_api_name(_asked_name(look))
    fitting = [group for group in PROVIDERS if name and f".{name.domain}".endswith(f".{group}")]
    return max(fitting, key=len, default="")


async def _unregistered(look: Look, group: str) -> Row:
    """Return a row for a metrics API without an APIService, with what is installed to serve it."""
    api = Api(group=group, version="v1beta1")
    behind = _Behind(claimants=await _claimants(look, group))
    row = _ApiService(name=api.object_name, group=api.group, registered=False, asked=True, behind=behind)
    return row.row(ObjectRef(kind="APIService", name=api.object_name), reproduce="kubectl get apiservices")


async def _behind(look: Look, item: Json) -> _Behind:
    """Return what is behind an APIService that is not available."""
    place = item["spec"]["service"]
    served_by = backend(look, namespace=str(place.get("namespace") or ""), service=str(place.get("name") or ""))
    behind, claimants = await asyncio.gather(served_by, _claimants(look, _api(item).group))
    return _Behind(backend=behind, claimants=claimants)


async def _claimants(look: Look, group: str) -> tuple[str, ...]:
    """Return the Deployments made to serve a metrics API, in any namespace."""
    known = PROVIDERS.get(group, frozenset())
    deployments = await look.list("Deployment") if known else ()
    return tuple(sorted(full_name(each) for each in deployments if _names(each) & known))


def _names(deployment: Json) -> set[str]:
    labels = labels_of(deployment)
    return {name_of(deployment), *(str(labels[key]) for key in _NAME_LABELS if key in labels)}
