"""Make the running pods of a scene, with the node, address, log and usage that the scene gives.

Pod specs are expanded from the short form of containers, volumes and claims.
"""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import defaults, patches, pods, times
from bot.playground.kubernetes.objects import annotations_of, conditions_of, labels_of, with_status, without
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import messages
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.stage import Stage, address
from bot.playground.kubernetes.world_checks import Path, WorldError

READINESS: Final = ("Ready", "ContainersReady")
_AMOUNTS: Final = ("requests", "limits")


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a pod that no workload of the scene makes. `obj` is its head: kind, apiVersion and metadata."""
    spec = patches.merge(pod_spec(form), form.get("spec") or {})
    pod: Json = obj | {"spec": spec, "status": {}}
    with stage.at(stage.when(obj["metadata"]["creationTimestamp"])):
        defaults.fill(pod, resource=stage.resource("Pod"))
        defaults.mount_token(spec, name=obj["metadata"]["name"])
        started(pod, form, node=form.get("node") or spec.get("nodeName") or stage.node_for(spec), stage=stage)


def of_owner(owner: Json, *, name: str, labels: Json, stage: Stage) -> Json:
    """Return the pod that a controller makes from its template, without a node."""
    pod = pods.make(state=stage.state, owner=owner, name=name, labels=labels)
    head = stage.new("Pod", namespace=owner["metadata"]["namespace"], name=name, created=stage.moment)
    return pod | {"metadata": pod["metadata"] | head["metadata"]}


def started(pod: Json, details: Json, *, node: str, stage: Stage) -> Json:
    """Store a pod as one that started at the stage's moment, with the details that the scene gives."""
    pod = pods.running(pods.bound(pod, node=node, state=stage.state), state=stage.state)
    if "ip" in details:
        pod["status"] |= pods.at_address(details["ip"])
    if "annotations" in details:
        pod["metadata"] = pod["metadata"] | {"annotations": annotations_of(pod) | details["annotations"]}
    if "status" in details:
        pod["status"] = patches.merge(pod["status"], times.resolve(details["status"], now=stage.now))
    pod = stage.put(pod)
    for told in messages.of_start(pod):
        stage.tell(pod, **told)
    note_log(pod, details.get("log"), stage=stage)
    note_usage(pod, details.get("usage"), stage=stage)
    return pod


def running_again(pod: Json, *, stage: Stage) -> Json:
    """Return a pod as it is while it runs well, from its start and at the address that it has."""
    given = pod["status"].get("podIP")
    with stage.at(stage.when(pod["metadata"]["creationTimestamp"])):
        pod = pods.running(pod, state=stage.state)
    if given and not pod["spec"].get("hostNetwork"):
        pod["status"] |= pods.at_address(given)
    return pod


def with_condition(pod: Json, *kinds: str, **changes: str) -> Json:
    """Return the pod with the changes to its conditions of these kinds."""
    conditions = [each | (changes if each["type"] in kinds else {}) for each in conditions_of(pod)]
    return with_status(pod, conditions=conditions)


def note_log(
    pod: Json, written: Any, *, stage: Stage, container: str = "", previous: bool = False, path: Path = ("log",)
) -> None:
    """Note what a container of the pod writes: text, or a mapping with `text`, or several of these."""
    if written is None:
        return
    for each in written if isinstance(written, list | tuple) else [written]:
        entry = {"text": each} if isinstance(each, str) else each
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise WorldError(f"expected text, or a mapping with `text`, got {each!r}", path=path)
        form = Form(entry, path=path, now=stage.now)
        since = {"since": form.stamp("since")} if "since" in form else {}
        names = {"container": container} if container else {}
        place = {"pod": address(pod).removeprefix("Pod/")}
        stage.logs.append(place | names | ({"previous": True} if previous else {}) | entry | since)


def note_usage(pod: Json, usage: Any, *, stage: Stage) -> None:
    """Store what the metrics server reports of the pod's containers."""
    if not usage:
        return
    metadata = pod["metadata"]
    resource = stage.resource("PodMetrics", api_version="metrics.k8s.io/v1beta1")
    head = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels_of(pod)}
    stage.state.put(resource.table, {
        "kind": "PodMetrics",
        "apiVersion": resource.api_version,
        "metadata": head | {"creationTimestamp": times.timestamp(stage.now)},
        "timestamp": stage.stamp("20s"),
        "window": "15s",
        "containers": [{"name": name, "usage": amounts} for name, amounts in usage.items()],
    })  # fmt: skip


def pod_spec(form: Form, *, claims: bool = True) -> Json:
    """Return the spec of a pod or of a pod template. `claims`: its volumes name claims that exist by themselves."""
    spec: Json = {"containers": containers(form, "containers")}
    if "init" in form:
        spec["initContainers"] = containers(form, "init")
    spec = patches.merge(spec, form.get("pod") or {})
    if claims and form.get("claims"):
        volumes = [
            {"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in form["claims"].items()
        ]
        spec["volumes"] = [*(spec.get("volumes") or ()), *volumes]
    return spec


def containers(form: Form, key: str) -> list[Json]:
    """Return the containers under a key as a pod spec lists them. WorldError if there are none."""
    written = form.get(key)
    if not isinstance(written, dict) or not written:
        raise form.wrong(f"expected a mapping of container names to images, got {written!r}", key)
    found = []
    for name, short in written.items():
        if not isinstance(short, str | dict):
            raise form.wrong(f"expected an image or the container's fields, got {short!r}", key, str(name))
        found.append({"name": name} | ({"image": short} if isinstance(short, str) else _container(short)))
    return found


def _container(short: Json) -> Json:
    container = without(short, *_AMOUNTS, "mounts")
    if isinstance(short.get("env"), dict):
        container["env"] = [
            {"name": key} | ({"valueFrom": value} if isinstance(value, dict) else {"value": str(value)})
            for key, value in short["env"].items()
        ]
    if "ports" in short:
        container["ports"] = _ports(short["ports"])
    if amounts := {key: short[key] for key in _AMOUNTS if key in short}:
        container["resources"] = amounts
    if "mounts" in short:
        mounts = [{"name": volume, "mountPath": place} for volume, place in short["mounts"].items()]
        container["volumeMounts"] = mounts
    return container


def _ports(short: Any) -> list[Json]:
    if isinstance(short, dict):
        return [{"name": name, "containerPort": port} for name, port in short.items()]
    listed = short if isinstance(short, list | tuple) else [short]
    return [each if isinstance(each, dict) else {"containerPort": each} for each in listed]
