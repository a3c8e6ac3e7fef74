"""A node with pods that can run elsewhere and pods that stay, and how it is drained in a scene."""

from __future__ import annotations

import copy
from typing import Any

from bot.remedies.contract import Applied, Plan, Preview, Refusal
from bot.remedies.session import Session
from bot.remedies.step_runner import StepRunner
from intents.domain import ObjectRef, Text
from tests.remedies.scene import Scene

NODE = ObjectRef(kind="Node", name="old-1")
ALLOCATABLE = {"cpu": "4", "memory": "8Gi", "pods": "110"}
READY = [{"type": "Ready", "status": "True"}]


def node(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": ALLOCATABLE, "conditions": READY},
    }


def pod(name: str, *, owner: tuple[str, str] | None, on: str = "old-1", **more: Any) -> dict[str, Any]:
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    container = {"name": "app", "image": "web:1", "resources": {"requests": {"cpu": more.pop("cpu", "100m")}}}
    metadata = {"name": name, "namespace": "shop", "labels": {"app": more.pop("app", "web")}}
    return {
        "kind": "Pod",
        "metadata": metadata | ({"ownerReferences": owners} if owners else {}) | more.pop("metadata", {}),
        "spec": {"nodeName": on, "containers": [container], **more.pop("spec", {})},
        "status": {"phase": more.pop("phase", "Running"), "conditions": READY},
    }


def workload(kind: str, name: str, *, replicas: int = 1, **metadata: Any) -> dict[str, Any]:
    app = {"app": name.partition("-")[0]}
    template = {"metadata": {"labels": app}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}
    spec: dict[str, Any] = {"selector": {"matchLabels": app}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec}


def budget(name: str, *, allows: int, has: int, needs: int, of: int, app: str = "web") -> dict[str, Any]:
    status = {"disruptionsAllowed": allows, "currentHealthy": has, "desiredHealthy": needs, "expectedPods": of}
    spec = {"minAvailable": needs, "selector": {"matchLabels": {"app": app}}}
    return {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
        "status": status,
    }


CACHE = {"volumes": [{"name": "cache", "emptyDir": {}}]}
WEB = [
    workload("Deployment", "web", replicas=3),
    workload("ReplicaSet", "web-1", replicas=3, ownerReferences=[{"kind": "Deployment", "name": "web"}]),
    pod("web-1-a", owner=("ReplicaSet", "web-1"), spec=CACHE),
    pod("web-1-b", owner=("ReplicaSet", "web-1")),
    pod("web-1-c", owner=("ReplicaSet", "web-1"), on="new-1"),
]
STAYING = [
    workload("DaemonSet", "agent"),
    pod("agent-x", owner=("DaemonSet", "agent"), app="agent"),
    pod("etcd-old-1", owner=("Node", "old-1"), app="etcd"),
    pod("dns-old-1", owner=None, app="dns", metadata={"annotations": {"kubernetes.io/config.mirror": "abc"}}),
    pod("job-done", owner=("ReplicaSet", "web-1"), phase="Succeeded", app="job"),
]
WORLD = [node("old-1"), node("new-1"), *WEB, *STAYING]
STRICT = budget("web", allows=0, has=3, needs=3, of=3)
ENOUGH = budget("web", allows=2, has=3, needs=1, of=3)


def world(*more: dict[str, Any], of: list[dict[str, Any]] = WORLD) -> dict[str, Any]:
    return {"objects": copy.deepcopy([*of, *more])}


def on_node(scene: Scene) -> set[str]:
    found = scene.cluster.store.objects(table=("", "pods"), namespace="shop")
    return {one["metadata"]["name"] for one in found if one["spec"].get("nodeName") == "old-1"}


def evictions(scene: Scene) -> list[str]:
    return [path.split("/")[-2] for _, path in scene.writes() if path.endswith("/eviction")]


async def take(scene: Scene, plan: Plan, preview: Preview, **options: Any) -> Applied | Refusal:
    options = {"looks": (0.0,), "patience": (0.0, 0.0), "undoable": True, **options}
    return await StepRunner(session=Session(connection=scene.connection), plan=plan, preview=preview, **options).run()


def told(texts: tuple[Text, ...]) -> str:
    assert all(each.zh for each in texts)
    return "\n".join(each.en for each in texts)
