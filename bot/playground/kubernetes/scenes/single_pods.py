"""Make the running pods of a scene, with the node, address, log and usage that the scene gives."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import defaults, patches, pods, scheduling, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, messages
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.pod_specs import pod_spec
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.world_checks import WorldError

reference = pods.owner_reference
READINESS: Final = ("Ready", "ContainersReady")


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a pod that no workload of the scene makes. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.POD, keys.ONE_POD, path=path)
    spec = patches.merge(pod_spec(form, path=path), form.get("spec") or {})
    pod: Json = obj | {"spec": spec, "status": {}}
    with stage.at(stage.when(obj["metadata"]["creationTimestamp"])):
        defaults.fill(pod, resource=stage.resource("Pod"))
        defaults.mount_token(spec, name=obj["metadata"]["name"])
        usable = stage.nodes_for(spec)
        node = form.get("node") or spec.get("nodeName") or (usable[0] if usable else "")
        started(pod, form, node=node, stage=stage)


def of_owner(owner: Json, *, name: str, labels: Json, stage: Stage) -> Json:
    """Return the pod that a controller makes from its template, without a node."""
    pod = pods.make(state=stage.state, owner=owner, name=name, labels=labels)
    return pod | {"metadata": pod["metadata"] | stage.head(
        stage.resource("Pod"), namespace=owner["metadata"]["namespace"], name=name, created=stage.moment
    )}  # fmt: skip


def started(pod: Json, details: Json, *, node: str, stage: Stage) -> Json:
    """Store a pod as one that started at the stage's moment, with the details that the scene gives."""
    pod = pods.running(scheduling.bound(pod, node=node, state=stage.state), state=stage.state)
    if "ip" in details:
        pod["status"] |= {"podIP": details["ip"], "podIPs": [{"ip": details["ip"]}]}
    if "annotations" in details:
        metadata = pod["metadata"]
        pod["metadata"] = metadata | {"annotations": (metadata.get("annotations") or {}) | details["annotations"]}
    if "status" in details:
        pod["status"] = patches.merge(pod["status"], times.resolve(details["status"], now=stage.now))
    pod = stage.put(pod)
    owners = pod["metadata"].get("ownerReferences") or ()
    for told in messages.of_start(pod, owner=owners[0] if owners else {}):
        stage.tell(pod, first=stage.moment, **told)
    note_log(pod, details.get("log"), stage=stage)
    note_usage(pod, details.get("usage"), stage=stage)
    return pod


def conditions_with(pod: Json, *kinds: str, **changes: str) -> list[Json]:
    """Return the pod's conditions with the changes to those of these kinds."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return [each | (changes if each["type"] in kinds else {}) for each in conditions]


def note_log(
    pod: Json, written: Any, *, stage: Stage, container: str = "", previous: bool = False, path: tuple[str, ...] = ()
) -> None:
    """Note what a container of the pod writes: text, or a mapping with `text`, or several of these."""
    if written is None:
        return
    for each in written if isinstance(written, list | tuple) else [written]:
        entry = {"text": each} if isinstance(each, str) else dict(each) if isinstance(each, dict) else {}
        if not isinstance(entry.get("text"), str):
            raise WorldError(
                f"{'.'.join(path) or 'log'}: expected text, or a mapping with `text`, got {each!r}", path=path
            )
        if "since" in entry:
            entry["since"] = stage.stamp(entry["since"], path=path)
        metadata = pod["metadata"]
        names = {"container": container} if container else {}
        place = f"{metadata['namespace']}/{metadata['name']}"
        stage.logs.append({"pod": place} | names | ({"previous": True} if previous else {}) | entry)


def note_usage(pod: Json, usage: Any, *, stage: Stage) -> None:
    """Store what the metrics server reports of the pod's containers."""
    if not usage:
        return
    metadata = pod["metadata"]
    resource = stage.resource("PodMetrics", api_version="metrics.k8s.io/v1beta1")
    head = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata.get("labels") or {}}
    stage.state.put(resource=resource, obj={
        "kind": "PodMetrics",
        "apiVersion": resource.api_version,
        "metadata": head | {"creationTimestamp": times.timestamp(stage.now)},
        "timestamp": stage.stamp("20s"),
        "window": "15s",
        "containers": [{"name": name, "usage": amounts} for name, amounts in usage.items()],
    })  # fmt: skip
