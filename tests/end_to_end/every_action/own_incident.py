"""A catalog of one's own, as users have: for what no built-in incident offers, or none whose end can be simulated.

Each incident is one rule about one field of one kind of object, with one button.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

RETIRING: Final = "node old-1 is marked for retirement"
OUT_OF_SERVICE: Final = "pod shop/web-1-a gets no traffic"
SELECTS_NOTHING: Final = "service shop/web selects nothing"
TOO_PATIENT: Final = "every write waits for an admission webhook"
RUNS: Final = "the nightly import in namespace shop floods the database"
HALTED: Final = "the nightly import in namespace shop never starts"
_CLUSTER_SCOPED: Final = ("Node", "ValidatingWebhookConfiguration")


def catalog(directory: Path) -> Path:
    """Write the entries; `directory` is then a catalog."""
    directory.mkdir(parents=True, exist_ok=True)
    for entry in _ENTRIES:
        (directory / f"{entry['id']}.yaml").write_text(json.dumps(entry), encoding="utf-8")
    return directory


def _entry(name: str, error: str, *, signature: str, kind: str, fields: Json, when: str, remedy: Json) -> Json:
    """An incident that is there where `when` holds of an object of a kind; its button acts on that object."""
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


_ENTRIES: Final = (
    _entry(
        "node-retiring", RETIRING, signature="node <node> is marked for retirement", kind="Node",
        fields={"retiring": 'metadata.labels["acme.io/retiring"]'}, when='row.retiring == "yes"',
        remedy={"action": "drain", "title": "Drain {row.name}", "risk": "disruptive"},
    ),
    _entry(
        "pod-out-of-service", OUT_OF_SERVICE, signature="pod <namespace>/<pod> gets no traffic", kind="Pod",
        fields={"serving": "metadata.labels.serving"}, when='row.serving == "no"',
        remedy={
            "action": "label", "title": "Put {row.name} into service",
            "args": {"set": {"serving": "yes"}, "remove": ["quarantine"]},
        },
    ),
    _entry(
        "service-selects-nothing", SELECTS_NOTHING, signature="service <namespace>/<service> selects nothing",
        kind="Service", fields={"app": "spec.selector.app"}, when='row.app == "wbe"',
        remedy={
            "action": "patch-object", "title": "Let {row.name} select another app", "risk": "disruptive",
            "asks": [{"id": "app", "label": {"en": "App", "zh": "应用"}, "default": "{row.app}"}],
            "args": {
                "type": "json",
                "patch": [
                    {"op": "test", "path": "/spec/selector/app", "value": "{row.app}"},
                    {"op": "replace", "path": "/spec/selector/app", "value": "{input.app}"},
                ],
            },
        },
    ),
    _entry(
        "webhook-too-patient", TOO_PATIENT, signature=TOO_PATIENT, kind="ValidatingWebhookConfiguration",
        fields={"hook": "webhooks[1].name", "timeout": "webhooks[1].timeoutSeconds"}, when='row.timeout == "30"',
        remedy={
            "action": "set-webhook-timeout", "title": "Wait less for {row.hook}", "risk": "disruptive",
            "asks": [{"id": "seconds", "label": {"en": "Seconds", "zh": "秒"}, "default": "5", "is": "number"}],
            "args": {"webhook": "{row.hook}", "timeout_s": "{input.seconds}"},
        },
    ),
    _entry(
        "cron-job-floods", RUNS, signature="the nightly import in namespace <namespace> floods the database",
        kind="CronJob", fields={"suspended": "spec.suspend"}, when='row.suspended != "true"',
        remedy={"action": "suspend", "title": "Suspend {row.name}"},
    ),
    _entry(
        "cron-job-halted", HALTED, signature="the nightly import in namespace <namespace> never starts",
        kind="CronJob", fields={"suspended": "spec.suspend"}, when='row.suspended == "true"',
        remedy={"action": "resume", "title": "Resume {row.name}"},
    ),
)  # fmt: skip


# --- the clusters in which they are found ---

_READY: Final = [{"type": "Ready", "status": "True"}]
_APP: Final[Json] = {"containers": [{"name": "app", "image": "acme/web:1"}]}


def retiring_node() -> Json:
    """Two pods on it can run elsewhere, that of a DaemonSet stays."""
    return _objects(
        _node("old-1", labels={"acme.io/retiring": "yes"}),
        _node("new-1"),
        _workload("Deployment", "web", replicas=3),
        _workload("ReplicaSet", "web-1", owner=("Deployment", "web"), replicas=3),
        *(_pod(name, owner=("ReplicaSet", "web-1"), on=on) for name, on in _WEB),
        _workload("DaemonSet", "agent"),
        _pod("agent-x", owner=("DaemonSet", "agent"), on="old-1"),
    )


def labelled_pod() -> Json:
    service = {"selector": {"app": "web", "serving": "yes"}, "ports": [{"port": 80}]}
    return _objects(
        _of("Service", "web", spec=service),
        _pod("web-1-a", on="worker-a", labels={"app": "web", "serving": "no", "quarantine": "alex"}),
    )


def misspelled_service() -> Json:
    return _objects(_of("Service", "web", spec={"selector": {"app": "wbe", "tier": "front"}, "ports": [{"port": 80}]}))


def patient_webhook() -> Json:
    hook = {
        "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": "rules", "namespace": "shop"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    }  # fmt: skip
    hooks = [{"name": "pods.acme.io", "timeoutSeconds": 10}, {"name": "claims.acme.io", "timeoutSeconds": 30}]
    kind = "ValidatingWebhookConfiguration"
    return _objects({"kind": kind, "metadata": {"name": "rules"}, "webhooks": [hook | each for each in hooks]})


def cron_job(**more: Any) -> Json:
    run = {"template": {"spec": {"restartPolicy": "Never", **_APP}}}
    return _objects(_of("CronJob", "nightly", spec={"schedule": "0 2 * * *", "jobTemplate": {"spec": run}, **more}))


_WEB: Final = (("web-1-a", "old-1"), ("web-1-b", "old-1"), ("web-1-c", "new-1"))


def _objects(*objects: Json) -> Json:
    return {"objects": list(objects)}


def _of(kind: str, name: str, *, owner: tuple[str, str] | None = None, labels: Json | None = None, **more: Any) -> Json:
    metadata: Json = {"name": name, "namespace": "shop", "labels": labels or {"app": name.partition("-")[0]}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1]}]
    return {"kind": kind, "metadata": metadata, **more}


def _workload(kind: str, name: str, *, owner: tuple[str, str] | None = None, **more: Any) -> Json:
    labels = {"app": name.partition("-")[0]}
    template = {"metadata": {"labels": labels}, "spec": _APP}
    return _of(kind, name, owner=owner, spec={"selector": {"matchLabels": labels}, "template": template, **more})


def _pod(name: str, *, on: str, owner: tuple[str, str] | None = None, labels: Json | None = None) -> Json:
    status = {"phase": "Running", "conditions": _READY}
    return _of("Pod", name, owner=owner, labels=labels, spec={"nodeName": on, **_APP}, status=status)


def _node(name: str, *, labels: Json | None = None) -> Json:
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"providerID": f"acme://{name}"},
        "status": {"allocatable": allocatable, "conditions": _READY},
    }
