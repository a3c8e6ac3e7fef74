"""Set the defaults that the API server and its admission plugins add to written objects."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.playground.copies import copied
from bot.playground.kubernetes.resources import Json, Resource, read_table

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
# The kinds whose spec has a pod template.
TEMPLATED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})
# Those whose selector is written, and whose status counts pods.
SELECTING = TEMPLATED - {"Job", "ReplicationController"}
_TABLE: Json = read_table("defaults.yaml")
JOB: Json = _TABLE["new_job"]
_JOB_UID = "batch.kubernetes.io/controller-uid"


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
    _fill(spec, _TABLE["specs"].get(resource.kind, {}))
    if resource.kind == "Pod":
        _pod_spec(spec)
    elif resource.kind == "Deployment" and spec["strategy"].get("type") == "RollingUpdate":
        _fill(spec["strategy"], _TABLE["rolling_strategy"])
    elif resource.kind == "CustomResourceDefinition":
        _definition(obj)
    if resource.kind in TEMPLATED:
        _template(spec.get("template") or {})


def _fill(fields: Json, usual: Json) -> None:
    for key, value in usual.items():
        fields.setdefault(key, copied(value))


def prepare_job(job: Json) -> None:
    """Set what the API server sets in a new Job, in place: defaults, and a selector unless it is chosen by hand."""
    metadata, spec = job["metadata"], job["spec"]
    _fill(spec, JOB)
    template = spec.setdefault("template", {})
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)
    if spec.get("manualSelector"):
        return
    _fill(labels, job_labels(metadata))
    template["metadata"] = (template.get("metadata") or {}) | {"labels": labels}
    selector = spec.setdefault("selector", {})
    _fill(selector.setdefault("matchLabels", {}), job_selector(metadata)["matchLabels"])


def job_labels(metadata: Json) -> dict[str, str]:
    """Return the labels that the API server generates for the pods of a Job with this metadata."""
    uid, name = metadata["uid"], metadata["name"]
    return {"controller-uid": uid, _JOB_UID: uid, "job-name": name, "batch.kubernetes.io/job-name": name}


def job_selector(metadata: Json) -> Json:
    """Return the selector that the API server generates for a Job with this metadata."""
    return {"matchLabels": {_JOB_UID: metadata["uid"]}}


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
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    _fill(spec, _TABLE["pod_template"])


def _container(container: Json) -> None:
    resources = container.setdefault("resources", {})
    if isinstance(resources, dict) and isinstance(resources.get("limits"), dict):
        requests = resources.setdefault("requests", {})
        for name, amount in resources["limits"].items():
            requests.setdefault(name, amount)
    _fill(container, _TABLE["container"])
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
    for each in _TABLE["tolerations"]:
        if not any(known.get("key") in (each["key"], None) for known in tolerations):
            tolerations.append(dict(each))
    _fill(spec, _TABLE["pod"])


def mount_token(spec: Json, *, name: str) -> None:
    """Give a new pod the volume of its ServiceAccount's token, as the admission plugin does."""
    if spec.get("automountServiceAccountToken") is False:
        return
    volumes: list[Any] = spec.setdefault("volumes", [])
    if any(str(each.get("name", "")).startswith("kube-api-access-") for each in volumes):
        return
    named = {"name": f"kube-api-access-{suffix(name)}"}
    volumes.append(named | copied(_TABLE["token"]["volume"]))
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            container.setdefault("volumeMounts", []).append(named | _TABLE["token"]["mount"])


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
