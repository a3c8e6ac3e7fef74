"""Workloads to change: a Deployment of two ready pods with an earlier revision, and a StatefulSet."""

from __future__ import annotations

from typing import Any

from intents.domain import ObjectRef

WEB = ObjectRef(kind="Deployment", namespace="till", name="web")
STORE = ObjectRef(kind="StatefulSet", namespace="till", name="store")
World = dict[str, Any]

DEPLOYMENTS = ("apps", "deployments")
STATEFULSETS = ("apps", "statefulsets")
# What an operator makes its StatefulSet from.
OPERATORS: World = {
    "apiVersion": "pingcap.com/v1alpha1",
    "kind": "TidbCluster",
    "metadata": {"name": "main", "namespace": "till"},
    "spec": {},
}
OWNED: World = {
    "ownerReferences": [
        {"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "main", "controller": True}
    ]
}


def app(image: str = "registry.example/web:1.1", **more: Any) -> World:
    return {"name": "app", "image": image, "args": ["serve", "--v=2"], **more}


def template(*containers: World, labels: World | None = None, **metadata: Any) -> World:
    return {
        "metadata": {"labels": {"app": "web", **(labels or {})}, **metadata},
        "spec": {"containers": list(containers or (app(),))},
    }


def deployment(pod: World | None = None, *, annotations: World | None = None, **spec: Any) -> World:
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "till",
            "annotations": {"deployment.kubernetes.io/revision": "2", **(annotations or {})},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod or template(),
            **spec,
        },
        "status": {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
    }


def replica_set(number: int, pod: World, *, replicas: int = 0, **metadata: Any) -> World:
    """`metadata`: annotations, creationTimestamp."""
    named = f"{number:04d}"
    annotations = {"deployment.kubernetes.io/revision": str(number), **metadata.pop("annotations", {})}
    labels = {"app": "web", "pod-template-hash": named}
    kept = {"metadata": pod["metadata"] | {"labels": labels}, "spec": pod["spec"]}
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"web-{named}",
            "namespace": "till",
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}],
            **metadata,
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": kept},
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }


def pod(owner: str, name: str, *, kind: str = "ReplicaSet", ready: bool = True, labels: World | None = None) -> World:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "till",
            "labels": {"app": "web", **(labels or {})},
            "ownerReferences": [{"kind": kind, "name": owner, "controller": True}],
        },
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "registry.example/web:1.1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {"name": "app", "image": "registry.example/web:1.1", "ready": ready, "restartCount": 0,
                 "state": {"running": {"startedAt": "-2h"}} if ready else {"waiting": {"reason": "ImagePullBackOff"}}},
            ],
        },
    }  # fmt: skip


def web(pod_template: World | None = None, *beside: World, **spec: Any) -> World:
    """Return the Deployment with its ReplicaSet (revision 2) and pods, and what lies `beside` it."""
    now = pod_template or template()
    annotations = spec.pop("annotations", {})
    return {
        "objects": [
            deployment(now, annotations=annotations, **spec),
            replica_set(2, now, replicas=2, **spec.pop("current", {})),
            pod("web-0002", "web-0002-aaaaa", labels={"pod-template-hash": "0002"}),
            pod("web-0002", "web-0002-bbbbb", labels={"pod-template-hash": "0002"}),
            *beside,
        ]
    }


def stateful(pod_template: World, *beside: World, ready: bool = True, **metadata: Any) -> World:
    return {
        "objects": [
            {
                "kind": "StatefulSet",
                "metadata": {"name": "store", "namespace": "till", **metadata},
                "spec": {
                    "replicas": 1,
                    "serviceName": "store",
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": pod_template,
                },
                "status": {"replicas": 1, "readyReplicas": int(ready), "updateRevision": "store-2"},
            },
            pod("store", "store-0", kind="StatefulSet", ready=ready),
            *beside,
        ]
    }


def controller_revision(number: int, pod_template: World) -> World:
    return {
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"store-{number}",
            "namespace": "till",
            "ownerReferences": [{"kind": "StatefulSet", "name": "store", "controller": True}],
        },
        "revision": number,
        "data": {"spec": {"template": {**pod_template, "$patch": "replace"}}},
    }
