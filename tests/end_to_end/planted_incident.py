"""Provide a custom incident that quotes everything in the cluster that contains planted secrets.

No entry should show an environment or a whole log, but one could. Redaction must not depend on what entries read: this
one reads all of it, ten secrets per table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.planted import Planted, planted

Json = dict[str, Any]

NAMESPACE: Final = "shop"
NAME: Final = "planted"
ERROR: Final = f"somebody left credentials lying about in deployment {NAMESPACE}/{NAME}"
REMEDIED: Final = f"the template of deployment {NAMESPACE}/{NAME} mentions passwords again"
# The place in the cluster, by the read that quotes it.
PLACES: Final = ("log", "previous", "event", "status", "annotation", "env", "arg", "list")
_TABLE: Final = 10
_FIELDS: Final = {
    "status": "status.containerStatuses[0].state.waiting.message",
    "annotation": 'metadata.annotations["acme.io/note"]',
    "env": "spec.containers[0].env[0]",
    "named": "spec.containers[0].env[name=DB_PASSWORD].value",
    "arg": "spec.containers[0].args[0]",
    "list": "spec.containers[0].command",
}


def catalog(directory: Path) -> Path:
    """Write the entries to `directory` and return it as a catalog."""
    directory.mkdir(parents=True, exist_ok=True)
    for entry in (_quoting_everything(), _quoting_one_event()):
        (directory / f"{entry['id']}.yaml").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    return directory


def _quoting_everything() -> Json:
    numbers = range(len(planted("log")) // _TABLE)
    reads = {name: read for batch in numbers for name, read in _reads(batch).items()}
    rules = [_rule(place, batch) for place in (*PLACES, "named") for batch in numbers]
    return _entry("planted-secrets", ERROR, reads, rules)


def _quoting_one_event() -> Json:
    """Return a small entry with a remedy and two failing reads."""
    reads = {
        "event": {"probe": "events", "args": {"capture": "planted 0 (?P<said>.*)"}},
        "refused": {"probe": "objects", "args": {"kind": "ConfigMap", "namespace": NAMESPACE}},
        "crashes": {"probe": "containers"},
    }
    rules = [
        {**_rule("event", 0), "each": "event"},
        {"id": "refused", "each": "refused", "when": "row.name == ''", "says": "never"},
        {"id": "crashes", "each": "crashes", "when": "row.init", "says": "never"},
    ]
    restart = {
        "id": "restart",
        "action": "rollout-restart",
        "title": {"en": "Restart it", "zh": "重启"},
        "target": {"kind": "Deployment", "namespace": NAMESPACE, "name": NAME},
        "only_if": ["event-0"],
    }
    return _entry("planted-template", REMEDIED, reads, rules) | {"remediations": [restart]}


def _entry(entry: str, error: str, reads: Json, rules: list[Json]) -> Json:
    said = {"en": "Credentials lie about", "zh": "凭据外泄"}
    return {
        "id": entry, "status": "stable", "strongest": "confirmed", "severity": "warning", "title": said,
        "about": ["deployment"], "reads": reads, "evidence": rules, "root_cause": said, "impact": said,
        "signatures": [error.replace(f"{NAMESPACE}/{NAME}", "<namespace>/<deployment>")],
        "runbook": [{"says": said}],
        "examples": {
            "match": [error, f"{error}!", f"see: {error}"],
            "other": ["nobody left anything", "deployment shop/planted is fine"],
        },
    }  # fmt: skip


def _reads(batch: int) -> Json:
    capture = f"planted {batch} (?P<said>.*)"
    selector = f"app={NAME},batch={batch}"
    return {
        f"log{batch}": {"probe": "logs", "args": {"capture": capture, "previous": "no"}},
        f"previous{batch}": {"probe": "logs", "args": {"capture": capture, "previous": "yes"}},
        f"event{batch}": {"probe": "events", "args": {"capture": capture}},
        f"pods{batch}": {
            "probe": "objects",
            "args": {"kind": "Pod", "namespace": NAMESPACE, "selector": selector, "fields": _FIELDS},
        },
    }


def _rule(place: str, batch: int) -> Json:
    of_pods = place not in ("log", "previous", "event")
    column = place if of_pods else "said"
    says = f"{place} {batch}: {{row.{column}}}"
    return {
        "id": f"{place}-{batch}",
        "each": f"{'pods' if of_pods else place}{batch}",
        "when": "true",
        "decisive": True,
        "says": {"en": says, "zh": says},
        "table": ["name", column] if of_pods else [column],
    }


def world() -> Json:
    """Return a Deployment whose pods hold one secret per place, and a pod with all the logs."""
    by_place = {place: planted(place) for place in (*PLACES, "named")}
    pods = [_pod(number, {place: ones[number] for place, ones in by_place.items()}) for number in range(100)]
    events = [
        {
            "for": f"Deployment/{NAMESPACE}/{NAME}",
            "reason": "Leaking",
            "message": f"planted {number // _TABLE} {one.line}",
        }
        for number, one in enumerate(by_place["event"])
    ]
    logs = [
        {
            "pod": f"{NAMESPACE}/{NAME}-talking",
            "container": "app",
            "previous": place == "previous",
            "text": "\n".join(f"planted {number // _TABLE} {one.line}" for number, one in enumerate(by_place[place])),
        }
        for place in ("log", "previous")
    ]
    return {"objects": [_deployment(), *pods, _talking_pod(), _odd_pod()], "events": events, "logs": logs}


def beside_the_restart() -> tuple[Planted, ...]:
    """Return the secrets next to the restart annotation, which are in the context of the modal's diff."""
    return planted("diff")[:4]


