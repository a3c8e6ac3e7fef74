"""Name the objects that a custom resource waits for: those its fields refer to, and the kinds that it owns.

The fields are those that cert-manager, External Secrets, Flux, Argo CD, Crossplane, Cluster API and Knative document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube import field_paths
from bot.kube.objects import group_of, namespace_of

# Fields of any kind, with the kind and the group that a reference without them means.
_FIELDS: Final = (
    ("spec.issuerRef", "Issuer", "cert-manager.io"),
    ("spec.secretStoreRef", "SecretStore", "external-secrets.io"),
    ("spec.sourceRef", "", "source.toolkit.fluxcd.io"),
    ("spec.chart.spec.sourceRef", "", "source.toolkit.fluxcd.io"),
    ("spec.chartRef", "", "source.toolkit.fluxcd.io"),
    ("spec.resourceRef", "", ""),
    ("spec.resourceRefs", "", ""),
    ("spec.crossplane.resourceRefs", "", ""),
    ("spec.controlPlaneRef", "", ""),
    ("spec.infrastructureRef", "", ""),
    ("spec.bootstrap.configRef", "", ""),
)
# Kinds whose objects carry an owner reference to the object, by its kind and group.
_OWNED: Final[Mapping[str, tuple[str, ...]]] = {
    "Certificate.cert-manager.io": ("certificaterequests.cert-manager.io",),
    "CertificateRequest.cert-manager.io": ("orders.acme.cert-manager.io",),
    "Order.acme.cert-manager.io": ("challenges.acme.cert-manager.io",),
    "Cluster.cluster.x-k8s.io": ("machinedeployments.cluster.x-k8s.io",),
    "MachineDeployment.cluster.x-k8s.io": ("machinesets.cluster.x-k8s.io",),
    "MachineSet.cluster.x-k8s.io": ("machines.cluster.x-k8s.io",),
}
_MOST: Final = 10
# Argo CD's words for a resource of an Application that nobody waits for. Since version 3 it keeps them elsewhere.
_WELL: Final = ("Healthy", "Suspended")
_UNTOLD: Final = ""
# The worst first, then what may be; of a resource whose health is not told, what runs pods.
_HEALTH: Final = ("Degraded", "Missing", "Unknown", "Progressing", _UNTOLD)
_RUNS_PODS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Rollout")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomReference:
    """An object that a field names. `word` is its kind as discovery finds it: Kind.group or Kind.version.group."""

    word: str
    kind: str
    namespace: str
    name: str


def references_of(obj: Mapping[str, Any]) -> tuple[CustomReference, ...]:
    """Return the objects that an object's fields refer to, at most ten."""
    return tuple(dict.fromkeys(_references(obj)))[:_MOST]


def owned_kinds(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds, as plural and group, in which an object's controller works on it."""
    return _OWNED.get(f"{obj.get('kind', '')}.{group_of(obj)}", ())


def _references(obj: Mapping[str, Any]) -> Iterator[CustomReference]:
    for path, kind, group in _FIELDS:
        found = field_paths.get(obj, tuple(path.split(".")))
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, Mapping):
                yield from _reference(obj, each, kind, group)
    kind, group = str(obj.get("kind") or ""), group_of(obj)
    if group.endswith("toolkit.fluxcd.io"):
        for each in field_paths.get(obj, ("spec", "dependsOn")) or ():
            yield from _reference(obj, each, kind, group)
    if group == "serving.knative.dev" and (name := field_paths.get(obj, ("status", "latestCreatedRevisionName"))):
        yield from _reference(obj, {"name": name}, "Revision", group)
    if (kind, group) == ("Application", "argoproj.io"):
        for each in _unhealthy(obj):
            version = "/".join(filter(None, (str(each.get("group") or ""), str(each.get("version") or ""))))
            yield from _reference(obj, {**each, "apiVersion": version}, "", "")


def _unhealthy(application: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the resources that an Application says are not well, or whose health it does not tell. No Secrets."""
    told = [
        (str((each.get("health") or {}).get("status") or _UNTOLD), each)
        for each in field_paths.get(application, ("status", "resources")) or ()
        if isinstance(each, Mapping) and each.get("kind") != "Secret"
    ]

    def place(one: tuple[str, Mapping[str, Any]]) -> tuple[int, bool]:
        health, each = one
        return _HEALTH.index(health) if health in _HEALTH else len(_HEALTH), each.get("kind") not in _RUNS_PODS

    return [each for health, each in sorted(told, key=place) if health not in _WELL]


def _reference(obj: Mapping[str, Any], field: Mapping[str, Any], kind: str, group: str) -> Iterator[CustomReference]:
    """Yield what one field names; one without a kind that is known, or without a name, names nothing."""
    kind, name = str(field.get("kind") or kind), str(field.get("name") or "")
    version = str(field.get("apiVersion") or "")
    if version:
        named, _, number = version.rpartition("/")
        word = f"{kind}.{number}.{named}".rstrip(".")
    else:
        word = f"{kind}.{field.get('apiGroup') or field.get('group') or group}".rstrip(".")
    if kind and name:
        namespace = str(field.get("namespace") or namespace_of(obj))
        yield CustomReference(word=word, kind=kind, namespace=namespace, name=name)
