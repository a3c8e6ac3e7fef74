"""Find and drop the fields that a kind does not have, with the warnings and refusals of a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.shapes import refused
from bot.playground.kubernetes.status import cause, invalid


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


def unknown(obj: Json, *, resource: Resource) -> list[str]:
    """Return the paths of the fields that the kind does not have."""
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
    """Raise Refusal 422 for a Lease whose times lack six digits; the message holds the whole object, as recorded."""
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


def strict_error(paths: list[str], *, resource: Resource) -> Exception:
    """Return Refusal 400 for unknown fields with fieldValidation=Strict."""
    listed = ", ".join(f'unknown field "{path}"' for path in paths)
    return refused(resource, f"strict decoding error: {listed}")
