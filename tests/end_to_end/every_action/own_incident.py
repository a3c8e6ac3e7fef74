"""Entries and clusters for a scenario of its own: for actions that no built-in incident offers with an end to simulate.

Each entry is one rule about one field of one kind of object, with one button.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

_CLUSTER_SCOPED: Final = ("Node", "PersistentVolume", "ValidatingWebhookConfiguration")
_READY: Final = [{"type": "Ready", "status": "True"}]
_APP: Final[Json] = {"containers": [{"name": "app", "image": "acme/web:1"}]}


def catalog(directory: Path, entries: Iterable[Json]) -> Path:
    """Write the entries; `directory` is then a catalog."""
    directory.mkdir(parents=True, exist_ok=True)
    for each in entries:
        (directory / f"{each['id']}.yaml").write_text(json.dumps(each), encoding="utf-8")
    return directory


def entry(name: str, error: str, *, signature: str, kind: str, fields: Json, when: str, remedy: Json) -> Json:
    """Return an incident that is present where `when` holds of an object of a kind; its button acts on that object."""
    said = {"en": f"It is so: {name}", "zh": f"确实如此：{name}"}
    remediation = {
        "id": "remedy",
        "target": {
            "kind": kind,
            "namespace": "" if kind in _CLUSTER_SCOPED else "{row.namespace}",
            "name": "{row.name}",
        },
        "only_if": ["is-so"],
        **remedy,
        "title": {"en": remedy["title"], "zh": remedy["title"]},
    }
    return {
        "id": name, "status": "stable", "strongest": "confirmed", "severity": "warning", "title": said,
        "about": [kind.lower()], "signatures": [signature], "root_cause": said, "impact": said,
        "reads": {"found": {"probe": "objects", "args": {"kind": kind, "fields": fields}}},
        "evidence": [{"id": "is-so", "each": "found", "when": when, "decisive": True, "says": said}],
        "remediations": [remediation],
        "runbook": [{"says": said}],
        "examples": {"match": [error, f"{error}!", f"alert: {error}"], "other": ["all is well", "nothing is broken"]},
    }  # fmt: skip


# --- clusters ---


def objects(*found: Json) -> Json:
    """Return a world of these objects."""
    return {"objects": list(found)}


def of(kind: str, name: str, *, owner: tuple[str, str] | None = None, labels: Json | None = None, **more: Any) -> Json:
    """Return an object of the namespace shop."""
    metadata: Json = {"name": name, "namespace": "shop", "labels": labels or {"app": name.partition("-")[0]}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1]}]
    return {"kind": kind, "metadata": metadata, **more}


def workload(kind: str, name: str, *, owner: tuple[str, str] | None = None, **more: Any) -> Json:
    """Return a workload of one container."""
    labels = {"app": name.partition("-")[0]}
    template = {"metadata": {"labels": labels}, "spec": _APP}
    return of(kind, name, owner=owner, spec={"selector": {"matchLabels": labels}, "template": template, **more})


def pod(name: str, *, on: str, owner: tuple[str, str] | None = None, labels: Json | None = None) -> Json:
    """Return a ready pod."""
    status = {"phase": "Running", "conditions": _READY}
    return of("Pod", name, owner=owner, labels=labels, spec={"nodeName": on, **_APP}, status=status)


def node(name: str, *, labels: Json | None = None, unschedulable: bool = False) -> Json:
    """Return a ready node."""
    spec = {"providerID": f"acme://{name}"} | ({"unschedulable": True} if unschedulable else {})
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "conditions": _READY},
    }


def cron_job(**more: Any) -> Json:
    """Return the CronJob nightly."""
    run = {"template": {"spec": {"restartPolicy": "Never", **_APP}}}
    return of("CronJob", "nightly", spec={"schedule": "0 2 * * *", "jobTemplate": {"spec": run}, **more})
