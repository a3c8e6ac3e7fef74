"""A StatefulSet on local disks, one of its pods failing: what the tests of claims and volumes act on."""

from __future__ import annotations

from typing import Any

from intents.domain import ObjectRef

NAMESPACE = "ledger"
POD = ObjectRef(kind="Pod", namespace=NAMESPACE, name="store-2")
CLAIM = ObjectRef(kind="PersistentVolumeClaim", namespace=NAMESPACE, name="data-store-2")
VOLUME = ObjectRef(kind="PersistentVolume", name="disk-2")

CLAIMS = ("", "persistentvolumeclaims")
VOLUMES = ("", "persistentvolumes")
LABELS = {"app": "store"}
COMES_BACK = {"when": "deleted", "object": "Pod/ledger/store-2", "becomes": "healthy"}


def claim(name: str, *, volume: str = "", storage_class: str = "local", size: str = "10Gi") -> dict[str, Any]:
    bound = {"volumeName": volume} if volume else {}
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": NAMESPACE, "name": name, "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
            **bound,
        },
        "status": {"phase": "Bound" if volume else "Pending"},
    }


def volume(name: str, *, of: str = "", policy: str = "Retain", phase: str = "Bound", node: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "10Gi"},
        "storageClassName": "local",
        "persistentVolumeReclaimPolicy": policy,
    }
    if of:
        spec["claimRef"] = {"kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": of}
    if phase == "Released":
        spec["claimRef"]["uid"] = "a-claim-that-is-gone"
    if node:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        spec |= {"local": {"path": f"/mnt/{name}"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}
    return {"kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


def pod(number: int, *, ready: bool = True, **spec: Any) -> dict[str, Any]:
    state = {"running": {"startedAt": "-1h"}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "kind": "Pod",
        "metadata": {
            "namespace": NAMESPACE,
            "name": f"store-{number}",
            "labels": LABELS,
            "ownerReferences": [{"kind": "StatefulSet", "name": "store"}],
        },
        "spec": {
            "nodeName": f"rack-{number}",
            "containers": [{"name": "store", "image": "store:1"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-store-{number}"}}],
            **spec,
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "store", "ready": ready, "restartCount": 0, "state": state}],
        },
    }


def stateful_set(**spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }
    return {
        "kind": "StatefulSet",
        "metadata": {"namespace": NAMESPACE, "name": "store"},
        "spec": {
            "replicas": 3,
            "serviceName": "store",
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "store", "image": "store:1"}]},
            },
            "volumeClaimTemplates": [template],
            **spec,
        },
        "status": {"replicas": 3, "readyReplicas": 2},
    }


def world(*more: dict[str, Any], policy: str = "Retain", **spec: Any) -> dict[str, Any]:
    """Three pods on local disks, the last of which keeps failing and comes back healthy."""
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for each in (
        stateful_set(**spec),
        *(pod(number, ready=number != 2) for number in range(3)),
        *(claim(f"data-store-{number}", volume=f"disk-{number}") for number in range(3)),
        *(
            volume(f"disk-{number}", of=f"data-store-{number}", policy=policy, node=f"rack-{number}")
            for number in range(3)
        ),
        *more,
    ):
        objects[each["kind"], each["metadata"]["name"]] = each
    return {"objects": list(objects.values()), "reactions": [COMES_BACK]}
