"""Which fields the usual kinds have, so that unknown ones are warned of, refused, or dropped as a real server does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import bad_request, cause, invalid


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_METADATA = _words(
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
    "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers "
    "managedFields"
)
_CONTAINER = _words(
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy "
    "restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe "
    "lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin "
    "stdinOnce tty targetContainerName"
)
_POD_SPEC = _words(
    "volumes initContainers containers ephemeralContainers restartPolicy "
    "terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName "
    "serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC "
    "shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity schedulerName "
    "tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName "
    "enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os "
    "hostUsers schedulingGates resourceClaims resources hostnameOverride workloadRef"
)
_SPECS: dict[str, frozenset[str]] = {
    "Pod": _POD_SPEC,
    "Deployment": _words(
        "replicas selector template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds"
    ),
    "ReplicaSet": _words("replicas minReadySeconds selector template"),
    "StatefulSet": _words(
        "replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy "
        "revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals"
    ),
    "DaemonSet": _words("selector template updateStrategy minReadySeconds revisionHistoryLimit"),
    "Node": _words("podCIDR podCIDRs providerID unschedulable taints configSource externalID"),
}
_LISTS = {"containers": "[]v1.Container", "initContainers": "[]v1.Container", "volumes": "[]v1.Volume"}
_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_QUANTITY_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def unknown(obj: Json, *, resource: Resource) -> list[str]:
    """The paths of fields the kind does not have."""
    found = [f"metadata.{key}" for key in obj.get("metadata") or {} if key not in _METADATA]
    spec = obj.get("spec")
    if resource.custom or not isinstance(spec, dict) or resource.kind not in _SPECS:
        return found
    for path, fields, known in _places(spec, kind=resource.kind):
        found += [f"{path}.{key}" for key in fields if key not in known]
    return sorted(found)


def _places(spec: Json, *, kind: str) -> Iterator[tuple[str, Json, frozenset[str]]]:
    yield "spec", spec, _SPECS[kind]
    pod_spec = spec if kind == "Pod" else (spec.get("template") or {}).get("spec")
    path = "spec" if kind == "Pod" else "spec.template.spec"
    if not isinstance(pod_spec, dict):
        return
    if kind != "Pod":
        yield path, pod_spec, _POD_SPEC
    for key in ("containers", "initContainers"):
        for at, container in enumerate(pod_spec.get(key) or ()):
            if isinstance(container, dict):
                yield f"{path}.{key}[{at}]", container, _CONTAINER


def drop_unknown(obj: Json, *, resource: Resource) -> None:
    """Remove the fields the kind does not have, in place."""
    for key in [key for key in obj.get("metadata") or {} if key not in _METADATA]:
        del obj["metadata"][key]
    spec = obj.get("spec")
    if resource.custom or not isinstance(spec, dict) or resource.kind not in _SPECS:
        return
    for _, fields, known in list(_places(spec, kind=resource.kind)):
        for key in [key for key in fields if key not in known]:
            del fields[key]


_MICRO_TIME = re.compile(r"\.\d{6}(Z|[+-]\d\d:\d\d)$")


def check_micro_times(obj: Json, *, resource: Resource) -> None:
    """Refusal 422 for a Lease whose times lack the six digits, with the whole object in the message as recorded."""
    if resource.kind != "Lease":
        return
    for key in ("acquireTime", "renewTime"):
        value = (obj.get("spec") or {}).get(key)
        if value is None or _MICRO_TIME.search(str(value)):
            continue
        shown = json.dumps(json.dumps(obj, separators=(",", ":")))
        message = (
            f'Invalid value: {shown}: parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": '
            f'cannot parse "{str(value)[19:]}" as ".000000"'
        )
        wrong = cause(reason="FieldValueInvalid", message=message, field="patch")
        raise invalid(kind="", name="", causes=[wrong])


def check_types(obj: Json, *, resource: Resource) -> None:
    """Refusal 400 for the wrong types that people write: text for a number or a list, a malformed quantity."""
    for key in ("metadata", "spec", "status"):
        if obj.get(key) is not None and not isinstance(obj[key], dict):
            raise _unmarshal(obj[key], resource=resource, field=f"{resource.kind}.{key}", wanted=f"v1.{resource.kind}")
    spec = obj.get("spec")
    if resource.custom or not isinstance(spec, dict):
        return
    replicas = spec.get("replicas")
    if replicas is not None and (not isinstance(replicas, int) or isinstance(replicas, bool)):
        raise _unmarshal(replicas, resource=resource, field=f"{resource.kind}Spec.spec.replicas", wanted="int32")
    pod_spec = spec if resource.kind == "Pod" else (spec.get("template") or {}).get("spec")
    prefix = "spec" if resource.kind == "Pod" else "spec.template.spec"
    if not isinstance(pod_spec, dict):
        return
    for key, wanted in _LISTS.items():
        if pod_spec.get(key) is not None and not isinstance(pod_spec[key], list):
            raise _unmarshal(pod_spec[key], resource=resource, field=f"PodSpec.{prefix}.{key}", wanted=wanted)
    for container in pod_spec.get("containers") or ():
        for kind in ("requests", "limits"):
            for amount in ((container.get("resources") or {}).get(kind) or {}).values():
                if not _QUANTITY.match(str(amount)):
                    raise _cannot_handle(resource, _QUANTITY_TEXT)


def _unmarshal(value: Any, *, resource: Resource, field: str, wanted: str) -> Exception:
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return _cannot_handle(resource, f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")


def _cannot_handle(resource: Resource, because: str) -> Exception:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {because}'
    )


def strict_error(paths: list[str], *, resource: Resource) -> Exception:
    """Refusal 400 of fieldValidation=Strict."""
    listed = ", ".join(f'unknown field "{path}"' for path in paths)
    return _cannot_handle(resource, f"strict decoding error: {listed}")
