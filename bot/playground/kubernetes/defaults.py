"""Set the defaults that the API server and its admission plugins add to written objects."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.playground.kubernetes.resources import Json, Resource

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TEMPLATED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})


def suffix(*parts: object, length: int = 5) -> str:
    """Return a name suffix from Kubernetes' safe alphabet, the same for the same parts."""
    number = int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:16])
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[at])
    return "".join(letters)


def fill(obj: Json, *, resource: Resource) -> None:
    """Set the defaults of a built-in kind's object in place; `schemas.set_defaults` sets those of custom kinds."""
    spec = obj.get("spec")
    if not isinstance(spec, dict) or resource.custom:
        return
    match resource.kind:
        case "Pod":
            _pod_spec(spec)
        case "Deployment":
            spec.setdefault("replicas", 1)
            spec.setdefault("strategy", {"type": "RollingUpdate"})
            if spec["strategy"].get("type") == "RollingUpdate":
                spec["strategy"].setdefault("rollingUpdate", {"maxUnavailable": "25%", "maxSurge": "25%"})
            spec.setdefault("revisionHistoryLimit", 10)
            spec.setdefault("progressDeadlineSeconds", 600)
        case "StatefulSet":
            spec.setdefault("replicas", 1)
            spec.setdefault("podManagementPolicy", "OrderedReady")
            spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
            spec.setdefault("revisionHistoryLimit", 10)
        case "DaemonSet":
            rolling = {"maxUnavailable": 1, "maxSurge": 0}
            spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": rolling})
            spec.setdefault("revisionHistoryLimit", 10)
        case "ReplicaSet" | "ReplicationController":
            spec.setdefault("replicas", 1)
        case "CustomResourceDefinition":
            _definition(obj)
        case _:
            pass
    if resource.kind in _TEMPLATED:
        _template(spec.get("template") or {})


def _definition(definition: Json) -> None:
    spec = definition["spec"]
    spec.setdefault("conversion", {"strategy": "None"})
    if not definition.get("status"):
        stored = [version["name"] for version in spec.get("versions") or () if version.get("storage")]
        names = {"plural": "", "kind": ""}
        definition["status"] = {"conditions": None, "acceptedNames": names, "storedVersions": stored}


def _template(template: Json) -> None:
    for key in ("labels", "annotations"):
        # Go's encoder omits empty maps: with its last annotation removed, a template has no map of annotations.
        if not (template.get("metadata") or {}).get(key, True):
            del template["metadata"][key]
    if isinstance(template.get("spec"), dict):
        _template_spec(template["spec"])


def _template_spec(spec: Json) -> None:
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            if isinstance(container, dict):
                _container(container)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")


def _container(container: Json) -> None:
    resources = container.setdefault("resources", {})
    if isinstance(resources, dict) and isinstance(resources.get("limits"), dict):
        requests = resources.setdefault("requests", {})
        for name, amount in resources["limits"].items():
            requests.setdefault(name, amount)
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = tag in ("", "latest") and "@" not in image
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")


def _pod_spec(spec: Json) -> None:
    _template_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(each.get("key") in (key, None) for each in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec.setdefault("priority", 0)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def mount_token(spec: Json, *, name: str) -> None:
    """Give a new pod the volume of its ServiceAccount's token, as the admission plugin does."""
    if spec.get("automountServiceAccountToken") is False:
        return
    volumes: list[Any] = spec.setdefault("volumes", [])
    if any(str(each.get("name", "")).startswith("kube-api-access-") for each in volumes):
        return
    volume = f"kube-api-access-{suffix(name)}"
    ca = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    field_ref = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": ca},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field_ref}]}},
    ]
    volumes.append({"name": volume, "projected": {"sources": sources, "defaultMode": 420}})
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            mounts = container.setdefault("volumeMounts", [])
            mounts.append({"name": volume, "readOnly": True, "mountPath": _TOKEN_PATH})


def quality(spec: Json) -> str:
    """Return the QoS class of a pod."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    demands = [each.get("resources") or {} for each in containers]
    if not any(each.get("requests") or each.get("limits") for each in demands):
        return "BestEffort"
    for each in demands:
        limits = each.get("limits") or {}
        requests = limits | (each.get("requests") or {})
        if {"cpu", "memory"} - set(limits) or any(requests.get(key) != limits[key] for key in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"
