"""Make pods as their owners and a kubelet do: healthy from a template, or with the fault of the pod they replace."""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime
from typing import Any

from bot.playground.kubernetes import defaults, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
_TIME_KEYS = ("Time", "Timestamp", "At")


def owner_reference(owner: Json) -> Json:
    """Return the ownerReference to a controller."""
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def make(
    *,
    state: State,
    owner: Json,
    name: str,
    labels: Json,
    like: Json | None = None,
) -> Json:
    """Make a new pod of `owner`, not yet running. It takes the claim volumes of `like`, the pod it replaces."""
    template = owner["spec"].get("template") or {}
    namespace = owner["metadata"]["namespace"]
    spec = copy.deepcopy(template.get("spec") or {})
    if owner["kind"] == "StatefulSet":
        known = {each["name"] for each in spec.get("volumes") or ()}
        claimed = _claimed(owner, name=name) if like is None else like["spec"].get("volumes") or ()
        extra = [
            copy.deepcopy(each) for each in claimed if "persistentVolumeClaim" in each and each["name"] not in known
        ]
        if extra:
            spec["volumes"] = [*(spec.get("volumes") or ()), *extra]
        kept = like["spec"] if like else {"hostname": name, "subdomain": owner["spec"].get("serviceName")}
        spec |= {key: kept[key] for key in ("hostname", "subdomain") if kept.get(key)}
    metadata: Json = {
        "name": name,
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": namespace,
        "uid": state.store.new_uid(table=("", "pods"), namespace=namespace, name=name),
        "generation": 1,
        "creationTimestamp": times.timestamp(state.now()),
        "labels": labels,
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations := (template.get("metadata") or {}).get("annotations"):
        metadata["annotations"] = dict(annotations)
    pod: Json = {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {}}
    defaults.fill(pod, resource=state.registry.of_table(("", "pods")))
    defaults.mount_token(spec, name=name)
    pod["status"] = {"phase": "Pending", "qosClass": defaults.quality(spec)}
    return pod


def _claimed(owner: Json, *, name: str) -> list[Json]:
    """Return the volumes that a StatefulSet gives to a pod: a claim of its own for each template."""
    templates = [each.get("metadata") or {} for each in owner["spec"].get("volumeClaimTemplates") or ()]
    return [
        {"name": each["name"], "persistentVolumeClaim": {"claimName": f"{each['name']}-{name}"}}
        for each in templates
        if "name" in each
    ]


def running(pod: Json, *, state: State) -> Json:
    """Return the pod as a healthy kubelet reports it once its containers run and are ready."""
    now = times.timestamp(state.now())
    spec = pod["spec"]
    node = state.store.get(table=("", "nodes"), namespace="", name=spec.get("nodeName", "")) or {}
    host = _address(node)
    address = host if spec.get("hostNetwork") and host else network_address(pod)
    statuses = [_started(each, now=now, uid=pod["metadata"]["uid"]) for each in spec.get("containers") or ()]
    status: Json = {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": now} for kind in _CONDITIONS
        ],
    }
    if host:
        status |= {"hostIP": host, "hostIPs": [{"ip": host}]}
    status |= {"podIP": address, "podIPs": [{"ip": address}], "startTime": now}
    if initial := spec.get("initContainers"):
        status["initContainerStatuses"] = [_finished(each, now=now, uid=pod["metadata"]["uid"]) for each in initial]
    return pod | {
        "status": status | {"containerStatuses": statuses, "qosClass": defaults.quality(spec)},
    }


def with_fault_of(pod: Json, like: Json, *, now: datetime) -> Json:
    """Return the pod with the status of another, with its times set to `now` and its restarts reset."""
    status = _fresh(copy.deepcopy(like.get("status") or {}), now=times.timestamp(now))
    for key in ("containerStatuses", "initContainerStatuses"):
        for each in status.get(key) or ():
            # A container whose last run ended has been restarted at least once, even in a new pod.
            each["restartCount"] = 1 if (each.get("lastState") or {}).get("terminated") else 0
    conditions = [each for each in status.get("conditions") or () if each.get("type") != "DisruptionTarget"]
    if "conditions" in status:
        status["conditions"] = conditions
    spec = dict(pod["spec"])
    if not like["spec"].get("nodeName"):
        spec.pop("nodeName", None)
    if status.get("podIP") and not spec.get("hostNetwork"):
        address = network_address(pod)
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
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


def _address(node: Json) -> str:
    addresses = (node.get("status") or {}).get("addresses") or ()
    return next((each["address"] for each in addresses if each.get("type") == "InternalIP"), "")


def _status(container: Json, *, uid: str, state: Json, ready: bool, started: bool) -> Json:
    image = container.get("image", "")
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": ready,
        "started": started,
        "restartCount": 0,
        "image": image,
        "imageID": f"{image.partition('@')[0]}@sha256:{_digest(image)}",
        "containerID": f"containerd://{_digest(uid + container['name'])}",
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _started(container: Json, *, now: str, uid: str) -> Json:
    return _status(container, uid=uid, state={"running": {"startedAt": now}}, ready=True, started=True)


def _finished(container: Json, *, now: str, uid: str) -> Json:
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return _status(container, uid=uid, state={"terminated": ended}, ready=True, started=False)
