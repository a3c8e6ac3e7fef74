"""Who looks after an object from outside the cluster: a change made here may be taken back by Argo CD, Flux or Helm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from intents.domain import Text

_TRACKING: Final = "argocd.argoproj.io/tracking-id"
_INSTANCE: Final = "argocd.argoproj.io/instance"
_KUSTOMIZATION: Final = "kustomize.toolkit.fluxcd.io"
_HELM_RELEASE: Final = "helm.toolkit.fluxcd.io"
# Field managers of tools that leave no label.
_MANAGERS: Final = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "helm": "Helm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """A tool that applies an object from a source, and what it calls that source (empty if only the tool is known)."""

    tool: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.tool} ({self.source})" if self.source else self.tool


def custodian_of(obj: Mapping[str, Any]) -> Custodian | None:
    """From labels, annotations and field managers; None if nothing points to one."""
    metadata = obj.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if application := str(annotations.get(_TRACKING, "")).partition(":")[0] or labels.get(_INSTANCE):
        return Custodian(tool="Argo CD", source=f"Application {application}")
    for group, kind in ((_HELM_RELEASE, "HelmRelease"), (_KUSTOMIZATION, "Kustomization")):
        if name := labels.get(f"{group}/name"):
            return Custodian(tool="Flux", source=f"{kind} {labels.get(f'{group}/namespace', '')}/{name}")
    release = annotations.get("meta.helm.sh/release-name")
    if release or labels.get("app.kubernetes.io/managed-by") == "Helm":
        namespace = annotations.get("meta.helm.sh/release-namespace", "")
        return Custodian(tool="Helm", source=f"release {namespace}/{release}" if release else "")
    managers = (str(each.get("manager", "")) for each in metadata.get("managedFields") or ())
    return next((Custodian(tool=_MANAGERS[each]) for each in managers if each in _MANAGERS), None)


def reverting(obj: Mapping[str, Any]) -> tuple[Text, ...]:
    """A warning if somebody outside the cluster will take a change of this object back."""
    custodian = custodian_of(obj)
    if custodian is None:
        return ()
    return (
        Text(
            en=f"{custodian} looks after this object: its next sync may revert the change; make it in the source too",
            zh=f"该对象由 {custodian} 管理：其下次同步可能会还原此修改；请同时在源头修改",
        ),
    )
