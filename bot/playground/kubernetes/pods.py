"""Make pods as their owners, the scheduler and a kubelet do: healthy from a template, or with the fault of another.

Pods are scheduled by cordons, taints and readiness of nodes; the capacity of nodes is not simulated.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from bot.playground.copies import copied
from bot.playground.kubernetes import defaults, times
from bot.playground.kubernetes.objects import condition, labels_of, made_condition, owner_reference, status_of
from bot.playground.kubernetes.resources import NODES, PODS, Json
from bot.playground.kubernetes.state import State

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
_TIME_KEYS = ("Time", "Timestamp", "At")
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def make(*, state: State, owner: Json, name: str, labels: Json, like: Json | None = None) -> Json:
    """Make a new pod of `owner`, not yet running. It takes the claim volumes of `like`, the pod it replaces."""
    template = owner["spec"].get("template") or {}
    spec = copied(template.get("spec") or {})
    if owner["kind"] == "StatefulSet":
        _give_identity(spec, owner=owner, name=name, like=like)
    metadata = state.new_metadata(PODS, name, namespace=owner["metadata"]["namespace"]) | {
        "generateName": f"{owner['metadata']['name']}-",
        "generation": 1,
        "labels": labels,
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations := (template.get("metadata") or {}).get("annotations"):
        metadata["annotations"] = dict(annotations)
    pod: Json = {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {}}
    defaults.fill(pod, resource=state.registry.of_table(PODS))
    defaults.mount_token(spec, name=name)
    pod["status"] = {"phase": "Pending", "qosClass": defaults.quality(spec)}
    return pod


def _give_identity(spec: Json, *, owner: Json, name: str, like: Json | None) -> None:
    """Set the claims, hostname and subdomain that a StatefulSet gives to each of its pods, in place."""
    known = {each["name"] for each in spec.get("volumes") or ()}
    claimed = _claimed(owner, name=name) if like is None else like["spec"].get("volumes") or ()
    extra = [copied(each) for each in claimed if "persistentVolumeClaim" in each and each["name"] not in known]
    if extra:
        spec["volumes"] = [*(spec.get("volumes") or ()), *extra]
    kept = like["spec"] if like else {"hostname": name, "subdomain": owner["spec"].get("serviceName")}
    spec |= {key: kept[key] for key in ("hostname", "subdomain") if kept.get(key)}


def _claimed(owner: Json, *, name: str) -> list[Json]:
    """Return the volumes that a StatefulSet gives to a pod: a claim of its own for each template."""
    templates = [each.get("metadata") or {} for each in owner["spec"].get("volumeClaimTemplates") or ()]
    return [
        {"name": each["name"], "persistentVolumeClaim": {"claimName": f"{each['name']}-{name}"}}
        for each in templates
        if "name" in each
    ]


def choose_node(state: State, *, pod: Json, like: Json | None, pinned: bool) -> str:
    """Choose the node of a new pod: the old pod's node if it still takes pods, else another usable one, else "".

    `pinned` pods (of a DaemonSet) stay on their node. A node that is not in the world counts as usable.
    """
    before = str((like or {"spec": {}})["spec"].get("nodeName", ""))
    node = state.get(NODES, before)
    if before and (pinned or node is None or _takes(node, pod["spec"])):
        return before
    return next(iter(usable_nodes(state, pod["spec"])), "")


def usable_nodes(state: State, spec: Json) -> list[str]:
    """Return the names of the nodes that take a pod with this spec."""
    return [node["metadata"]["name"] for node in state.objects(NODES) if _takes(node, spec)]


def bound(pod: Json, *, node: str, state: State) -> Json:
    """Bind the pod to a node; admission copies the node's topology labels to it, as of Kubernetes 1.35."""
    known = labels_of(state.get(NODES, node) or {"metadata": {}})
    topology = {key: known[key] for key in _TOPOLOGY if key in known}
    metadata = pod["metadata"]
    if topology:
        metadata = metadata | {"labels": labels_of(pod) | topology}
    return pod | {"metadata": metadata, "spec": pod["spec"] | {"nodeName": node}}


