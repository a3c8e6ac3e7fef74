"""The last sync of Argo CD's and Flux's objects."""

from __future__ import annotations

from typing import Any

from bot.kube.gitops import sync_of


def flux(reason: str, *, status: str = "False", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": status, "reason": reason, "message": "why"}]
    source = {"sourceRef": {"kind": "GitRepository", "name": "main"}}
    return {"kind": "Kustomization", "spec": source | spec, "status": {"conditions": conditions}}


def test_flux_fails_only_when_it_is_not_at_work_or_suspended() -> None:
    assert sync_of(flux("BuildFailed")).failed
    assert sync_of(flux("BuildFailed")).source == "GitRepository main"
    assert not sync_of(flux("Progressing", status="Unknown")).failed
    assert not sync_of(flux("DependencyNotReady")).failed
    assert not sync_of(flux("BuildFailed", suspend=True)).failed


def test_a_failed_operation_is_history_once_the_application_is_in_sync() -> None:
    refused = {"kind": "Deployment", "namespace": "shop", "name": "web", "status": "SyncFailed", "message": "immutable"}
    operation = {"phase": "Failed", "message": "one failed", "syncResult": {"revision": "1b2c", "resources": [refused]}}
    status = {"sync": {"status": "OutOfSync"}, "operationState": operation}
    app: dict[str, Any] = {"kind": "Application", "spec": {"source": {"repoURL": "r", "path": "p"}}, "status": status}
    sync = sync_of(app)
    assert (sync.failed, sync.revision, sync.source) == (True, "1b2c", "r p")
    assert sync.refused == "Deployment shop/web: immutable"
    assert not sync_of(app | {"status": status | {"sync": {"status": "Synced"}}}).failed
