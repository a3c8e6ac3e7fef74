"""A world with an object of every kind that actions write to, where roles are tried; no two trials change the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from intents.domain import ObjectRef
from tests.remedies import storage_scene as store
from tests.remedies.workload_worlds import (
    STORE,
    WEB,
    World,
    app,
    controller_revision,
    replica_set,
    stateful,
    template,
    web,
)

AGENT: Final = ObjectRef(kind="DaemonSet", namespace="till", name="agent")
ALONE: Final = ObjectRef(kind="ReplicaSet", namespace="till", name="alone")
FRONT: Final = ObjectRef(kind="Service", namespace="till", name="front")
MAIN: Final = ObjectRef(kind="TidbCluster", namespace="till", name="main")
CLASS: Final = ObjectRef(kind="StorageClass", name="fast")
NODE: Final = ObjectRef(kind="Node", name="worker-a")
RUNS: Final = ObjectRef(kind="Pod", namespace="till", name="web-0002-aaaaa")
WORKLOADS: Final = (WEB, STORE, AGENT)
JOBS: Final = tuple(ObjectRef(kind=kind, namespace="till", name="goes") for kind in ("CronJob", "Job"))
HELD: Final = tuple(ObjectRef(kind=kind, namespace="till", name="held") for kind in ("CronJob", "Job"))
BROKE: Final = ObjectRef(kind="Job", namespace="till", name="broke")
WEBHOOKS: Final = tuple(
    ObjectRef(kind=f"{kind}WebhookConfiguration", name="guard") for kind in ("Mutating", "Validating")
)
API: Final = ObjectRef(kind="APIService", name="v1beta1.custom.metrics.example.io")
CUSTOM: Final = {
    ObjectRef(kind="PodMonitor", namespace="till", name="web"): "monitoring.coreos.com/v1",
    ObjectRef(kind="Sidecar", namespace="till", name="default"): "networking.istio.io/v1",
}


def made(target: ObjectRef, api_version: str, spec: World) -> World:
    """Return the manifest of a custom object."""
    metadata = {"namespace": target.namespace, "name": target.name}
    return {"apiVersion": api_version, "kind": target.kind, "metadata": metadata, "spec": spec}


_OLD: Final = template(app("registry.example/web:1.0"))


def _node(name: str, **spec: Any) -> World:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _daemon_set() -> list[World]:
    labels = {"app": "agent"}
    pod_template = template(labels=labels)
    agent = {
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "till"},
        "spec": {"selector": {"matchLabels": labels}, "template": pod_template},
        "status": {"desiredNumberScheduled": 0, "numberReady": 0},
    }
    revisions = []
    for number, kept in ((1, _OLD), (2, pod_template)):
        revision = controller_revision(number, template(*kept["spec"]["containers"], labels=labels))
        revision["metadata"] |= {
            "name": f"agent-{number}",
            "ownerReferences": [{"kind": "DaemonSet", "name": "agent", "controller": True}],
        }
        revisions.append(revision)
    return [agent, *revisions]


def _jobs() -> list[World]:
    pods = {"metadata": {}, "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "job:1"}]}}
    made: list[World] = []
    for name, held in (("goes", False), ("held", True)):
        metadata = {"name": name, "namespace": "till"}
        cron = {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": pods}}, "suspend": held}
        job = {"completions": 5, "parallelism": 1, "template": pods, "suspend": held}
        made += [
            {"kind": "CronJob", "metadata": metadata, "spec": cron},
            {"kind": "Job", "metadata": metadata, "spec": job, "status": {"active": 0, "succeeded": 2}},
        ]
    failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
    made.append(
        {
            "kind": "Job",
            "metadata": {"name": BROKE.name, "namespace": "till"},
            "spec": {"template": pods},
            "status": {"failed": 1, "conditions": [failed]},
        }
    )
    return made


def _webhooks() -> list[World]:
    hook = {
        "name": "a.guard.io",
        "clientConfig": {"service": {"namespace": "guard", "name": "guard", "path": "/v", "port": 443}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
    }
    return [{"kind": each.kind, "metadata": {"name": each.name}, "webhooks": [dict(hook)]} for each in WEBHOOKS]


def _others() -> list[World]:
    alone = replica_set(9, template(labels={"app": "alone"}), replicas=1)
    alone["metadata"] |= {"name": ALONE.name, "ownerReferences": []}
    ended = {
        "kind": "Pod",
        "metadata": {"name": "evicted", "namespace": "till"},
        "spec": {"nodeName": "worker-b", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Failed", "reason": "Evicted"},
    }
    api = {
        "kind": "APIService",
        "metadata": {"name": API.name},
        "spec": {
            "group": "custom.metrics.example.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"namespace": "gone", "name": "adapter", "port": 443},
        },
        "status": {"conditions": [{"type": "Available", "status": "False", "reason": "ServiceNotFound"}]},
    }
    return [
        {"kind": "Namespace", "metadata": {"name": "till"}},
        {"kind": "StorageClass", "metadata": {"name": CLASS.name}, "provisioner": "ebs.csi.aws.com"},
        {
            "kind": "Service",
            "metadata": {"name": FRONT.name, "namespace": "till"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
        {
            "apiVersion": "pingcap.com/v1alpha1",
            "kind": "TidbCluster",
            "metadata": {"name": MAIN.name, "namespace": "till"},
            "spec": {},
        },
        _node("worker-a"),
        _node("worker-b"),
        _node("worker-c", unschedulable=True),
        alone,
        ended,
        api,
        # A cluster knows a custom kind by its definition; here by an object of it.
        *(made(replace(each, name="other"), version, {}) for each, version in CUSTOM.items()),
    ]


def worlds() -> tuple[World, ...]:
    """Return everything that trials name."""
    workloads = web(None, replica_set(1, _OLD, creationTimestamp="-3d"))
    sets = stateful(template(), controller_revision(1, _OLD), controller_revision(2, template()))
    left = store.volume("disk-9", of="data-store-9", phase="Released", node="rack-9")
    disks = store.world(left, store.claim("spare"))
    beside = {"objects": [*_daemon_set(), *_jobs(), *_webhooks(), *_others()]}
    return workloads, sets, disks, beside
