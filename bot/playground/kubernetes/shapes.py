"""Refuse values of other types than the fields have that the simulated cluster reads, as Go's decoder does.

Only what validation, defaults and controllers look at is listed; other fields pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import Refusal, bad_request

_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_TEXTS = "map[string]string"
_AMOUNTS = "v1.ResourceList"
_GO_NAMES = {dict: "object", list: "array", str: "string", bool: "bool"}


@dataclass(frozen=True, slots=True)
class Struct:
    """A Go struct: its name in error texts, and the shapes of the fields that matter."""

    name: str
    fields: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class Many:
    """A slice of items of one shape."""

    item: Shape


Shape: TypeAlias = "str | Struct | Many"

_STRINGS = Many("string")
_SELECTOR = Struct(
    "LabelSelector",
    {
        "matchLabels": _TEXTS,
        "matchExpressions": Many(
            Struct("LabelSelectorRequirement", {"key": "string", "operator": "string", "values": _STRINGS})
        ),
    },
)
_OWNER = Struct(
    "OwnerReference",
    {"apiVersion": "string", "kind": "string", "name": "string", "uid": "string", "controller": "bool"},
)
_METADATA = Struct(
    "ObjectMeta",
    {
        **dict.fromkeys(("name", "generateName", "namespace", "uid", "resourceVersion"), "string"),
        "generation": "int64",
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "finalizers": _STRINGS,
        "ownerReferences": Many(_OWNER),
    },
)
_CONTAINER = Struct(
    "Container",
    {
        "name": "string",
        "image": "string",
        "resources": Struct("ResourceRequirements", {"requests": _AMOUNTS, "limits": _AMOUNTS}),
        "ports": Many(Struct("ContainerPort", {"containerPort": "int32", "name": "string", "protocol": "string"})),
        "env": Many(Struct("EnvVar", {"name": "string", "value": "string"})),
        "volumeMounts": Many(Struct("VolumeMount", {"name": "string", "mountPath": "string"})),
    },
)
_TERM = Struct("PodAffinityTerm", {"namespaces": _STRINGS})
_TERMS = {"requiredDuringSchedulingIgnoredDuringExecution": Many(_TERM)}
_TOLERATION = Struct("Toleration", dict.fromkeys(("key", "operator", "value", "effect"), "string"))
_POD_SPEC = Struct(
    "PodSpec",
    {
        "containers": Many(_CONTAINER),
        "initContainers": Many(_CONTAINER),
        "ephemeralContainers": Many(_CONTAINER),
        "volumes": Many(
            Struct(
                "Volume",
                {
                    "name": "string",
                    "persistentVolumeClaim": Struct("PersistentVolumeClaimVolumeSource", {"claimName": "string"}),
                },
            )
        ),
        "tolerations": Many(_TOLERATION),
        "affinity": Struct(
            "Affinity",
            {"podAffinity": Struct("PodAffinity", _TERMS), "podAntiAffinity": Struct("PodAntiAffinity", _TERMS)},
        ),
        **dict.fromkeys(("nodeName", "restartPolicy", "schedulerName", "serviceAccountName", "hostname"), "string"),
        **dict.fromkeys(("hostNetwork", "automountServiceAccountToken"), "bool"),
        "terminationGracePeriodSeconds": "int64",
    },
)
_CONDITIONS = Many(Struct("Condition", {"type": "string", "status": "string", "reason": "string", "message": "string"}))
_STATE = Struct(
    "ContainerState",
    {
        "running": Struct("ContainerStateRunning", {"startedAt": "string"}),
        "terminated": Struct("ContainerStateTerminated", {"startedAt": "string", "finishedAt": "string"}),
        "waiting": Struct("ContainerStateWaiting", {"reason": "string"}),
    },
)
_STATUSES = Many(Struct("ContainerStatus", {"name": "string", "state": _STATE, "lastState": _STATE}))
_TEMPLATE = Struct("PodTemplateSpec", {"metadata": _METADATA, "spec": _POD_SPEC})
_COUNTS = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), "int32")
_ROLLING = Struct("RollingUpdate", {"maxUnavailable": "intstr.IntOrString", "maxSurge": "intstr.IntOrString"})


def _workload(name: str, **more: Shape) -> dict[str, Shape]:
    strategy = Struct(f"{name}Strategy", {"type": "string", "rollingUpdate": _ROLLING})
    spec: dict[str, Shape] = {"replicas": "int32", "selector": _SELECTOR, "template": _TEMPLATE, "paused": "bool"}
    status: dict[str, Shape] = {**_COUNTS, "conditions": _CONDITIONS, "updateRevision": "string"}
    return {
        "spec": Struct(f"{name}Spec", spec | {"strategy": strategy, "updateStrategy": strategy} | more),
        "status": Struct(f"{name}Status", status),
    }


_ATTRIBUTES = Struct(
    "ResourceAttributes",
    dict.fromkeys(("verb", "group", "version", "resource", "namespace", "name", "subresource"), "string"),
)
_DELETE_OPTIONS: dict[str, Shape] = {
    "gracePeriodSeconds": "int64",
    "preconditions": Struct("Preconditions", {"uid": "string", "resourceVersion": "string"}),
    "dryRun": _STRINGS,
    "propagationPolicy": "string",
    "orphanDependents": "bool",
}

_SHAPES: dict[tuple[str, str], Mapping[str, Shape]] = {
    ("", "pods"): {
        "spec": _POD_SPEC,
        "status": Struct(
            "PodStatus",
            {
                "phase": "string",
                "podIP": "string",
                "conditions": _CONDITIONS,
                **dict.fromkeys(
                    ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"), _STATUSES
                ),
            },
        ),
    },
    ("apps", "deployments"): _workload("Deployment"),
    ("apps", "replicasets"): _workload("ReplicaSet"),
    ("apps", "statefulsets"): _workload(
        "StatefulSet", serviceName="string", ordinals=Struct("StatefulSetOrdinals", {"start": "int32"})
    ),
    ("apps", "daemonsets"): _workload("DaemonSet"),
    ("batch", "jobs"): _workload("Job"),
    ("meta.k8s.io", "deleteoptions"): _DELETE_OPTIONS,
    ("policy", "evictions"): {"deleteOptions": Struct("DeleteOptions", _DELETE_OPTIONS)},
    ("authorization.k8s.io", "selfsubjectaccessreviews"): {
        "spec": Struct("SelfSubjectAccessReviewSpec", {"resourceAttributes": _ATTRIBUTES})
    },
    ("authorization.k8s.io", "subjectaccessreviews"): {
        "spec": Struct(
            "SubjectAccessReviewSpec", {"resourceAttributes": _ATTRIBUTES, "user": "string", "groups": Many("string")}
        )
    },
    ("autoscaling", "scales"): {"spec": Struct("ScaleSpec", {"replicas": "int32"})},
    ("", "nodes"): {
        "spec": Struct(
            "NodeSpec",
            {
                "unschedulable": "bool",
                "taints": Many(Struct("Taint", {"key": "string", "value": "string", "effect": "string"})),
            },
        ),
        "status": Struct(
            "NodeStatus",
            {
                "conditions": _CONDITIONS,
                "addresses": Many(Struct("NodeAddress", {"type": "string", "address": "string"})),
            },
        ),
    },
    ("", "namespaces"): {"spec": Struct("NamespaceSpec", {"finalizers": _STRINGS})},
    ("", "services"): {
        "spec": Struct("ServiceSpec", {"selector": _TEXTS, "ports": Many(Struct("ServicePort", {"port": "int32"}))})
    },
    ("", "persistentvolumeclaims"): {
        "spec": Struct(
            "PersistentVolumeClaimSpec",
            {
                "storageClassName": "string",
                "resources": Struct("VolumeResourceRequirements", {"requests": _AMOUNTS}),
            },
        ),
        "status": Struct("PersistentVolumeClaimStatus", {"phase": "string", "capacity": _AMOUNTS}),
    },
    ("", "events"): {"involvedObject": Struct("ObjectReference", {"kind": "string", "namespace": "string"})},
    ("coordination.k8s.io", "leases"): {"spec": Struct("LeaseSpec", {"leaseDurationSeconds": "int32"})},
    ("policy", "poddisruptionbudgets"): {
        "spec": Struct(
            "PodDisruptionBudgetSpec",
            {
                "selector": _SELECTOR,
                "minAvailable": "intstr.IntOrString",
                "maxUnavailable": "intstr.IntOrString",
            },
        ),
        "status": Struct("PodDisruptionBudgetStatus", {"conditions": _CONDITIONS, "disruptionsAllowed": "int32"}),
    },
    ("apiregistration.k8s.io", "apiservices"): {
        "spec": Struct(
            "APIServiceSpec",
            {
                "group": "string",
                "version": "string",
                "service": Struct("ServiceReference", {"namespace": "string", "name": "string"}),
            },
        ),
        "status": Struct("APIServiceStatus", {"conditions": _CONDITIONS}),
    },
    ("discovery.k8s.io", "endpointslices"): {"endpoints": Many(Struct("Endpoint", {"addresses": _STRINGS}))},
}


def check(obj: Json, *, resource: Resource) -> None:
    """Refusal 400 for a value of another type than its field; nulls are taken out, as Go reads them as unset."""
    fields: dict[str, Shape] = {"metadata": _METADATA}
    # Go structs that are not pointers exist even if the body omits them.
    for name in ("metadata", "spec"):
        if name == "metadata" or name in _SHAPES.get(resource.table, {}):
            obj[name] = {} if obj.get(name) is None else obj[name]
    if not resource.custom:
        fields |= {"spec": Struct(f"{resource.kind}Spec", {}), "status": Struct(f"{resource.kind}Status", {})}
        fields |= _SHAPES.get(resource.table, {})
    _check(obj, Struct(resource.kind, fields), path="", resource=resource)


def _check(value: Any, shape: Shape, *, path: str, resource: Resource, within: str = "") -> None:
    if isinstance(shape, Struct):
        if not isinstance(value, dict):
            raise _unmarshal(value, f"v1.{shape.name}", path=path, within=within, resource=resource)
        for name, inner in shape.fields.items():
            if name in value and value[name] is None:
                del value[name]
            elif name in value:
                place = f"{path}.{name}" if path else name
                _check(value[name], inner, path=place, resource=resource, within=shape.name)
    elif isinstance(shape, Many):
        if not isinstance(value, list):
            raise _unmarshal(value, _go_type(shape), path=path, within=within, resource=resource)
        for at, item in enumerate(value):
            if item is None and isinstance(shape.item, Struct):
                value[at] = {}
            _check(value[at], shape.item, path=path, resource=resource, within=within)
    elif not _fits(value, shape):
        raise _unmarshal(value, shape, path=path, within=within, resource=resource)
    elif shape == _AMOUNTS and not all(_QUANTITY.match(str(each)) for each in value.values()):
        raise refused(resource, _BAD_QUANTITY)


def _fits(value: Any, shape: str) -> bool:
    match shape:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "intstr.IntOrString":
            return (isinstance(value, int) and not isinstance(value, bool)) or _is_share(value)
        case "map[string]string":
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        case "v1.ResourceList":
            return isinstance(value, dict) and all(
                isinstance(each, (str, int, float)) and not isinstance(each, bool) for each in value.values()
            )
        case _:
            return isinstance(value, int) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\d+%?", value))


def _go_type(shape: Shape) -> str:
    if isinstance(shape, Many):
        return f"[]{_go_type(shape.item)}"
    return f"v1.{shape.name}" if isinstance(shape, Struct) else shape


def _unmarshal(value: Any, wanted: str, *, path: str, within: str, resource: Resource) -> Refusal:
    found = _GO_NAMES.get(type(value), "number")
    field = f"{within}.{path}" if within else path
    return refused(resource, f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")


def refused(resource: Resource, because: str) -> Refusal:
    """Refusal 400 of a body that the kind's decoder cannot take."""
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {because}'
    )
