"""Whether the last sync of a GitOps object failed, and with what: Argo CD's Applications, Flux's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import condition, spec_of, status_of

_MESSAGE: Final = 600
# Conditions of an Application that keep it from being compared or synced; warnings are not among them.
_FAILURES: Final = frozenset({"ComparisonError", "DeletionError", "InvalidSpecError", "SyncError", "UnknownError"})
# Reasons of Flux that say that the controller is still at work, or waits for another object.
_AT_WORK: Final = frozenset({"DependencyNotReady", "Progressing", "ProgressingWithRetry", "ReconciliationInProgress"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """The last sync: `failed`, why, since when, of which revision and source, and the object that was refused."""

    failed: bool = False
    reason: str = ""
    message: str = ""
    since: str = ""
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
