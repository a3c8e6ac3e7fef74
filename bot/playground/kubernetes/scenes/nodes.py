"""Change the neighbours' nodes for a scene, or make further nodes like a healthy worker."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, single_pods
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.workload_controllers import labels_of
from bot.playground.kubernetes.world_checks import WorldError

_LIKE: Final = "worker-a"
_HOSTNAME: Final = "kubernetes.io/hostname"
_ZONE: Final = "topology.kubernetes.io/zone"
_DAEMON_SETS: Final = ("apps", "daemonsets")
LEASES: Final = "kube-node-lease"


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a node with the details that the scene gives. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.NODE, path=path)
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
        spec["taints"] = [taint(each, path=(*path, "taints")) for each in form["taints"]]
    if "ip" in form:
        status["addresses"] = [{"type": "InternalIP", "address": form["ip"]}, {"type": "Hostname", "address": name}]
    amounts = {key: str(form[key]) for key in ("cpu", "memory") if key in form}
    status["allocatable"] = {**status["allocatable"], **amounts}
    status["capacity"] = {**status["capacity"], **amounts}
    made = node | {"metadata": metadata, "spec": spec, "status": status}
    # Times in manifest fields are relative to now.
    given = times.resolve({key: form[key] for key in keys.MANIFEST if key in form}, now=stage.now)
    stage.put(patches.merge(made, given))
    if known is None:
        _start_agents(name, created=stage.when(metadata["creationTimestamp"]), stage=stage)


def taint(written: Any, *, path: tuple[str, ...]) -> Json:
    """Return the taint that `key=value:Effect` means. WorldError for anything else."""
    key, colon, effect = str(written).rpartition(":")
    if isinstance(written, dict):
        return written
    if not colon or effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise WorldError(f"{'.'.join(path)}: expected key=value:Effect, got {written!r}", path=path)
    key, _, value = key.partition("=")
    return {"key": key} | ({"value": value} if value else {}) | {"effect": effect}


def _start_agents(node: str, *, created: datetime, stage: Stage) -> None:
    """Start the pods that the neighbours' DaemonSets have on every node."""
    for owner in stage.state.store.objects(table=_DAEMON_SETS):
        if stage.is_neighbour(owner):
            name = f"{owner['metadata']['name']}-{suffix(owner['metadata']['uid'], node)}"
            with stage.at(created):
                pod = single_pods.of_owner(owner, name=name, labels=labels_of(owner, name=name), stage=stage)
                single_pods.started(pod, {}, node=node, stage=stage)


def _another(obj: Json, *, stage: Stage) -> Json:
    """Return a node like a healthy worker, and store the lease that its kubelet renews."""
    name = obj["metadata"]["name"]
    like = stage.get("Node", "", _LIKE)
    if like is None:
        raise LookupError(_LIKE)
    number = int(obj["metadata"]["uid"].replace("-", "")[:4], 16) % 200 + 20
    addresses = [{"type": "InternalIP", "address": f"10.0.0.{number}"}, {"type": "Hostname", "address": name}]
    lease = stage.get("Lease", LEASES, _LIKE)
    if lease is not None:
        head = stage.head(stage.resource("Lease"), namespace=LEASES, name=name, created=stage.now)
        stage.put(lease | {"metadata": lease["metadata"] | head, "spec": lease["spec"] | {"holderIdentity": name}})
    return obj | {
        "metadata": obj["metadata"] | {"labels": like["metadata"]["labels"] | {_HOSTNAME: name}},
        "spec": {"podCIDR": f"10.244.{number}.0/24", "providerID": f"example://{name}"},
        "status": like["status"] | {"addresses": addresses},
    }
