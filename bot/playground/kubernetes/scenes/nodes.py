"""Change the neighbours' nodes for a scene, make further nodes like a healthy worker, and apply faults to nodes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import conditions_of, with_status
from bot.playground.kubernetes.resources import PODS, Json
from bot.playground.kubernetes.scenes import single_pods
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.messages import TEXTS, filled
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.validation import EFFECTS
from bot.playground.kubernetes.workload_controllers import pod_labels

_LIKE: Final = "worker-a"
_HOSTNAME: Final = "kubernetes.io/hostname"
_ZONE: Final = "topology.kubernetes.io/zone"
_DAEMON_SETS: Final = ("apps", "daemonsets")
_LEASES: Final = "kube-node-lease"


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a node with the details that the scene gives. `obj` is its head: kind, apiVersion and metadata."""
    name = obj["metadata"]["name"]
    known = stage.get("Node", "", name)
    node = known or _another(obj, stage=stage)
    metadata, spec, status = dict(node["metadata"]), dict(node["spec"]), dict(node["status"])
    if "age" in form or known is None:
        metadata["creationTimestamp"] = obj["metadata"]["creationTimestamp"]
    zone = {_ZONE: form["zone"]} if "zone" in form else {}
    metadata["labels"] = {**metadata["labels"], **zone, **(form.get("labels") or {})}
    if "annotations" in form:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **form["annotations"]}
    if "taints" in form:
        spec["taints"] = list(_taints(form))
    if "ip" in form:
        status["addresses"] = _addresses(name, form["ip"])
    amounts = {key: str(form[key]) for key in ("cpu", "memory") if key in form}
    status |= {key: {**status[key], **amounts} for key in ("allocatable", "capacity")}
    stage.put(form.over(node | {"metadata": metadata, "spec": spec, "status": status}))
    if known is None:
        _start_agents(name, created=stage.when(metadata["creationTimestamp"]), stage=stage)


def _taints(form: Form) -> Iterable[Json]:
    """Yield the taints that `key=value:Effect` means. WorldError for anything else."""
    for written in form.get("taints") or ():
        if isinstance(written, dict):
            yield written
            continue
        key, colon, effect = str(written).rpartition(":")
        if not colon or effect not in EFFECTS:
            raise form.wrong(f"expected key=value:Effect, got {written!r}", "taints")
        key, _, value = key.partition("=")
        yield {"key": key} | ({"value": value} if value else {}) | {"effect": effect}


def _addresses(name: str, address: str) -> list[Json]:
    return [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]


def _start_agents(node: str, *, created: datetime, stage: Stage) -> None:
    """Start the pods that the neighbours' DaemonSets have on every node."""
    for owner in stage.state.objects(_DAEMON_SETS):
        if stage.is_neighbour(owner):
            name = f"{owner['metadata']['name']}-{suffix(owner['metadata']['uid'], node)}"
            with stage.at(created):
                pod = single_pods.of_owner(owner, name=name, labels=pod_labels(owner, name=name), stage=stage)
                single_pods.started(pod, {}, node=node, stage=stage)


def _another(obj: Json, *, stage: Stage) -> Json:
    """Return a node like a healthy worker, and store the lease that its kubelet renews."""
    name = obj["metadata"]["name"]
    like, lease = stage.get("Node", "", _LIKE), stage.get("Lease", _LEASES, _LIKE)
    if like is None or lease is None:
        raise LookupError(_LIKE)
    number = int(obj["metadata"]["uid"].replace("-", "")[:4], 16) % 200 + 20
    head = stage.new("Lease", namespace=_LEASES, name=name, created=stage.now)["metadata"]
    stage.put(lease | {"metadata": lease["metadata"] | head, "spec": lease["spec"] | {"holderIdentity": name}})
    return obj | {
        "metadata": obj["metadata"] | {"labels": like["metadata"]["labels"] | {_HOSTNAME: name}},
        "spec": {"podCIDR": f"10.244.{number}.0/24", "providerID": f"example://{name}"},
        "status": like["status"] | {"addresses": _addresses(name, f"10.0.0.{number}")},
    }


def apply(node: Json, fault: Form, *, stage: Stage) -> None:
    """Store a node with a fault, and its pods as the node controller marks them."""
    since = fault.when("since", "10m")
    at = times.timestamp(since)
    metadata, spec, conditions = node["metadata"], dict(node["spec"]), conditions_of(node)
    taints = [*(spec.get("taints") or ()), *_taints(fault)]
    if fault.get("unreachable"):
        # A kubelet that still answers corrects the status that the node controller writes into its pods.
        _mark_silent(metadata["name"], since=since, stage=stage)
    for marks in _marks(fault):
        if "condition" in marks:
            told = filled(marks["condition"], text=fault.get("not_ready"), at=at) | {"lastTransitionTime": at}
            conditions = [each | (told if told.get("type") in (None, each["type"]) else {}) for each in conditions]
        added = {"key": f"node.kubernetes.io/{marks['taint']}", "timeAdded": at}
        taints += [added | {"effect": effect} for effect in marks["effects"]]
        if "events" not in fault:
            text = f"Node {metadata['name']} status is now: {marks['event']}"
            source = marks.get("source", "kubelet")
            stage.tell(node, first=since, reason=marks["event"], message=text, type="Normal", source=source)
    if cordoned := fault.get("cordoned"):
        spec["unschedulable"] = True
        if cordoned is not True:
            metadata = _written_by(metadata, str(cordoned), at=at)
    if taints:
        spec["taints"] = taints
    stage.put(with_status(node | {"metadata": metadata, "spec": spec}, conditions=conditions))


def _marks(fault: Form) -> Iterable[Json]:
    """Yield what each fault of the node changes. WorldError for an unknown pressure."""
    known = TEXTS["nodes"]
    yield from (known[key] for key in ("not_ready", "unreachable") if fault.get(key))
    if "pressure" in fault:
        pressures = [key for key, marks in known.items() if marks["taint"].endswith("-pressure")]
        if (pressure := fault["pressure"].lower()) not in pressures:
            raise fault.wrong(f"expected one of {', '.join(pressures)}, got {fault['pressure']!r}", "pressure")
        yield known[pressure]
    if fault.get("cordoned"):
        yield known["cordoned"]


def _written_by(metadata: Json, manager: str, *, at: str) -> Json:
    """Return the metadata with what the API server notes of the manager that cordoned the node."""
    fields: Json = {"f:spec": {"f:unschedulable": {}}}
    entry: Json = {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": at}
    entry |= {"fieldsType": "FieldsV1", "fieldsV1": fields}
    return metadata | {"managedFields": [*(metadata.get("managedFields") or ()), entry]}


def _mark_silent(name: str, *, since: datetime, stage: Stage) -> None:
    """Stop the lease of a node, and let its pods not be ready, without a reason; their phase stays."""
    lease = stage.get("Lease", _LEASES, name)
    if lease is not None:
        stage.put(lease | {"spec": lease["spec"] | {"renewTime": times.micro_timestamp(since)}})
    for pod in stage.state.objects(PODS):
        if pod["spec"].get("nodeName") != name or stage.is_neighbour(pod):
            continue
        at = times.timestamp(since)
        stage.put(single_pods.with_condition(pod, "Ready", status="False", lastTransitionTime=at))
        stage.tell(pod, reason="NodeNotReady", message="Node is not ready", first=since, source="node-controller")