def _deployment() -> Json:
    # The annotation of a restart is called kubectl.kubernetes.io/restartedAt; a diff shows two lines on either side.
    names = ("kubectl.kubernetes.io/a", "kubectl.kubernetes.io/b", "kubectl.kubernetes.io/s", "kubectl.kubernetes.io/t")
    annotations = {name: one.line for name, one in zip(names, beside_the_restart(), strict=True)}
    labels = {"app": NAME}
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "acme/app:1"}]},
    }
    return {
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {"replicas": 100, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 100, "updatedReplicas": 100, "readyReplicas": 0, "unavailableReplicas": 100},
    }


def _pod(number: int, ones: dict[str, Planted]) -> Json:
    env = [{"name": "EXTRA", "value": ones["env"].line}, {"name": "DB_PASSWORD", "value": ones["named"].secret}]
    container = {
        "name": "app",
        "image": "acme/app:1",
        "env": env,
        "args": [ones["arg"].line],
        "command": ["serve", ones["list"].marker, "--db-password", ones["list"].secret],
    }
    waiting = {"waiting": {"reason": "CreateContainerError", "message": ones["status"].line}}
    metadata = {
        "name": f"{NAME}-{number}",
        "labels": {"app": NAME, "batch": str(number // _TABLE)},
        "annotations": {"acme.io/note": ones["annotation"].line},
    }
    return _in_trouble(metadata, container, {"state": waiting, "restartCount": 0})


def _talking_pod() -> Json:
    """Return a pod that restarted, so that it has two logs."""
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": "-190s", "finishedAt": "-188s"}}
    status = {"state": {"running": {"startedAt": "-3m"}}, "lastState": ended, "restartCount": 9}
    metadata = {"name": f"{NAME}-talking", "labels": {"app": NAME}}
    return _in_trouble(metadata, {"name": "app", "image": "acme/app:1"}, status)


def _odd_pod() -> Json:
    """Return a pod whose user is not a number: the probe fails and logs the value."""
    security = {"runAsUser": planted("crash")[0].line}
    container = {"name": "app", "image": "acme/app:1", "securityContext": security}
    state = {"waiting": {"reason": "CreateContainerError"}}
    return _in_trouble({"name": f"{NAME}-odd", "labels": {"app": NAME}}, container, {"state": state, "restartCount": 0})


def _in_trouble(metadata: Json, container: Json, status: Json) -> Json:
    conditions = [{"type": "Ready", "status": "False", "lastTransitionTime": "-6m"}]
    told = {"name": "app", "image": "acme/app:1", "ready": False, **status}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME, "controller": True}
    return {
        "kind": "Pod",
        "metadata": {"namespace": NAMESPACE, "ownerReferences": [owner], **metadata},
        "spec": {"nodeName": "worker-a", "containers": [container]},
        "status": {"phase": "Running", "conditions": conditions, "containerStatuses": [told]},
    }
