"""Find the GitOps tool that applies an object, and tell whether its last sync failed: Argo CD, Flux, Helm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.kube.objects import annotations_of, condition, group_of, labels_of, metadata_of, name_of, spec_of, status_of
from responses.safety import safe_line

_MESSAGE: Final = 600
# Conditions of an Application that keep it from being compared or synced; warnings are not among them.
_FAILURES: Final = frozenset({"ComparisonError", "DeletionError", "InvalidSpecError", "SyncError", "UnknownError"})
# Reasons of Flux that say that the controller is still at work, or waits for another object.
_AT_WORK: Final = frozenset({"DependencyNotReady", "Progressing", "ProgressingWithRetry", "ReconciliationInProgress"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """The last sync: `failed`, why, since when, of which revision and source, and the object that was refused.

    A source is a repository and path, or the object of Flux that has them. What is `refused` is the first object that
    could not be applied, with the answer of the API server.
    """

    failed: bool = False
    reason: str = ""
    message: str = ""
    since: str = field(default="", metadata={"key": False})
    revision: str = ""
    source: str = ""
    refused: str = ""


def sync_of(obj: Mapping[str, Any]) -> Sync:
    """Return the state of the last sync of an Application, or of an object of Flux."""
    return _of_application(obj) if obj.get("kind") == "Application" else _of_flux(obj)


def _of_application(app: Mapping[str, Any]) -> Sync:
    status = status_of(app)
    operation, compared = status.get("operationState") or {}, status.get("sync") or {}
    source: Mapping[str, Any] = spec_of(app).get("source") or next(iter(spec_of(app).get("sources") or ()), {})
    known: dict[str, Any] = {
        "revision": str((operation.get("syncResult") or {}).get("revision") or compared.get("revision") or ""),
        "source": f"{source.get('repoURL', '')} {source.get('path') or source.get('chart') or ''}".strip(),
    }
    for each in status.get("conditions") or ():
        if each.get("type") in _FAILURES:
            since = str(each.get("lastTransitionTime") or "")
            message = str(each.get("message") or "")[:_MESSAGE]
            return Sync(failed=True, reason=str(each["type"]), message=message, since=since, **known)
    at = str(operation.get("finishedAt") or "")
    # An Application that is in sync by now was synced some other way since.
    if operation.get("phase") in ("Failed", "Error") and compared.get("status") != "Synced":
        message = str(operation.get("message") or "")[:_MESSAGE]
        refused = next(_refused(operation), "")
        return Sync(failed=True, reason="SyncFailed", message=message, since=at, refused=refused, **known)
    return Sync(since=at, **known)


def _refused(operation: Mapping[str, Any]) -> Iterator[str]:
    for each in (operation.get("syncResult") or {}).get("resources") or ():
        if each.get("status") == "SyncFailed":
            place = "/".join(filter(None, (each.get("namespace"), each.get("name"))))
            yield f"{each.get('kind', '')} {place}: {each.get('message', '')}"[:_MESSAGE]


def _of_flux(obj: Mapping[str, Any]) -> Sync:
    status, spec = status_of(obj), spec_of(obj)
    ready, stalled = condition(obj, "Ready"), condition(obj, "Stalled")
    told = stalled if stalled.get("status") == "True" else ready
    reference = spec.get("sourceRef") or ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef") or {}
    source = f"{reference.get('kind', '')} {reference.get('name', '')}".strip() or str(spec.get("url") or "")
    revision = status.get("lastAttemptedRevision") or status.get("lastAppliedRevision") or ""
    failed = told is stalled or (ready.get("status") == "False" and ready.get("reason") not in _AT_WORK)
    return Sync(
        failed=failed and not spec.get("suspend"),
        reason=str(told.get("reason") or ""),
        message=str(told.get("message") or "")[:_MESSAGE],
        since=str(told.get("lastTransitionTime") or ""),
        revision=str(revision),
        source=source,
    )


_TRACKING: Final = "argocd.argoproj.io/tracking-id"
# The labels by which Argo CD may mark its objects: one that people configure, and its default.
_INSTANCE: Final = "argocd.argoproj.io/instance"
_USUAL_INSTANCE: Final = "app.kubernetes.io/instance"
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


# Labels and annotations that name the tool's own object: its kind, and the keys of its name and namespace.
_MARKS: Final = (
    (Tool.FLUX, "HelmRelease", "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"),
    (Tool.FLUX, "Kustomization", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"),
    (Tool.HELM, "release", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"),
)


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
    if application := _tracked_by(obj) or str(labels_of(obj).get(_INSTANCE) or ""):
        return _argo_cd(application)
    return _by_marks(obj) or _by_tool_name(obj)


def _by_marks(obj: Mapping[str, Any]) -> ManagedBy | None:
    """Return the object of Flux or the Helm release that labels and annotations name."""
    marks = {**annotations_of(obj), **labels_of(obj)}
    for tool, kind, name, namespace in _MARKS:
        if marks.get(name):
            return ManagedBy(tool=tool, kind=kind, namespace=str(marks.get(namespace, "")), name=str(marks[name]))
    return None


def _by_tool_name(obj: Mapping[str, Any]) -> ManagedBy | None:
    """Return the tool by the field managers of an object, else by its `managed-by` label."""
    managers = (str(each.get("manager", "")) for each in metadata_of(obj).get("managedFields") or ())
    labels, tool = labels_of(obj), next((_MANAGERS[each] for each in managers if each in _MANAGERS), None)
    if tool is Tool.ARGO_CD:
        return _argo_cd(str(labels.get(_USUAL_INSTANCE) or ""))
    if tool is None and labels.get("app.kubernetes.io/managed-by") == "Helm":
        tool = Tool.HELM
    return ManagedBy(tool=tool) if tool else None


def _tracked_by(obj: Mapping[str, Any]) -> str:
    """Return the Application in the tracking id of an object; "" if the id was copied from another object.

    Operators copy annotations to the objects they create; Argo CD recognises its own by their names.
    """
    tracking = str(annotations_of(obj).get(_TRACKING) or "")
    if found := _TRACKED.fullmatch(tracking):
        same = (found["group"], found["kind"], found["name"]) == (group_of(obj), obj.get("kind"), name_of(obj))
        # A cluster-scoped object is tracked with the namespace that the Application deploys to.
        if not same or metadata_of(obj).get("namespace", found["namespace"]) != found["namespace"]:
            return ""
    return tracking.partition(":")[0]


def _argo_cd(application: str) -> ManagedBy:
    """Split the name of an Application: outside Argo CD's own namespace it is namespace_name."""
    namespace, _, name = application.rpartition("_")
    return ManagedBy(tool=Tool.ARGO_CD, kind="Application" if name else "", namespace=namespace, name=name)
