"""Provide a small catalog with one remedy of each shape: a patch, three guarded writes, a cordon with evictions.

Three entries are read and matched quickly, and their texts are short.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.remedies.verification import Pace
from tests.end_to_end.corners import Step
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import Broken
from tests.remedies import storage_scene

Json = dict[str, Any]
FIXED = "FIXED: the cause is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """The facts of one entry. `names` are renamed in each copy, `steps` are the writes of its remedy.

    `looks` is the path that verification reads, `ends` the reported result, `undoing` the writes of its undo.
    """

    broken: Broken
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    looks: str
    ends: str
    undoing: tuple[Step, ...] = ()


def catalog(directory: Path) -> Path:
    """Write the entries to `directory` and return it as a catalog."""
    directory.mkdir(parents=True, exist_ok=True)
    for entry in (_asleep(), _spoiled(), _old()):
        (directory / f"{entry['id']}.yaml").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    return directory


# Long enough to kill the process in, short enough to wait for.
SERVING: Mapping[str, Any] = {
    "catalog_alone": True,
    "verify_pace": Pace(every=0.1, well=0.3, failing=0.3),
    "verify_within": 3,
    "looks": (0.0, 0.2),
}
POLICY = """
remediation: [{clusters: ["*"], namespaces: ["*"], cluster_scoped: true}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], cluster_scoped: true, actions: ["*"]}]
"""


@asynccontextmanager
async def open_premises(directory: Path, **variables: str) -> AsyncIterator[Premises]:
    """Open premises with a policy that allows everything and timeouts longer than a restart."""
    policy = directory / "policy.yaml"
    policy.write_text(POLICY)
    entries = catalog(directory / "catalog")
    settings = {"CASEBOOK_POLICY": str(policy), "CASEBOOK_CATALOG": str(entries), "CASEBOOK_CALL_TIMEOUT": "20"}
    async with premises(directory, pace=False, **settings, **variables) as at:
        yield at


def asleep_deployment() -> OwnEntry:
    """Return a deployment that its remedy scales up with one patch."""
    labels = {"app": "sleepy"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "sleepy:1"}]}}
    deployment = {
        "kind": "Deployment",
        "metadata": {"namespace": "bed", "name": "sleepy"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }
    path = "/apis/apps/v1/namespaces/bed/deployments/sleepy"
    return OwnEntry(
        broken=Broken(incident="asleep", world={"objects": [deployment]}, text="deployment bed/sleepy is fast asleep"),
        names=("bed",),
        steps=(("PATCH", path),),
        looks=path,
        ends=FIXED,
        undoing=(("PATCH", path),),
    )


def spoiled_pod() -> OwnEntry:
    """Return a pod whose remedy patches its volume and deletes its claim and the pod, without undo."""
    text = "the disk of pod ledger/store-2 is spoiled for good"
    return OwnEntry(
        broken=Broken(incident="spoiled", world=storage_scene.world(), text=text),
        names=("ledger", "disk-0", "disk-1", "disk-2"),
        steps=(
            ("PATCH", "/api/v1/persistentvolumes/disk-2"),
            ("DELETE", "/api/v1/namespaces/ledger/persistentvolumeclaims/data-store-2"),
            ("DELETE", "/api/v1/namespaces/ledger/pods/store-2"),
        ),
        looks="/api/v1/namespaces/ledger/pods",
        ends=FIXED,
    )


def old_node() -> OwnEntry:
    """Return a node whose remedy cordons it and evicts two pods; the cordon can be undone."""
    ready = [{"type": "Ready", "status": "True"}]
    spec = {"containers": [{"name": "app", "image": "web:1"}]}
    labels = {"app": "web"}
    metadata = {"namespace": "shop", "labels": labels, "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]}
    replica_set = {
        "kind": "ReplicaSet",
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    pods = [
        {
            "kind": "Pod",
            "metadata": {**metadata, "name": name},
            "spec": {**spec, "nodeName": "oldie"},
            "status": {"phase": "Running", "conditions": ready},
        }
        for name in ("web-1", "web-2")
    ]
    node = {
        "kind": "Node",
        "metadata": {"name": "oldie"},
        "spec": {"providerID": "simulated://oldie"},
        "status": {"conditions": ready},
    }
    path = "/api/v1/nodes/oldie"
    return OwnEntry(
        broken=Broken(
            incident="old",
            world={"objects": [node, replica_set, *pods]},
            text="node oldie is to be emptied for good",
        ),
        names=("oldie", "shop"),
        steps=(
            ("PATCH", path),
            *(("POST", f"/api/v1/namespaces/shop/pods/{name}/eviction") for name in ("web-1", "web-2")),
        ),
        looks=path,
        ends="done; this does not fix the cause",
        undoing=(("PATCH", path),),
    )


# --- the entries ---


def _asleep() -> Json:
    reads = {"workloads": {"probe": "objects", "args": {"kind": "Deployment", "fields": {"replicas": "spec.replicas"}}}}
    return _entry(
        "asleep",
        "deployment <namespace>/<deployment> is fast asleep",
        reads=reads,
        rule={"each": "workloads", "when": 'row.replicas == "0"', "says": _both("{row.name} has no replicas")},
        remedy={
            "action": "scale",
            "target": {"kind": "Deployment", "namespace": "{row.namespace}", "name": "{row.name}"},
            "args": {"replicas": 1},
        },
    )


def _spoiled() -> Json:
    return _entry(
        "spoiled",
        "the disk of pod <namespace>/<pod> is spoiled for good",
        reads={"containers": {"probe": "containers"}},
        rule={
            "each": "containers",
            "when": 'row.reason == "CrashLoopBackOff"',
            "says": _both("{row.pod} crashes"),
        },
        remedy={
            "action": "delete-claim-and-pod",
            "target": {"kind": "Pod", "namespace": "{row.namespace}", "name": "{row.pod}"},
            "args": {"claims": "all", "reclaim": "Delete"},
            "risk": "data-loss",
        },
    )


def _old() -> Json:
    reads = {"nodes": {"probe": "objects", "args": {"kind": "Node", "fields": {"closed": "spec.unschedulable"}}}}
    return _entry(
        "old",
        "node <node> is to be emptied for good",
        reads=reads,
        rule={"each": "nodes", "when": 'row.name != ""', "says": _both("{row.name} is there")},
        remedy={"action": "drain", "target": {"kind": "Node", "name": "{row.name}"}},
    )


def _entry(entry: str, signature: str, *, reads: Json, rule: Json, remedy: Json) -> Json:
    said = _both(f"It is {entry}")
    text = signature.replace("<namespace>", "some").replace("<pod>", "pod-1").replace("<deployment>", "one")
    text = text.replace("<node>", "node-1")
    otherwise = {"verdict": "refutes", "says": _both("it is not so")}
    return {
        "id": entry, "status": "stable", "strongest": "confirmed", "severity": "warning", "title": said,
        "about": ["pod", "deployment", "node"], "signatures": [signature], "reads": reads,
        "evidence": [{"id": "seen", "need": "any", "decisive": True, **rule, "otherwise": otherwise}],
        "root_cause": said, "impact": said, "runbook": [{"says": said}],
        "remediations": [{"id": "remedy", "title": _both("Mend it"), "rows_of": "seen", "only_if": ["seen"], **remedy}],
        "examples": {"match": [text, f"{text}!", f"see: {text}"], "other": ["all is well", "nothing to be seen"]},
    }  # fmt: skip


def _both(words: str) -> Json:
    return {"en": words, "zh": words}
