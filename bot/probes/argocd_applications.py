"""Argo CD Applications that keep a Prometheus, or that fail on a definition too large to be applied.

A row has Argo CD's view and that of the Prometheus object and its pods. Argo CD takes the health of a Prometheus from
its status: an operator that writes none leaves the Application waiting although all is well, and only the StatefulSet
shows it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.kube.objects import condition, name_of, namespace_of, place_of, pod_spec_of, ref, spec_of, status_of
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.kinds import served_objects
from intents.domain import Json, ProbeResult, Row

_APPLICATIONS: Final = "applications.argoproj.io"
_PROMETHEUSES: Final = "prometheuses.monitoring.coreos.com"
MOST: Final = 1000
# Argo CD's names for the cluster it runs in.
_HERE: Final = frozenset(
    {"https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local", "in-cluster"}
)
_TOO_LONG: Final = re.compile(r"\"(?P<name>[a-z0-9.-]+)\" is invalid: metadata\.annotations: Too long", re.IGNORECASE)
_SAYS_TOO_LONG: Final = re.compile(r"metadata\.annotations: Too long", re.IGNORECASE)


class _Prometheus(RowValues):
    """A Prometheus that an Application keeps, with its StatefulSet and its operator."""

    prometheus_namespace: str
    prometheus: str  # "" if it keeps none
    prometheus_health: str  # as the Application has it; "" since Argo CD 3 keeps it elsewhere
    exists: bool  # the Prometheus object was read
    available: str  # its condition Available; "" without one
    unavailable_because: str
    ready: int  # of its pods, by the StatefulSet; -1 unknown
    wanted: int
    operator: str  # the version of prometheus-operator, "" unknown


class _Application(RowValues):
    """An Application, its last operation, and one Prometheus that it keeps."""

    of_subject = ("namespace", "name")

    health: str  # Healthy, Progressing, Degraded …
    sync: str
    phase: str  # of the last operation: Running, Succeeded, Failed, Error
    too_long: tuple[str, ...]  # objects that the last operation could not apply for their size
    options: tuple[str, ...]  # its sync options
    here: bool  # it deploys into this cluster
    kept: _Prometheus


@probe(
    says="a row per Prometheus that an Argo CD Application in question keeps, and per one that fails on its size",
    row=_Application,
    permissions=may("list", _APPLICATIONS, _PROMETHEUSES, "statefulsets.apps", "deployments.apps"),
)
async def read(look: Look) -> ProbeResult:
    """Read the Applications in question; not applicable without Argo CD, `missing` where the one named is gone."""
    applications = await served_objects(look, _APPLICATIONS, limit=MOST)
    if not applications.served:
        return ProbeResult(not_applicable="Argo CD is not installed in this cluster: it has no Application")
    in_question = (item for item in applications.items if _is_in_question(look, item))
    relevant = [(item, kept) for item in in_question for kept in _kept(look, item)]
    found: dict[str, tuple[Json, ...]] = {}
    if any(kept for _, kept in relevant):
        kinds = (_PROMETHEUSES, "StatefulSet", "Deployment")
        parts = await asyncio.gather(*(served_objects(look, kind, limit=5 * MOST) for kind in kinds))
        found = {kind: part.items for kind, part in zip(kinds, parts, strict=True)}
    rows = [_row(item, kept=kept, found=found) for item, kept in relevant]
    named = look.named.get("application", "")
    is_gone = named and applications.whole and all(name_of(item) != named for item in applications.items)
    return ProbeResult(
        rows=tuple(sorted(rows, key=lambda row: (str(row.subject), str(row.values["prometheus"])))),
        missing=f"Application {named}" if is_gone else "",
    )


def _kept(look: Look, application: Json) -> Iterable[Mapping[str, Any]]:
    """Return the Prometheus objects among its resources; an empty one where only a size is in question."""
    mine = [each for each in _resources(application) if each.get("kind") == "Prometheus"]
    return mine or ([{}] if _too_long(application) or look.named.get("crd") else [])


def _resources(application: Json) -> tuple[Mapping[str, Any], ...]:
    return tuple(status_of(application).get("resources") or ())


def _operation(application: Json) -> Mapping[str, Any]:
    return status_of(application).get("operationState") or {}


def _too_long(application: Json) -> tuple[str, ...]:
    """Return the objects that the last operation could not apply for their size; none once it has succeeded."""
    operation = _operation(application)
    if operation.get("phase") == "Succeeded":
        return ()
    conditions = status_of(application).get("conditions") or ()
    messages = (str(each.get("message") or "") for each in (operation, *conditions))
    named = {match["name"] for text in messages for match in _TOO_LONG.finditer(text)}
    results = (operation.get("syncResult") or {}).get("resources") or ()
    failed = (each for each in results if _SAYS_TOO_LONG.search(str(each.get("message") or "")))
    return tuple(sorted(named | {str(each.get("name") or "") for each in failed}))


def _row(application: Json, *, kept: Mapping[str, Any], found: Mapping[str, tuple[Json, ...]]) -> Row:
    status, spec = status_of(application), spec_of(application)
    here = _is_here(spec.get("destination") or {})
    home, name = namespace_of(application), name_of(application)
    health = str((status.get("health") or {}).get("status") or "")
    phase = str(_operation(application).get("phase") or "")
    return _Application(
        health=health,
        sync=str((status.get("sync") or {}).get("status") or ""),
        phase=phase,
        too_long=_too_long(application),
        options=tuple((spec.get("syncPolicy") or {}).get("syncOptions") or ()),
        here=here,
        kept=_prometheus(kept, found if here else {}),
    ).row(
        ref(application, "Application"),
        quote=f"health: {health}, operation: {phase or 'none'}",
        reproduce=f"kubectl -n {home} get {_APPLICATIONS} {name} -o yaml",
    )


def _is_here(destination: Mapping[str, Any]) -> bool:
    """Tell whether an Application deploys into the cluster that Argo CD runs in."""
    return not destination or bool({destination.get("server"), destination.get("name")} & _HERE)


def _is_in_question(look: Look, application: Json) -> bool:
    """Tell whether the text is about this Application: by its name, by a definition it applies, or it names none."""
    if named := look.named.get("application", ""):
        return name_of(application) == named
    definition = look.named.get("crd", "")
    applied = (each.get("name") for each in _resources(application) if each.get("kind") == "CustomResourceDefinition")
    return not definition or definition in (*_too_long(application), *applied)


def _prometheus(kept: Mapping[str, Any], found: Mapping[str, tuple[Json, ...]]) -> _Prometheus:
    home, name = str(kept.get("namespace") or ""), str(kept.get("name") or "")
    prometheus = _named(found.get(_PROMETHEUSES, ()), home, name)
    stateful = _named(found.get("StatefulSet", ()), home, f"prometheus-{name}")
    available = condition(prometheus or {}, "Available")
    return _Prometheus(
        prometheus_namespace=home,
        prometheus=name,
        prometheus_health=str((kept.get("health") or {}).get("status") or ""),
        exists=prometheus is not None,
        available=str(available.get("status") or ""),
        unavailable_because=str(available.get("message") or available.get("reason") or ""),
        ready=int(status_of(stateful).get("readyReplicas") or 0) if stateful else -1,
        wanted=int(spec_of(stateful).get("replicas", 1)) if stateful else -1,
        operator=next(filter(None, map(_operator_version, found.get("Deployment", ()))), ""),
    )


def _named(objects: Iterable[Json], namespace: str, name: str) -> Json | None:
    return next((each for each in objects if place_of(each) == (namespace, name)), None)


def _operator_version(deployment: Json) -> str:
    """Return the tag of prometheus-operator's image; "" for any other Deployment."""
    template = pod_spec_of(deployment)
    images = (str(each.get("image") or "").partition("@")[0] for each in template.get("containers") or ())
    for image in images:
        repository, _, tag = image.rpartition("/")[2].partition(":")
        if repository == "prometheus-operator":
            return tag
    return ""