def has_kubelet(state: State, name: str) -> bool:
    """Return whether the kubelet of a node works; that of a node outside the world does."""
    node = state.get(NODES, name)
    return node is None or condition(node, "Ready").get("status") != "Unknown"


def _takes(node: Json, spec: Json) -> bool:
    node_spec = node.get("spec") or {}
    if node_spec.get("unschedulable") or condition(node, "Ready").get("status", "True") != "True":
        return False
    tolerations = spec.get("tolerations") or ()
    return all(
        any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in node_spec.get("taints") or ()
        if taint.get("effect") in ("NoSchedule", "NoExecute")
    )


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    return toleration.get("key") == taint.get("key") and toleration.get("value", "") == taint.get("value", "")


def running(pod: Json, *, state: State) -> Json:
    """Return the pod as a healthy kubelet reports it once its containers run and are ready."""
    now, spec, uid = state.stamp(), pod["spec"], pod["metadata"]["uid"]
    addresses = status_of(state.get(NODES, spec.get("nodeName", "")) or {}).get("addresses") or ()
    host = next((each["address"] for each in addresses if each.get("type") == "InternalIP"), "")
    address = host if spec.get("hostNetwork") and host else network_address(pod)
    status: Json = {"phase": "Running"}
    status["conditions"] = [made_condition(kind, "True", at=now) for kind in _CONDITIONS]
    if host:
        status |= {"hostIP": host, "hostIPs": [{"ip": host}]}
    status |= at_address(address) | {"startTime": now}
    if initial := spec.get("initContainers"):
        ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
        status["initContainerStatuses"] = [
            _container_status(each, uid=uid, state={"terminated": ended}, started=False) for each in initial
        ]
    status["containerStatuses"] = [
        _container_status(each, uid=uid, state={"running": {"startedAt": now}}, started=True)
        for each in spec.get("containers") or ()
    ]
    return pod | {"status": status | {"qosClass": defaults.quality(spec)}}


def at_address(address: str) -> Json:
    """Return the fields of a pod's status that hold its address."""
    return {"podIP": address, "podIPs": [{"ip": address}]}


def with_fault_of(pod: Json, like: Json, *, now: datetime) -> Json:
    """Return the pod with the status of another, with its times set to `now` and its restarts reset."""
    status = _fresh(copied(like.get("status") or {}), now=times.timestamp(now))
    for key in ("containerStatuses", "initContainerStatuses"):
        for each in status.get(key) or ():
            # A container whose last run ended has been restarted at least once, even in a new pod.
            each["restartCount"] = 1 if (each.get("lastState") or {}).get("terminated") else 0
    if "conditions" in status:
        told = status["conditions"] or ()
        status["conditions"] = [each for each in told if each.get("type") != "DisruptionTarget"]
    spec = dict(pod["spec"])
    if not like["spec"].get("nodeName"):
        spec.pop("nodeName", None)
    if status.get("podIP") and not spec.get("hostNetwork"):
        status |= at_address(network_address(pod))
    return pod | {"spec": spec, "status": status}


def network_address(obj: Json, *, network: str = "10.244") -> str:
    """Return an address in a network, by default that of the pods, derived from the object's uid."""
    number = int(obj["metadata"]["uid"].replace("-", "")[:6], 16)
    return f"{network}.{number % 200 + 20}.{number // 200 % 250 + 2}"


def _fresh(value: Any, *, now: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _fresh(item, now=now, key=name) for name, item in value.items()}
    if isinstance(value, list):
        return [_fresh(item, now=now, key=key) for item in value]
    return now if isinstance(value, str) and key.endswith(_TIME_KEYS) else value


def _container_status(container: Json, *, uid: str, state: Json, started: bool) -> Json:
    image = container.get("image", "")
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": True,
        "started": started,
        "restartCount": 0,
        "image": image,
        "imageID": f"{image.partition('@')[0]}@sha256:{_digest(image)}",
        "containerID": f"containerd://{_digest(uid + container['name'])}",
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
