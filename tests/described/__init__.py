"""Write objects as `kubectl describe` of 1.32 does: the keys, their order and their indentation.

Columns are padded by at least two spaces, as kubectl's are, but not aligned to the character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.described.pods import (
    WIDTH,
    Object,
    container_lines,
    field,
    head_lines,
    map_lines,
    owner_lines,
    placement_lines,
    pod_lines,
    selector_of,
    tag_lines,
    volume_lines,
)


def described(obj: Object, events: Sequence[Object], *, slices: Iterable[Object] = ()) -> str:
    """Return the description of an object. `events` are its own; `slices` the EndpointSlices of its namespace."""
    kind = obj["kind"]
    if kind == "Service":
        body = _service(obj, [each for each in slices if _of_service(each, obj)])
    else:
        body = _BODIES.get(kind, _custom)(obj)
    return "\n".join([*body, *_events(events)]) + "\n"


def _template(obj: Object) -> Iterator[str]:
    template = obj["spec"]["template"]
    yield "Pod Template:"
    yield from map_lines("Labels", template.get("metadata", {}).get("labels"), 2)
    for title, key in (("Init Containers", "initContainers"), ("Containers", "containers")):
        if template["spec"].get(key):
            yield f"  {title}:"
            for container in template["spec"][key]:
                yield f"   {container['name']}:"
                yield from container_lines(container, None, 4)
    yield from volume_lines(template["spec"], 2)
    yield from placement_lines(template["spec"], 2)


def _conditions(obj: Object, columns: Sequence[str]) -> Iterator[str]:
    conditions = obj.get("status", {}).get("conditions", ())
    if conditions:
        yield "Conditions:"
        yield "  " + "  ".join(["Type           Status", *columns])
        yield "  " + "  ".join(["----           ------", *("-" * len(column) for column in columns)])
        for each in conditions:
            cells = [str(each.get(column[0].lower() + column[1:]) or "") for column in columns]
            yield "  " + "  ".join([f"{each['type']:<14} {each['status']:<6}", *cells])


def _deployment(obj: Object) -> Iterator[str]:
    spec, status = obj["spec"], obj.get("status", {})
    yield from head_lines(obj)
    yield from tag_lines(obj)
    yield field("Selector", selector_of(obj))
    counts = (
        f"{spec.get('replicas', 1)} desired | {status.get('updatedReplicas', 0)} updated | "
        f"{status.get('replicas', 0)} total | {status.get('availableReplicas', 0)} available | "
        f"{status.get('unavailableReplicas', 0)} unavailable"
    )
    yield field("Replicas", counts)
    yield field("StrategyType", "RollingUpdate")
    yield field("MinReadySeconds", 0)
    yield from _template(obj)
    yield from _conditions(obj, ["Reason"])
    yield field("OldReplicaSets", None)


def _pods_status(status: Object) -> str:
    running = status.get("readyReplicas", status.get("numberReady", 0))
    wanted = status.get("replicas", status.get("currentNumberScheduled", 0))
    return f"{running} Running / {max(wanted - running, 0)} Waiting / 0 Succeeded / 0 Failed"


def _stateful_set(obj: Object) -> Iterator[str]:
    status = obj.get("status", {})
    yield from head_lines(obj)
    yield field("Selector", selector_of(obj))
    yield from tag_lines(obj)
    yield field("Replicas", f"{obj['spec'].get('replicas', 1)} desired | {status.get('replicas', 0)} total")
    yield field("Update Strategy", "RollingUpdate")
    yield field("  Partition", 0)
    yield field("Pods Status", _pods_status(status))
    yield from _template(obj)
    yield field("Volume Claims", None)


def _replica_set(obj: Object) -> Iterator[str]:
    status = obj.get("status", {})
    yield from head_lines(obj)
    yield field("Selector", selector_of(obj))
    yield from tag_lines(obj)
    yield from owner_lines(obj)
    yield field("Replicas", f"{status.get('replicas', 0)} current / {obj['spec'].get('replicas', 1)} desired")
    yield field("Pods Status", _pods_status(status))
    yield from _template(obj)
    yield from _conditions(obj, ["Reason"])


def _daemon_set(obj: Object) -> Iterator[str]:
    status = obj.get("status", {})
    yield from head_lines(obj)
    yield field("Selector", selector_of(obj))
    yield from map_lines("Node-Selector", obj["spec"]["template"]["spec"].get("nodeSelector"))
    yield from tag_lines(obj)
    desired = status.get("desiredNumberScheduled", 0)
    yield f"Desired Number of Nodes Scheduled: {desired}"
    yield f"Current Number of Nodes Scheduled: {status.get('currentNumberScheduled', 0)}"
    yield f"Number of Nodes Scheduled with Up-to-date Pods: {status.get('updatedNumberScheduled', desired)}"
    yield f"Number of Nodes Scheduled with Available Pods: {status.get('numberAvailable', 0)}"
    yield f"Number of Nodes Misscheduled: {status.get('numberMisscheduled', 0)}"
    yield field("Pods Status", _pods_status(status))
    yield from _template(obj)


def _job(obj: Object) -> Iterator[str]:
    status = obj.get("status", {})
    yield from head_lines(obj)
    yield field("Selector", selector_of(obj))
    yield from tag_lines(obj)
    yield from owner_lines(obj)
    yield field("Parallelism", obj["spec"].get("parallelism", 1))
    yield field("Completions", obj["spec"].get("completions", 1))
    yield field("Suspend", bool(obj["spec"].get("suspend")))
    counts = f"{status.get('active', 0)} Active (0 Ready) / {status.get('succeeded', 0)} Succeeded"
    yield field("Pods Statuses", f"{counts} / {status.get('failed', 0)} Failed")
    yield from _template(obj)


def _cron_job(obj: Object) -> Iterator[str]:
    yield from head_lines(obj)
    yield from tag_lines(obj)
    yield field("Schedule", obj["spec"].get("schedule"))
    yield field("Concurrency Policy", obj["spec"].get("concurrencyPolicy", "Allow"))
    yield field("Suspend", bool(obj["spec"].get("suspend")))
    yield from _template(obj["spec"]["jobTemplate"])
    yield field("Last Schedule Time", obj.get("status", {}).get("lastScheduleTime", "<unset>"))
    yield field("Active Jobs", None)


def _node(obj: Object) -> Iterator[str]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    yield from head_lines(obj, namespace=False)
    yield field("Roles", None)
    yield from tag_lines(obj)
    taints = [f"{each['key']}:{each['effect']}" for each in spec.get("taints", ())]
    yield field("Taints", taints[0] if taints else None)
    yield from (f"{' ' * (WIDTH + 2)}{each}" for each in taints[1:])
    yield field("Unschedulable", str(bool(spec.get("unschedulable"))).lower())
    yield from _conditions(obj, ["LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"])
    for title in ("Capacity", "Allocatable"):
        yield f"{title}:"
        yield from (field(key, value, 2) for key, value in sorted(status.get(title.lower(), {}).items()))
    yield "System Info:"
    yield from (field(key, value, 2) for key, value in status.get("nodeInfo", {}).items())
    yield "Non-terminated Pods:          (1 in total)"
    yield "  Namespace    Name                 CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age"
    yield "  ---------    ----                 ------------  ----------  ---------------  -------------  ---"
    yield "  kube-system  evicted-oom-killer   100m (2%)     0 (0%)      0 (0%)           0 (0%)         9d"


def _of_service(found: Object, service: Object) -> bool:
    meta = found["metadata"]
    name = meta.get("labels", {}).get("kubernetes.io/service-name")
    return bool(name == service["metadata"]["name"] and meta.get("namespace") == service["metadata"].get("namespace"))


def _service(obj: Object, slices: Sequence[Object]) -> Iterator[str]:
    spec = obj["spec"]
    yield from head_lines(obj)
    yield from tag_lines(obj)
    yield field("Selector", selector_of(obj))
    yield field("Type", spec.get("type", "ClusterIP"))
    yield field("IP", spec.get("clusterIP"))
    ready = [
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if endpoint.get("conditions", {}).get("ready") is not False
        for address in endpoint.get("addresses", ())
    ]
    for port in spec.get("ports", ()):
        yield field("Port", f"{port.get('name', '<unset>')}  {port.get('port')}/TCP")
        yield field("TargetPort", f"{port.get('targetPort')}/TCP")
        yield f"{'Endpoints:':<{WIDTH}}  {','.join(ready)}"
    yield field("Session Affinity", "None")


def _ingress(obj: Object) -> Iterator[str]:
    addresses = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    yield from map_lines("Labels", obj["metadata"].get("labels"))
    yield from head_lines(obj)
    yield field("Address", ",".join(each.get("ip", each.get("hostname", "")) for each in addresses))
    yield field("Ingress Class", obj["spec"].get("ingressClassName"))
    yield field("Default backend", "<default>")
    yield "Rules:"
    for rule in obj["spec"].get("rules", ()):
        for path in rule.get("http", {}).get("paths", ()):
            service = path.get("backend", {}).get("service", {})
            yield f"  {rule.get('host', '*')}  {path.get('path', '/')}   {service.get('name')}:80 (10.1.0.7:80)"
    yield from map_lines("Annotations", obj["metadata"].get("annotations"), by=": ")


def _claim(obj: Object) -> Iterator[str]:
    yield from head_lines(obj)
    yield field("StorageClass", obj["spec"].get("storageClassName", ""))
    deleted = obj["metadata"].get("deletionTimestamp")
    yield field("Status", "Terminating (lasts 3m)" if deleted else obj.get("status", {}).get("phase", "Pending"))
    yield field("Volume", obj["spec"].get("volumeName", ""))
    yield from tag_lines(obj)
    yield field("Finalizers", f"[{' '.join(obj['metadata'].get('finalizers', ['kubernetes.io/pvc-protection']))}]")
    yield field("Access Modes", "RWO")
    yield from _conditions(obj, ["LastProbeTime", "LastTransitionTime", "Reason", "Message"])
    yield field("Used By", None)


def _volume(obj: Object) -> Iterator[str]:
    status = obj.get("status", {})
    claim = obj["spec"].get("claimRef", {})
    yield from head_lines(obj, namespace=False)
    yield from tag_lines(obj)
    yield field("Finalizers", "[kubernetes.io/pv-protection]")
    yield field("StorageClass", obj["spec"].get("storageClassName", ""))
    yield field("Status", status.get("phase", "Available"))
    yield field("Claim", f"{claim.get('namespace')}/{claim.get('name')}" if claim else "")
    yield field("Reclaim Policy", obj["spec"].get("persistentVolumeReclaimPolicy", "Delete"))
    yield field("Message", status.get("message", ""))


def _autoscaler(obj: Object) -> Iterator[str]:
    spec, status = obj["spec"], obj.get("status", {})
    target = spec.get("scaleTargetRef", {})
    yield from head_lines(obj)
    yield from tag_lines(obj)
    yield field("Reference", f"{target.get('kind')}/{target.get('name')}")
    active = all(each["status"] == "True" for each in status.get("conditions", ()) if each["type"] == "ScalingActive")
    yield "Metrics:                                               ( current / target )"
    current = "40% (40m)" if active else "<unknown>"
    yield f"  resource cpu on pods  (as a percentage of request):  {current} / 80%"
    yield field("Min replicas", spec.get("minReplicas", 1))
    yield field("Max replicas", spec.get("maxReplicas"))
    counts = f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    yield field(f"{target.get('kind')} pods", counts)
    yield from _conditions(obj, ["Reason", "Message"])


def _namespace(obj: Object) -> Iterator[str]:
    yield from head_lines(obj, namespace=False)
    yield from tag_lines(obj)
    yield field("Status", obj.get("status", {}).get("phase", "Active"))
    yield from _conditions(obj, ["LastTransitionTime", "Reason", "Message"])
    yield "\nNo resource quota.\n\nNo LimitRange resource."


def _custom(obj: Object) -> Iterator[str]:
    yield from head_lines(obj)
    yield from tag_lines(obj)
    yield field("API Version", obj.get("apiVersion", "v1"))
    yield field("Kind", obj["kind"])
    for key in ("metadata", "spec", "status"):
        shown = {name: value for name, value in (obj.get(key) or {}).items() if name not in ("labels", "annotations")}
        if shown:
            yield f"{key.capitalize()}:"
            yield from _tree(shown, 2)


def _tree(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in sorted(value.items()):
            title = "".join(f" {each}" if each.isupper() else each for each in key[:1].upper() + key[1:]).strip()
            if isinstance(inner, Mapping | list):
                yield f"{' ' * indent}{title}:"
                yield from _tree(inner, indent + 2)
            else:
                yield field(title, inner, indent)
    elif isinstance(value, list):
        for each in value:
            yield from _tree(each, indent)
    else:
        yield f"{' ' * indent}{value}"


def _events(events: Sequence[Object]) -> Iterator[str]:
    if not events:
        yield field("Events", None)
        return
    yield "Events:"
    yield "  Type     Reason     Age                From               Message"
    yield "  ----     ------     ----               ----               -------"
    for each in events:
        times = f"12s (x{each['count']} over 9m)" if each.get("count", 1) > 1 else "9m"
        source = each.get("from", "kubelet")
        yield f"  {each.get('type', 'Normal'):<8} {each['reason']}  {times}  {source}  {each['message']}"


_BODIES: Final[Mapping[str, Callable[[Object], Iterator[str]]]] = {
    "Pod": pod_lines,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "ReplicaSet": _replica_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Node": _node,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
}
