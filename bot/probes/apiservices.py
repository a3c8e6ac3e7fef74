"""Aggregated APIs and their backends: the APIService, its Service, endpoints, workload and rival providers.

The aggregator answers 503 for every APIService whose condition Available is not True. The reason decides what helps:
without a Service nothing can serve the API any more; with one, its backend needs repair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.api_names import Api, parse_api_name
from bot.kube.conditions import condition
from bot.kube.objects import labels_of, name_of, namespace_of, ref, spec_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN as UNKNOWN_AGE
from bot.probes.shared.ages import age_s, moment
from bot.probes.shared.backends import KEYS, PERMISSIONS, UNKNOWN, Found, backend, together
from intents.domain import Gap, Json, ObjectRef, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

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

DECLARATION: Final = ProbeDeclaration(
    name="apiservices",
    says="a row per APIService: is it available, and what is behind it",
    rows={
        "name": RowType.STRING,
        "group": RowType.STRING,
        "version": RowType.STRING,
        "registered": RowType.BOOLEAN,  # False for a metrics API that the request names and no APIService serves
        "asked": RowType.BOOLEAN,  # the request is about this one, or names none
        "available": RowType.STRING,  # True, False or Unknown
        "reason": RowType.STRING,
        "message": RowType.STRING,
        "since_s": RowType.INTEGER,
        "local": RowType.BOOLEAN,
        "service_namespace": RowType.STRING,
        "service": RowType.STRING,
        **KEYS,  # unknown where it is available or local
        "claimants": RowType.STRINGS,  # namespace/name of Deployments made to serve it; () where it is available
    },
    permissions=(
        Permission(verb="list", group="apiregistration.k8s.io", resource="apiservices"),
        *PERMISSIONS,
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read every APIService. `missing` where the one named in the text or focus has no object."""
    try:
        listing = await look.snapshot.list("APIService")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the APIServices"),))
    gaps = [gap] if (gap := listing.gap("the APIServices")) else []
    asked = _asked(look, listing.items)
    down = [
        item for item in listing.items if not _is_local(item) and condition(item, "Available").get("status") != "True"
    ]
    # Those asked about come first: the bound must not cut them off.
    down.sort(key=lambda item: (asked is not None and _api(item) not in asked, name_of(item)))
    behind = dict(
        zip(
            map(name_of, down),
            await asyncio.gather(*(_behind(look, item) for item in down[:MOST_BACKENDS])),
            strict=False,
        )
    )
    rows = []
    for item in sorted(listing.items, key=name_of):
        values, own_gaps = behind.get(name_of(item), (_NOTHING_BEHIND, ()))
        gaps += own_gaps
        rows.append(_row(look, item, asked=asked is None or _api(item) in asked, behind=values))
    if asked == frozenset() and (group := _metrics_group(look)):
        row, own_gaps = await _unregistered(look, group)
        gaps += own_gaps
        rows.append(row)
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=f"APIService {_asked_name(look)}" if asked == frozenset() else "",
    )


def _asked(look: Look, items: Iterable[Json]) -> frozenset[Api] | None:
    """Return the APIs the request is about; None when it names none.

    APIs that the API server serves itself are always available: a text that names one (an apiVersion in a manifest) is
    about another.
    """
    name = parse_api_name(_asked_name(look))
    if name is None:
        return None
    items = tuple(items)
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


_NOTHING_BEHIND: Final[Mapping[str, Value]] = {**UNKNOWN, "claimants": ()}


def _row(look: Look, item: Json, *, asked: bool, behind: Mapping[str, Value]) -> Row:
    available = condition(item, "Available")
    service = spec_of(item).get("service") or {}
    api = _api(item)
    message = str(available.get("message") or "")
    since = age_s(look.snapshot, available.get("lastTransitionTime"))
    values: dict[str, Value] = {
        "name": name_of(item),
        "group": api.group,
        "version": api.version,
        "registered": True,
        "asked": asked,
        "available": str(available.get("status") or "Unknown"),
        "reason": str(available.get("reason") or ""),
        "message": message,
        "since_s": since,
        "local": _is_local(item),
        "service_namespace": str(service.get("namespace") or ""),
        "service": str(service.get("name") or ""),
        **behind,
    }
    return Row(
        values=values,
        subject=ref(item, "APIService"),
        quote=message,
        reproduce=f"kubectl get apiservice {name_of(item)} -o yaml",
        at=moment(look.snapshot, since),
        lasts=True,
    )


def _metrics_group(look: Look) -> str:
    """Return the group of the metrics API that the request names, "" for another API."""
    name = parse_api_name(_asked_name(look))
    fitting = [group for group in PROVIDERS if name and f".{name.domain}".endswith(f".{group}")]
    return max(fitting, key=len, default="")


async def _unregistered(look: Look, group: str) -> tuple[Row, tuple[Gap, ...]]:
    """Return a row for a metrics API without an APIService, with what is installed to serve it, and the gaps."""
    api = Api(group=group, version="v1beta1")
    behind, gaps = await together(_claimants(look, group), start=_NOTHING_BEHIND)
    values: dict[str, Value] = {
        "name": api.object_name,
        "group": api.group,
        "version": "",
        "registered": False,
        "asked": True,
        "available": "",
        "reason": "",
        "message": "",
        "since_s": UNKNOWN_AGE,
        "local": False,
        "service_namespace": "",
        "service": "",
        **behind,
    }
    row = Row(
        values=values,
        subject=ObjectRef(kind="APIService", name=api.object_name),
        reproduce="kubectl get apiservices",
    )
    return row, gaps


async def _behind(look: Look, item: Json) -> Found:
    """Return what is behind an APIService that is not available, and what of it could not be read."""
    place = item["spec"]["service"]
    served_by = backend(look, namespace=str(place.get("namespace") or ""), service=str(place.get("name") or ""))
    return await together(served_by, _claimants(look, _api(item).group), start=_NOTHING_BEHIND)


async def _claimants(look: Look, group: str) -> Found:
    """Return the Deployments made to serve a metrics API, in any namespace."""
    known = PROVIDERS.get(group, frozenset())
    if not known:
        return {}, ()
    listing = await look.snapshot.list("Deployment")
    found = sorted(f"{namespace_of(item)}/{name_of(item)}" for item in listing.items if _names(item) & known)
    return {"claimants": tuple(found)}, ()


def _names(deployment: Json) -> set[str]:
    labels = labels_of(deployment)
    return {name_of(deployment), *(str(labels[key]) for key in _NAME_LABELS if key in labels)}


PROBE: Final = Probe(declaration=DECLARATION, read=read)
