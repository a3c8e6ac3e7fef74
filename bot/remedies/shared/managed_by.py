"""Which tool applies an object from outside the cluster, as the object's own labels, annotations and managers tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from intents.domain import Json
from responses.safety import safe_line

_TRACKING: Final = "argocd.argoproj.io/tracking-id"
# What Argo CD marks its objects by where it does so by a label: the one it was told to use, and its own choice.
_INSTANCE: Final = "argocd.argoproj.io/instance"
_USUAL_INSTANCE: Final = "app.kubernetes.io/instance"
_KUSTOMIZATION: Final = "kustomize.toolkit.fluxcd.io"
_HELM_RELEASE: Final = "helm.toolkit.fluxcd.io"
# application:group/kind:namespace/name of the object it was written on.
_TRACKED: Final = re.compile(r"[^:]+:(?P<group>[^/:]*)/(?P<kind>[^:]+):(?P<namespace>[^/]*)/(?P<name>.+)")
_NAME: Final = 120


class Tool(StrEnum):
    ARGO_CD = "Argo CD"
    FLUX = "Flux"
    HELM = "Helm"


# Field managers of tools that leave no label.
_MANAGERS: Final[Mapping[str, Tool]] = {
    "argocd-controller": Tool.ARGO_CD,
    "argocd-application-controller": Tool.ARGO_CD,
    "kustomize-controller": Tool.FLUX,
    "helm-controller": Tool.FLUX,
    "helm": Tool.HELM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A tool that applies an object, and what it calls the source: a `kind` and its name, empty if not known.

    `namespace` of an Application is empty for one beside Argo CD itself, wherever that is.
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


def keeper_of(obj: Mapping[str, Any]) -> Keeper | None:
    """From labels, annotations and field managers; None if nothing points to one."""
    metadata = obj.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if application := _tracked_by(obj) or str(labels.get(_INSTANCE) or ""):
        return _argo_cd(application)
    for group, kind in ((_HELM_RELEASE, "HelmRelease"), (_KUSTOMIZATION, "Kustomization")):
        if name := str(labels.get(f"{group}/name") or ""):
            return Keeper(tool=Tool.FLUX, kind=kind, namespace=str(labels.get(f"{group}/namespace", "")), name=name)
    release = str(annotations.get("meta.helm.sh/release-name") or "")
    if release:
        home = str(annotations.get("meta.helm.sh/release-namespace", ""))
        return Keeper(tool=Tool.HELM, kind="release", namespace=home, name=release)
    managers = (str(each.get("manager", "")) for each in metadata.get("managedFields") or ())
    tool = next((_MANAGERS[each] for each in managers if each in _MANAGERS), None)
    if tool is Tool.ARGO_CD:
        return _argo_cd(str(labels.get(_USUAL_INSTANCE) or ""))
    if tool is None and labels.get("app.kubernetes.io/managed-by") == "Helm":
        tool = Tool.HELM
    return Keeper(tool=tool) if tool else None


def _tracked_by(obj: Json | Mapping[str, Any]) -> str:
    """The Application whose tracking id an object has; "" where the id was copied from another object.

    Operators copy annotations to what they make, and Argo CD knows its own by their names.
    """
    metadata = obj.get("metadata") or {}
    tracking = str((metadata.get("annotations") or {}).get(_TRACKING) or "")
    if found := _TRACKED.fullmatch(tracking):
        group = str(obj.get("apiVersion") or "").rpartition("/")[0]
        same = (found["group"], found["kind"], found["name"]) == (group, obj.get("kind"), metadata.get("name"))
        # What lies in no namespace is tracked by the one that the Application deploys to.
        if not same or metadata.get("namespace", found["namespace"]) != found["namespace"]:
            return ""
    return tracking.partition(":")[0]


def _argo_cd(application: str) -> Keeper:
    """An Application outside Argo CD's own namespace is called namespace_name: no name has an underscore."""
    namespace, _, name = application.rpartition("_")
    return Keeper(tool=Tool.ARGO_CD, kind="Application" if name else "", namespace=namespace, name=name)
