"""Find the GitOps tool that applies an object, by the object's labels, annotations and field managers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from intents.domain import Json
from responses.safety import safe_line

_TRACKING: Final = "argocd.argoproj.io/tracking-id"
# The labels by which Argo CD may mark its objects: one that people configure, and its default.
_INSTANCE: Final = "argocd.argoproj.io/instance"
_USUAL_INSTANCE: Final = "app.kubernetes.io/instance"
_KUSTOMIZATION: Final = "kustomize.toolkit.fluxcd.io"
_HELM_RELEASE: Final = "helm.toolkit.fluxcd.io"
# application:group/kind:namespace/name of the object that the annotation was written to.
_TRACKED: Final = re.compile(r"[^:]+:(?P<group>[^/:]*)/(?P<kind>[^:]+):(?P<namespace>[^/]*)/(?P<name>.+)")
_NAME: Final = 120


class Tool(StrEnum):
    """A tool that applies objects from a source."""

    ARGO_CD = "Argo CD"
    FLUX = "Flux"
    HELM = "Helm"


# Field managers of tools that set no label.
_MANAGERS: Final[Mapping[str, Tool]] = {
    "argocd-controller": Tool.ARGO_CD,
    "argocd-application-controller": Tool.ARGO_CD,
    "kustomize-controller": Tool.FLUX,
    "helm-controller": Tool.FLUX,
    "helm": Tool.HELM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedBy:
    """The tool that applies an object, and its own object for it: a `kind` and a name, "" if unknown.

    The `namespace` of an Application is "" if it is Argo CD's own, wherever that is.
    """

    tool: Tool
    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        if not self.name:
            return str(self.tool)
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.tool} ({self.kind} {safe_line(place, limit=_NAME)})"


def managed_by(obj: Mapping[str, Any]) -> ManagedBy | None:
    """Return the tool that applies an object, None if nothing points to one.

    Marks that name the tool's own object come first: field managers and `managed-by` labels only name the tool.
    """
    metadata = obj.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if application := _tracked_by(obj) or str(labels.get(_INSTANCE) or ""):
        return _argo_cd(application)
    return _by_flux_labels(labels) or _by_helm_annotations(annotations) or _by_tool_name(metadata, labels)


def _by_flux_labels(labels: Mapping[str, Any]) -> ManagedBy | None:
    """Return the HelmRelease or Kustomization of Flux that the labels name."""
    for group, kind in ((_HELM_RELEASE, "HelmRelease"), (_KUSTOMIZATION, "Kustomization")):
        if name := str(labels.get(f"{group}/name") or ""):
            return ManagedBy(tool=Tool.FLUX, kind=kind, namespace=str(labels.get(f"{group}/namespace", "")), name=name)
    return None


def _by_helm_annotations(annotations: Mapping[str, Any]) -> ManagedBy | None:
    """Return the Helm release that the annotations name."""
    release = str(annotations.get("meta.helm.sh/release-name") or "")
    if not release:
        return None
    namespace = str(annotations.get("meta.helm.sh/release-namespace", ""))
    return ManagedBy(tool=Tool.HELM, kind="release", namespace=namespace, name=release)


def _by_tool_name(metadata: Mapping[str, Any], labels: Mapping[str, Any]) -> ManagedBy | None:
    """Return the tool by the field managers of an object, else by its `managed-by` label."""
    managers = (str(each.get("manager", "")) for each in metadata.get("managedFields") or ())
    tool = next((_MANAGERS[each] for each in managers if each in _MANAGERS), None)
    if tool is Tool.ARGO_CD:
        return _argo_cd(str(labels.get(_USUAL_INSTANCE) or ""))
    if tool is None and labels.get("app.kubernetes.io/managed-by") == "Helm":
        tool = Tool.HELM
    return ManagedBy(tool=tool) if tool else None


def _tracked_by(obj: Json | Mapping[str, Any]) -> str:
    """Return the Application in the tracking id of an object; "" if the id was copied from another object.

    Operators copy annotations to the objects they create; Argo CD recognises its own by their names.
    """
    metadata = obj.get("metadata") or {}
    tracking = str((metadata.get("annotations") or {}).get(_TRACKING) or "")
    if found := _TRACKED.fullmatch(tracking):
        group = str(obj.get("apiVersion") or "").rpartition("/")[0]
        same = (found["group"], found["kind"], found["name"]) == (group, obj.get("kind"), metadata.get("name"))
        # A cluster-scoped object is tracked with the namespace that the Application deploys to.
        if not same or metadata.get("namespace", found["namespace"]) != found["namespace"]:
            return ""
    return tracking.partition(":")[0]


def _argo_cd(application: str) -> ManagedBy:
    """Split the name of an Application: outside Argo CD's own namespace it is namespace_name."""
    namespace, _, name = application.rpartition("_")
    return ManagedBy(tool=Tool.ARGO_CD, kind="Application" if name else "", namespace=namespace, name=name)
